// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#include "pkg/engine/override.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "runtime/monitor/health.h"

static const char *const tri_names[] = { "unset", "true", "false", NULL };

static const struct field process_fields[] = {
	FIELD_BOOL("Tty", struct process_group, tty),
	FIELD_BOOL("Interactive", struct process_group, interactive),
	FIELD_STR("User", struct process_group, user),
	FIELD_STR("WorkingDir", struct process_group, workdir),
	FIELD_BOOL("WorkingDirTyped", struct process_group, workdir_typed),
	FIELD_STR("Umask", struct process_group, umask),
	FIELD_STRV("GroupAdd", struct process_group, group_add),
	FIELD_STRV("Ulimits", struct process_group, ulimits),
	FIELD_BOOL("Init", struct process_group, init),
	FIELD_END
};

static const struct field port_fields[] = {
	FIELD_STR("HostIp", struct port_map, host_ip),
	FIELD_INT("HostPort", struct port_map, host_port),
	FIELD_INT("ContainerPort", struct port_map, container_port),
	FIELD_INT("Count", struct port_map, count),
	FIELD_STR("Protocol", struct port_map, protocol),
	FIELD_END
};

static const struct field net_fields[] = {
	FIELD_STR("Mode", struct net_group, mode),
	FIELD_STR("Hostname", struct net_group, hostname),
	FIELD_STRV("Dns", struct net_group, dns),
	FIELD_STRV("DnsSearch", struct net_group, dns_search),
	FIELD_STRV("DnsOption", struct net_group, dns_option),
	FIELD_STRV("AddHost", struct net_group, add_host),
	FIELD_BOOL("NoHosts", struct net_group, no_hosts),
	FIELD_STR("HostsFile", struct net_group, hosts_file),
	FIELD_STRV("Publish", struct net_group, publish),
	FIELD_BOOL("PublishAll", struct net_group, publish_all),
	FIELD_ARRAY("Ports", struct net_group, ports, n_ports, port_fields),
	FIELD_END
};

static const struct field security_fields[] = {
	FIELD_STRV("CapAdd", struct security_group, cap_add),
	FIELD_STRV("CapDrop", struct security_group, cap_drop),
	FIELD_STRV("SecurityOpt", struct security_group, security_opt),
	FIELD_BOOL("Privileged", struct security_group, privileged),
	FIELD_BOOL("ReadOnly", struct security_group, read_only),
	FIELD_ENUM("ReadOnlyTmpfs", struct security_group, read_only_tmpfs, tri_names),
	FIELD_END
};

static const struct field life_fields[] = {
	FIELD_BOOL("AutoRemove", struct life_group, rm),
	FIELD_STR("StopSignal", struct life_group, stop_signal),
	FIELD_INT("StopTimeout", struct life_group, stop_timeout),
	FIELD_STR("LogDriver", struct life_group, log_driver),
	FIELD_STRV("LogOpt", struct life_group, log_opt),
	FIELD_STR("PidFile", struct life_group, pidfile),
	FIELD_STR("ConmonPidFile", struct life_group, conmon_pidfile),
	FIELD_STR("RestartPolicy", struct life_group, restart),
	FIELD_INT("Timeout", struct life_group, timeout),
	FIELD_STR("BindTo", struct life_group, bind_to),
	FIELD_END
};

static const struct field health_test_fields[] = {
	FIELD_STRV("Test", struct health_test, test),
	FIELD_I64("Interval", struct health_test, interval),
	FIELD_I64("Timeout", struct health_test, timeout),
	FIELD_I64("StartPeriod", struct health_test, start_period),
	FIELD_INT("Retries", struct health_test, retries),
	FIELD_INT("Successes", struct health_test, successes),
	FIELD_END
};

static const struct field health_fields[] = {
	FIELD_OBJ("Check", struct health_config, check, health_test_fields),
	FIELD_OBJ("Startup", struct health_config, startup, health_test_fields),
	FIELD_ENUM("OnFailure", struct health_config, action, health_action_names),
	FIELD_INT("LogCount", struct health_config, log_count),
	FIELD_INT("LogSize", struct health_config, log_size),
	FIELD_END
};

static const struct field mount_fields[] = {
	FIELD_STR("Type", struct config_mount, type),
	FIELD_STR("Source", struct config_mount, source),
	FIELD_STR("Destination", struct config_mount, destination),
	FIELD_STR("Name", struct config_mount, name),
	FIELD_BOOL("Anonymous", struct config_mount, anonymous),
	FIELD_STRV("Options", struct config_mount, options),
	FIELD_END
};

