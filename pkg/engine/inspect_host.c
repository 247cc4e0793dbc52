// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "pkg/engine/inspect_part.h"
#include "pkg/engine/logopt.h"
#include "pkg/engine/ports.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "runtime/privs.h"
#include "runtime/monitor/restart.h"

static const struct inspect_zero zeros[] = {
	{ "Binds", INSPECT_LIST }, { "CgroupManager", INSPECT_TEXT }, { "CgroupMode", INSPECT_TEXT },
	{ "ContainerIDFile", INSPECT_TEXT }, { "LogConfig", INSPECT_NULL }, { "NetworkMode", INSPECT_TEXT },
	{ "PortBindings", INSPECT_MAP }, { "RestartPolicy", INSPECT_NULL }, { "AutoRemove", INSPECT_FALSE },
	{ "AutoRemoveImage", INSPECT_FALSE }, { "Annotations", INSPECT_MAP }, { "VolumeDriver", INSPECT_TEXT },
	{ "VolumesFrom", INSPECT_NULL }, { "CapAdd", INSPECT_LIST }, { "CapDrop", INSPECT_LIST },
	{ "Dns", INSPECT_LIST }, { "DnsOptions", INSPECT_LIST }, { "DnsSearch", INSPECT_LIST },
	{ "ExtraHosts", INSPECT_LIST }, { "HostsFile", INSPECT_TEXT }, { "GroupAdd", INSPECT_LIST },
	{ "IpcMode", INSPECT_TEXT }, { "Cgroup", INSPECT_TEXT }, { "Cgroups", INSPECT_TEXT },
	{ "Links", INSPECT_NULL }, { "OomScoreAdj", INSPECT_NUMBER }, { "PidMode", INSPECT_TEXT },
	{ "Privileged", INSPECT_FALSE }, { "PublishAllPorts", INSPECT_FALSE }, { "ReadonlyRootfs", INSPECT_FALSE },
	{ "SecurityOpt", INSPECT_LIST }, { "Tmpfs", INSPECT_MAP }, { "UTSMode", INSPECT_TEXT },
	{ "UsernsMode", INSPECT_TEXT }, { "IDMappings", INSPECT_NULL }, { "ShmSize", INSPECT_NUMBER },
	{ "Runtime", INSPECT_TEXT }, { "ConsoleSize", INSPECT_LIST }, { "Isolation", INSPECT_TEXT },
	{ "CpuShares", INSPECT_NUMBER }, { "Memory", INSPECT_NUMBER }, { "NanoCpus", INSPECT_NUMBER },
	{ "CgroupParent", INSPECT_TEXT }, { "BlkioWeight", INSPECT_NUMBER }, { "BlkioWeightDevice", INSPECT_NULL },
	{ "BlkioDeviceReadBps", INSPECT_NULL }, { "BlkioDeviceWriteBps", INSPECT_NULL },
	{ "BlkioDeviceReadIOps", INSPECT_NULL }, { "BlkioDeviceWriteIOps", INSPECT_NULL },
	{ "CpuPeriod", INSPECT_NUMBER }, { "CpuQuota", INSPECT_NUMBER }, { "CpuRealtimePeriod", INSPECT_NUMBER },
	{ "CpuRealtimeRuntime", INSPECT_NUMBER }, { "CpusetCpus", INSPECT_TEXT }, { "CpusetMems", INSPECT_TEXT },
	{ "Devices", INSPECT_LIST }, { "DiskQuota", INSPECT_NUMBER }, { "KernelMemory", INSPECT_NUMBER },
	{ "MemoryReservation", INSPECT_NUMBER }, { "MemorySwap", INSPECT_NUMBER },
	{ "MemorySwappiness", INSPECT_NUMBER }, { "OomKillDisable", INSPECT_FALSE }, { "Init", INSPECT_FALSE },
	{ "PidsLimit", INSPECT_NUMBER }, { "Ulimits", INSPECT_LIST }, { "CpuCount", INSPECT_NUMBER },
	{ "CpuPercent", INSPECT_NUMBER }, { "IOMaximumIOps", INSPECT_NUMBER },
	{ "IOMaximumBandwidth", INSPECT_NUMBER }, { "CgroupConf", INSPECT_NULL }, { "IntelRdtClosID", INSPECT_TEXT },
	{ NULL, INSPECT_NULL },
};

static void add_ulimit(json_t *a, const char *type, int64_t soft, int64_t hard)
{
	json_array_append_new(a, json_pack("{s:s, s:I, s:I}", "Name", type, "Soft", (json_int_t)soft, "Hard",
					   (json_int_t)hard));
}

/* What isn't given is 1048576, clamped to the caller's own. */
static void add_default_ulimit(json_t *a, const char *type, int resource)
{
	int64_t want = 1048576;
	struct rlimit own;

	if (getrlimit((unsigned)resource, &own) == 0 && own.rlim_max != RLIM_INFINITY && (int64_t)own.rlim_max < want)
		want = (int64_t)own.rlim_max;
	add_ulimit(a, type, want, want);
}

static json_t *ulimits_json(char *const *ulimits)
{
	bool host = strv_has(ulimits, ULIMIT_HOST), nofile = host, nproc = host;
	json_t *a = json_array();

	strv_each(it, ulimits) {
		struct fail ignored = { 0 };
		int64_t soft, hard;
		char type[24];

		if (ulimit_parse(*it, type, &soft, &hard, &ignored) < 0)
			continue;
		add_ulimit(a, type, soft, hard);
		nofile |= !strcmp(type, "RLIMIT_NOFILE");
		nproc |= !strcmp(type, "RLIMIT_NPROC");
	}
	if (!nofile)
		add_default_ulimit(a, "RLIMIT_NOFILE", RLIMIT_NOFILE);
	if (!nproc)
		add_default_ulimit(a, "RLIMIT_NPROC", RLIMIT_NPROC);
	return a;
}

