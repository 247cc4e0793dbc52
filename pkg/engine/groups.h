/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_GROUPS_H
#define PKG_ENGINE_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pkg/util/json.h"
#include "pkg/util/tri.h"

/*
 * Groups of the options of run and create, each by the file that checks and applies it. All strings are as
 * typed, NULL when the option was not given. pkg/engine/config.h puts them together.
 */
struct env_group {		/* env.c; only what comes of it is saved: config.env */
	char **env, **env_file, **merge, **unset;
	bool host, unset_all;
	enum tri http_proxy;
};

struct device_group {		/* device.c */
	char **device, **gpus;
};

/* Saved as HostConfig.Devices has it. */
struct config_device {
	char *host, *ctr, *perms;
};

struct kernel_group {		/* kernel.c; saved */
	char **sysctl;		/* KEY=VALUE, checked */
	char *oom_score_adj;	/* a number, checked; NULL: the caller's own */
};

struct place_group {		/* place.c; saved */
	char *timezone;		/* "local" or "Area/City", checked */
	char *systemd;		/* typed: true, false, always; saved: "true" when in systemd mode, else NULL */
	char *init_path;	/* --init-path: instead of catatonit */
	char *domainname;
	bool no_hostname;	/* /etc/hostname is the image's */
};

struct ns_group {		/* nsopt.c: nothing to save while only the default is there */
	char *ipc, *pid, *uts, *cgroupns, *userns;
	char **uidmap, **gidmap;
	char *subuidname, *subgidname;
};

/* One --secret; secretopt.c. */
struct config_secret {
	char *name, *id, *target;
	bool env;
	uint32_t uid, gid, mode;
};

struct notify_group {		/* notify.c; saved */
	char *sdnotify;
};

struct users_group {		/* users.c; saved */
	char **host;		/* --hostuser: names or uids */
	enum tri passwd;	/* TRI_FALSE: nothing is added to /etc/passwd and /etc/group */
	char *entry, *group_entry;
};

/* What docker has and we don't, or what comes later: compat.c says so, nothing is saved. */
struct compat_group {
	char *volume_driver, *isolation, *kernel_memory, *cpu_count, *cpu_percent, *io_maxbandwidth, *io_maxiops;
	char *health_start_interval, *ip, *ip6, *mac_address;
	char *runtime, *rdt_class, *personality, *seccomp_policy, *image_volume, *shm_size_systemd, *pod, *pod_id_file;
	char **network_alias;
	char **link, **storage_opt, **chrootdirs, **decryption_key, **link_local_ip;
	bool use_api_socket;
	enum tri content_trust;
};

extern const struct field device_fields[], kernel_fields[], place_fields[], secret_fields[], notify_fields[],
	users_fields[];

#endif