const struct field config_fields[] = {
	FIELD_MUST(FK_INT, "Version", struct container_config, version, int),
	FIELD_MUST(FK_STR, "Id", struct container_config, id, char *),
	FIELD_MUST(FK_STR, "Name", struct container_config, name, char *),
	FIELD_I64("Created", struct container_config, created),
	FIELD_STR("ImageID", struct container_config, image_id),
	FIELD_STR("ImageName", struct container_config, image_name),
	FIELD_STR("ImageDigest", struct container_config, image_digest),
	FIELD_STRV("Layers", struct container_config, layers),
	FIELD_STR("RootLayer", struct container_config, root_layer),
	FIELD_STR("Rootfs", struct container_config, rootfs_dir),
	FIELD_STR("CIDFile", struct container_config, cid_file),
	FIELD_STRV("Args", struct container_config, args),
	FIELD_STRV("Entrypoint", struct container_config, entrypoint),
	FIELD_STRV("Cmd", struct container_config, cmd),
	FIELD_STRV("Env", struct container_config, env),
	FIELD_MAP("Labels", struct container_config, labels),
	FIELD_MAP("Annotations", struct container_config, annotations),
	FIELD_OBJ("Process", struct container_config, process, process_fields),
	FIELD_OBJ("Net", struct container_config, net, net_fields),
	FIELD_OBJ("Security", struct container_config, security, security_fields),
	FIELD_OBJ("Life", struct container_config, life, life_fields),
	FIELD_OBJ("Kernel", struct container_config, kernel, kernel_fields),
	FIELD_OBJ("Notify", struct container_config, notify, notify_fields),
	FIELD_OBJ("Users", struct container_config, users, users_fields),
	FIELD_OBJ("Resources", struct container_config, resources, resource_fields),
	FIELD_OBJ("Place", struct container_config, place, place_fields),
	FIELD_ARRAY("Secrets", struct container_config, secrets, n_secrets, secret_fields),
	FIELD_ARRAY("Devices", struct container_config, devices, n_devices, device_fields),
	FIELD_OBJ("Health", struct container_config, health, health_fields),
	FIELD_ARRAY("Mounts", struct container_config, mounts, n_mounts, mount_fields),
	FIELD_I64("ShmSize", struct container_config, shm_size),
	FIELD_INT("StopSignal", struct container_config, stop_signal),
	FIELD_STRV("CreateCommand", struct container_config, create_command),
	FIELD_STRV("ExposedPorts", struct container_config, exposed_ports),
	FIELD_STRV("Volumes", struct container_config, volumes),
	FIELD_STRV("Requires", struct container_config, requires),
	FIELD_STRV("VolumesFrom", struct container_config, volumes_from),
	FIELD_END
};

int config_load(int dir_fd, struct container_config *ret, struct fail *f)
{
	auto_json json_t *j = jsonf_load(dir_fd, "config.json", 0, f);
	int r;

	memset(ret, 0, sizeof(*ret));
	if (!j)
		return -f->code;
	r = jsonf_read(config_fields, ret, j, f);
	if (r == 0 && ret->version > CONFIG_VERSION)
		r = refuse(f, ENOTSUP, "written by a newer rbox (format %d)", ret->version);
	if (r == 0)
		r = override_apply(dir_fd, ret, f);
	if (r < 0) {
		config_done(ret);
		return fail_in(f, r, "read config.json");
	}
	return 0;
}

int config_save(int dir_fd, const struct container_config *c, struct fail *f)
{
	auto_json json_t *j = jsonf_write(config_fields, c);
	auto_free char *text = jsonf_text(j, 0);
	int r = file_replace(dir_fd, "config.json", text, strlen(text), 0600, FILE_UNSEEN);

	return r < 0 ? fail(f, -r, "write config.json") : 0;
}

void config_done(struct container_config *c)
{
	jsonf_done(config_fields, c);
	memset(c, 0, sizeof(*c));
}

