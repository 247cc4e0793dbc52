/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_CONFIG_H
#define PKG_ENGINE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "pkg/engine/groups.h"
#include "pkg/engine/resource.h"
#include "pkg/util/json.h"
#include "pkg/util/tri.h"

/*
 * What a container is: groups of options, each owned by the module that applies them and
 * used by value both in what was typed (struct run_opts) and in what is saved
 * (struct container_config), so that no field stands in two structs.
 */
struct process_group {		/* spec.c: process */
	bool tty, interactive;
	char *user, *workdir, *umask;
	char **group_add, **ulimits;
	bool init;
	bool workdir_typed;	/* --workdir, not the image's: it has to be there */
};

/* Ports of the host that lead to as many of the container (pkg/engine/ports.h). */
struct port_map {
	char *host_ip;		/* NULL: every address */
	int host_port, container_port, count;
	char *protocol;		/* tcp, udp */
};

struct net_group {		/* net.c: files and mode; ports.c: ports */
	char *mode;		/* "slirp4netns", "none", "host" */
	char **publish;		/* -p as typed */
	bool publish_all;
	struct port_map *ports;	/* what became of both */
	size_t n_ports;
	char *hostname;
	char **dns, **dns_search, **dns_option, **add_host;
	bool no_hosts;
	char *hosts_file;	/* as typed: a file, or "none"; NULL: the host's */
};

struct security_group {		/* spec.c: privileges */
	char **cap_add, **cap_drop;
	char **security_opt;	/* as typed; checked by security_opt_parse */
	bool privileged, read_only;
	enum tri read_only_tmpfs;
};

struct life_group {
	bool rm;
	char *stop_signal;
	int stop_timeout;	/* seconds; LIFE_TIMEOUT_UNSET until resolved */
	char *log_driver;
	char **log_opt;
	char *pidfile, *conmon_pidfile;
	char *restart;		/* as typed; checked by restart_parse (runtime/monitor/restart.h) */
	int timeout;		/* seconds that a run may take; 0: as long as it likes */
	char *bind_to;		/* "parent" or "pid:N": with whom it ends (bind.h) */
};

struct health_group {		/* health.c: as typed */
	char *cmd, *interval, *timeout, *start_period, *on_failure, *log_destination;
	char *startup_cmd, *startup_interval, *startup_timeout;
	int retries, startup_retries, startup_success, max_log_count, max_log_size; /* HEALTH_UNSET */
	bool off;
};

/* A check as it is in an image's config: {"CMD", WORD ...}, {"CMD-SHELL", TEXT} or {"NONE"}. */
struct health_test {
	char **test;
	int64_t interval, timeout, start_period;	/* ns; interval 0: only when asked for */
	int retries, successes;
};

struct health_config {
	struct health_test check, startup;
	int action;		/* enum health_action */
	int log_count, log_size;	/* 0: no limit of its own */
};

/* What was typed: types checked, nothing looked up. */
struct run_opts {
	struct process_group process;
	struct net_group net;
	struct security_group security;
	struct life_group life;
	struct env_group env;
	struct device_group devices;
	struct kernel_group kernel;
	struct place_group place;
	struct ns_group ns;
	struct resource_group resources;
	struct compat_group compat;
	struct users_group users;
	struct notify_group notify;
	struct health_group health;
	char *name, *entrypoint, *cidfile, *rootfs_dir, *shm_size, *pull, *detach_keys;
	char **label, **label_file;
	char **volume, **mount, **tmpfs, **volumes_from;
	char **expose, **annotation, **secret, **requires;
	unsigned preserve_fds;
	char **preserve_fd;
	bool rootfs, replace, detach, quiet, rmi;
	enum tri sig_proxy, rm;
	bool starts;		/* run: what stands in the start's way is said before anything is made */
	char **attach;
	struct pull_group {	/* how a missing image is fetched */
		char *platform, *arch, *os, *variant, *authfile, *creds, *cert_dir;
		enum tri tls_verify;
		int retry;
		char *retry_delay;
	} fetch;
	char *image;		/* first operand */
	char **command;		/* the rest */
	char **create_command;	/* argv whole, for inspect */
};

struct config_mount {
	char *type;		/* bind, tmpfs, volume */
	char *source, *destination;
	char *name;		/* of a volume */
	bool anonymous;		/* a volume made for this container alone */
	char **options;
};

/* Complete: no default is left open. Saved once as config.json. */
struct container_config {
	int version;
	char *id, *name;
	int64_t created;
	char *image_id, *image_name, *image_digest;
	char **layers;		/* keys, lowest first: what gc must keep */
	char *root_layer;	/* the one of LAYERS that says what "/" is like; may be absent */
	char *rootfs_dir;	/* --rootfs, instead of layers */
	char *cid_file;		/* --cidfile, as typed */
	char **args;		/* what runs: entrypoint and command together */
	char **entrypoint, **cmd;
	char **env, **labels, **annotations;
	struct process_group process;
	struct net_group net;
	struct security_group security;
	struct life_group life;
	struct kernel_group kernel;
	struct place_group place;
	struct notify_group notify;
	struct users_group users;
	struct resource_group resources;
	struct config_device *devices;
	size_t n_devices;
	struct config_secret *secrets;
	size_t n_secrets;
	struct health_config health;
	struct config_mount *mounts;
	size_t n_mounts;
	int64_t shm_size;
	int stop_signal;
	char **create_command, **exposed_ports, **volumes;
	char **requires;	/* ids */
	char **volumes_from;	/* as typed, for inspect: what it meant is among the mounts */
};

enum { CONFIG_VERSION = 1, LIFE_TIMEOUT_UNSET = -2, LIFE_TIMEOUT_DEFAULT = 10, HEALTH_UNSET = -1 };

extern const struct field config_fields[];

/* config.json, and over it what was changed since (pkg/engine/override.h). */
int config_load(int dir_fd, struct container_config *ret, struct fail *f) MUST_USE;
/* Into a folder in the making (storage/ctr.h). */
int config_save(int dir_fd, const struct container_config *c, struct fail *f) MUST_USE;
void config_done(struct container_config *c);
#define auto_config __attribute__((cleanup(config_done)))

/* What --security-opt asks for, checked. Unknown ones are refused. */
struct security_opt {
	bool no_new_privileges;
	const char *seccomp;	/* NULL: the default filter; "unconfined"; or a file */
	bool unmask_all;	/* systempaths=unconfined */
	char **mask, **unmask;	/* owned */
};
int security_opt_parse(char *const *typed, struct security_opt *ret, struct fail *f) MUST_USE;
void security_opt_done(struct security_opt *o);

/* --ulimit host: what isn't given stays the caller's own, instead of the defaults. */
#define ULIMIT_HOST "host"

/* "nofile=1024:2048" -> "RLIMIT_NOFILE", soft, hard (-1: unlimited). */
int ulimit_parse(const char *text, char ret_type[24], int64_t *ret_soft, int64_t *ret_hard,
		 struct fail *f) MUST_USE;

/* The same, and that our own hard limit allows it: one that was asked for is never clamped silently. */
int ulimit_check(const char *text, struct fail *f) MUST_USE;

#endif