static json_t *without(char *const *caps, char *const *others)
{
	json_t *a = json_array();

	strv_each(it, caps)
		if (!strv_has(others, *it))
			json_array_append_new(a, json_string(*it));
	return a;
}

/* By their full names, and as podman has it only what differs from the default. */
static void put_caps(json_t *o, const struct security_group *s)
{
	auto_strv char **usual = NULL, **has = NULL;
	struct fail ignored = { 0 };

	if (s->privileged || privs_caps_build(NULL, NULL, false, &usual, &ignored) < 0 ||
	    privs_caps_build(s->cap_add, s->cap_drop, false, &has, &ignored) < 0)
		return;
	inspect_put(o, "CapAdd", without(has, usual));
	inspect_put(o, "CapDrop", without(usual, has));
}

/* "3.011MB", as podman shows what was typed; "0B" when nothing was, or no limit. */
static char *log_size(const char *driver, char *const *opts)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	struct log_plan p;
	struct fail ignored = { 0 };
	double v = 0;
	size_t i = 0;

	if (strv_env_get(opts, "max-size") && logopt_parse(driver, opts, &p, &ignored) == 0 && p.max_size > 0)
		v = (double)p.max_size;
	for (; v >= 1000 && i + 1 < ARRAY_LEN(units); i++)
		v /= 1000;
	return mem_printf("%.4g%s", v, units[i]);
}

static json_t *log_json(struct engine *e, const struct container *c)
{
	auto_free char *size = log_size(c->config.life.log_driver, c->config.life.log_opt);
	const char *tag = strv_env_get(c->config.life.log_opt, "tag");
	const char *own = strv_env_get(c->config.life.log_opt, "path");
	auto_free char *path = own ? mem_strdup(own) : mem_printf("%s/containers/%s/log", e->store.path, c->id);
	bool none = strcmp(c->config.life.log_driver, "k8s-file") && strcmp(c->config.life.log_driver, "json-file");

	return json_pack("{s:s, s:o, s:s, s:s, s:s}", "Type", c->config.life.log_driver, "Config",
			 jsonf_map(c->config.life.log_opt), "Path", none ? "" : path, "Tag", tag ? tag : "", "Size",
			 size);
}

static void put_modes(json_t *o, const struct container_config *c)
{
	inspect_put_str(o, "CgroupManager", "cgroupfs");
	inspect_put_str(o, "CgroupMode", "private");
	inspect_put_str(o, "Cgroups", c->resources.cgroups && strcmp(c->resources.cgroups, "enabled") ?
				      c->resources.cgroups : "default");
	inspect_put_str(o, "CgroupParent", c->resources.cgroup_parent);
	inspect_put_str(o, "IpcMode", "shareable");
	inspect_put_str(o, "PidMode", "private");
	inspect_put_str(o, "UTSMode", "private");
	inspect_put_str(o, "UsernsMode", "");
	inspect_put_str(o, "NetworkMode", c->net.mode);
	inspect_put_str(o, "Runtime", "oci");
	inspect_put(o, "ConsoleSize", json_pack("[i, i]", 0, 0));
}

static json_t *policy_json(const struct container_config *c)
{
	struct restart_policy p;
	struct fail ignored = { 0 };

	(void)!restart_parse(c->life.restart, &p, &ignored);
	return json_pack("{s:s, s:i}", "Name", restart_names[p.kind], "MaximumRetryCount", p.max);
}

json_t *inspect_host_config(struct engine *e, const struct container *ctr)
{
	const struct container_config *c = &ctr->config;
	json_t *o = inspect_zeros(zeros);

	inspect_put(o, "Binds", inspect_binds(c));
	if (c->volumes_from)
		inspect_put(o, "VolumesFrom", jsonf_strv(c->volumes_from));
	inspect_put(o, "LogConfig", log_json(e, ctr));
	inspect_put(o, "RestartPolicy", policy_json(c));
	inspect_put(o, "AutoRemove", json_boolean(c->life.rm));
	put_caps(o, &c->security);
	put_modes(o, c);
	inspect_limits(o, ctr);
	inspect_put(o, "Dns", jsonf_strv(c->net.dns));
	inspect_put(o, "DnsOptions", jsonf_strv(c->net.dns_option));
	inspect_put(o, "DnsSearch", jsonf_strv(c->net.dns_search));
	inspect_put(o, "ExtraHosts", jsonf_strv(c->net.add_host));
	inspect_put(o, "GroupAdd", jsonf_strv(c->process.group_add));
	inspect_put_str(o, "ContainerIDFile", c->cid_file);
	inspect_put(o, "PortBindings", ports_json(c));
	inspect_put(o, "PublishAllPorts", json_boolean(c->net.publish_all));
	inspect_put(o, "Privileged", json_boolean(c->security.privileged));
	inspect_put(o, "ReadonlyRootfs", json_boolean(c->security.read_only));
	inspect_put(o, "SecurityOpt", jsonf_strv(c->security.security_opt));
	inspect_put(o, "Annotations", jsonf_map(c->annotations));
	inspect_put(o, "Tmpfs", inspect_tmpfs(c));
	inspect_put(o, "ShmSize", json_integer(c->shm_size));
	inspect_put(o, "Ulimits", ulimits_json(c->process.ulimits));
	inspect_put(o, "Init", json_boolean(c->process.init));
	inspect_more_host(o, c);
	return o;
}