static int one_security_opt(const char *s, struct security_opt *o, struct fail *f)
{
	const char *value = strpbrk(s, "=:");
	size_t len = strcspn(s, "=:");
	bool on = true;

	if (len == 17 && !strncmp(s, "no-new-privileges", 17)) {
		if (value && str_to_bool(value + 1, &on) < 0)
			return refuse(f, EINVAL, "--security-opt %.100s: true or false is wanted", s);
		o->no_new_privileges = on;
		return 0;
	}
	if (value && value[1] && len == 7 && !strncmp(s, "seccomp", 7)) {
		o->seccomp = strcmp(value + 1, "default") ? value + 1 : NULL;
		return 0;
	}
	if (value && len == 4 && !strncmp(s, "mask", 4)) {
		auto_strv char **parts = strv_split(value + 1, ":", true);

		strv_add_all(&o->mask, parts);
		return 0;
	}
	if (value && len == 6 && !strncmp(s, "unmask", 6)) {
		auto_strv char **parts = strv_split(value + 1, ":", true);

		strv_add_all(&o->unmask, parts);
		return 0;
	}
	if (!strcmp(s, "systempaths=unconfined") || !strcmp(s, "systempaths:unconfined")) {
		o->unmask_all = true;
		return 0;
	}
	/* Labels and AppArmor switched off is what there is while neither is applied. */
	if (!strcmp(s, "label=disable") || !strcmp(s, "label:disable") ||
	    !strcmp(s, "apparmor=unconfined") || !strcmp(s, "apparmor:unconfined"))
		return 0;
	return refuse(f, EINVAL, "--security-opt %.100s is not supported: no-new-privileges, seccomp=FILE, "
		      "seccomp=unconfined, mask=, unmask=, systempaths=unconfined, label=disable and "
		      "apparmor=unconfined are", s);
}

int security_opt_parse(char *const *typed, struct security_opt *ret, struct fail *f)
{
	memset(ret, 0, sizeof(*ret));
	strv_each(it, typed) {
		int r = one_security_opt(*it, ret, f);

		if (r < 0) {
			security_opt_done(ret);
			return r;
		}
	}
	return 0;
}

void security_opt_done(struct security_opt *o)
{
	strv_free_ptr(&o->mask);
	strv_free_ptr(&o->unmask);
}

static const char *const ulimit_names[] = { "as", "core", "cpu", "data", "fsize", "locks", "memlock",
					    "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
					    "rttime", "sigpending", "stack" };
static const int ulimit_numbers[] = { RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE,
				      RLIMIT_LOCKS, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_NICE,
				      RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_RSS, RLIMIT_RTPRIO,
				      RLIMIT_RTTIME, RLIMIT_SIGPENDING, RLIMIT_STACK };

static int parse_limit(const char *s, int64_t *ret)
{
	if (!strcmp(s, "-1") || !strcmp(s, "unlimited")) {
		*ret = -1;
		return 0;
	}
	return str_to_i64(s, ret);
}

int ulimit_parse(const char *text, char ret_type[24], int64_t *ret_soft, int64_t *ret_hard,
		 struct fail *f)
{
	const char *eq = strchr(text, '=');
	auto_strv char **values = eq ? strv_split(eq + 1, ":", false) : NULL;
	size_t n = strv_len(values);

	if (!eq || n < 1 || n > 2 || parse_limit(values[0], ret_soft) < 0 ||
	    parse_limit(values[n - 1], ret_hard) < 0)
		return refuse(f, EINVAL, "invalid ulimit '%.60s': NAME=SOFT[:HARD] is wanted", text);
	if (*ret_hard != -1 && (*ret_soft == -1 || *ret_soft > *ret_hard))
		return refuse(f, EINVAL, "invalid ulimit '%.60s': the soft limit is above the hard one", text);
	for (size_t i = 0; i < ARRAY_LEN(ulimit_names); i++) {
		const char *name = ulimit_names[i];

		if (strlen(name) != (size_t)(eq - text) || strncmp(name, text, strlen(name)))
			continue;
		snprintf(ret_type, 24, "RLIMIT_%s", name);
		for (char *p = ret_type; *p; p++)
			if (*p >= 'a' && *p <= 'z')
				*p = (char)(*p - 32);
		return 0;
	}
	return refuse(f, EINVAL, "invalid ulimit type in '%.60s'", text);
}

int ulimit_check(const char *text, struct fail *f)
{
	int64_t soft, hard;
	char type[24];
	int r = ulimit_parse(text, type, &soft, &hard, f);

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(ulimit_names); i++) {
		struct rlimit own;

		if (strcasecmp(type + strlen("RLIMIT_"), ulimit_names[i]) ||
		    getrlimit((unsigned)ulimit_numbers[i], &own) < 0 || own.rlim_max == RLIM_INFINITY ||
		    (hard >= 0 && (uint64_t)hard <= own.rlim_max))
			continue;
		r = refuse(f, EPERM, "ulimit '%.60s': the hard limit is above your own, %llu", text,
			   (unsigned long long)own.rlim_max);
		fail_hint(f, "ask for at most that, or raise yours in /etc/security/limits.conf");
	}
	return r;
}
