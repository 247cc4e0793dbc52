// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/resource.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "runtime/cgroup_site.h"

const struct field resource_fields[] = {
	FIELD_STR("Memory", struct resource_group, memory),
	FIELD_STR("MemorySwap", struct resource_group, memory_swap),
	FIELD_STR("MemoryReservation", struct resource_group, memory_reservation),
	FIELD_STR("Cpus", struct resource_group, cpus),
	FIELD_STR("CpuShares", struct resource_group, cpu_shares),
	FIELD_STR("CpuQuota", struct resource_group, cpu_quota),
	FIELD_STR("CpuPeriod", struct resource_group, cpu_period),
	FIELD_STR("CpusetCpus", struct resource_group, cpuset_cpus),
	FIELD_STR("CpusetMems", struct resource_group, cpuset_mems),
	FIELD_STR("PidsLimit", struct resource_group, pids_limit),
	FIELD_STR("BlkioWeight", struct resource_group, blkio_weight),
	FIELD_STRV("BlkioWeightDevice", struct resource_group, blkio_weight_device),
	FIELD_STRV("DeviceReadBps", struct resource_group, device_read_bps),
	FIELD_STRV("DeviceReadIops", struct resource_group, device_read_iops),
	FIELD_STRV("DeviceWriteBps", struct resource_group, device_write_bps),
	FIELD_STRV("DeviceWriteIops", struct resource_group, device_write_iops),
	FIELD_STRV("CgroupConf", struct resource_group, cgroup_conf),
	FIELD_STR("CgroupParent", struct resource_group, cgroup_parent),
	FIELD_STR("Cgroups", struct resource_group, cgroups),
	FIELD_END
};

static int parse_bytes(const char *name, const char *text, bool minus, int64_t *ret, struct fail *f)
{
	uint64_t v;

	*ret = 0;
	if (!text)
		return 0;
	if (minus && !strcmp(text, "-1")) {
		*ret = -1;
		return 0;
	}
	if (str_to_bytes(text, &v) < 0 || v > INT64_MAX)
		return refuse(f, EINVAL, "invalid value for %s: invalid size: '%.40s'", name, text);
	*ret = (int64_t)v;
	return 0;
}

static int parse_number(const char *name, const char *text, int64_t min, int64_t max, int64_t *ret, struct fail *f)
{
	*ret = 0;
	if (!text)
		return 0;
	if (str_to_i64(text, ret) < 0)
		return refuse(f, EINVAL, "invalid argument \"%.40s\" for \"--%s\" flag: not a whole number", text, name);
	if (*ret < min || *ret > max)
		return refuse(f, EINVAL, "invalid value for --%s: %.40s is not within %lld and %lld", name, text,
			      (long long)min, (long long)max);
	return 0;
}

static int parse_cpus(const char *text, int64_t *ret, struct fail *f)
{
	char *end;
	double v;

	*ret = 0;
	if (!text)
		return 0;
	v = strtod(text, &end);
	if (!*text || *end || !isfinite(v) || strspn(text, "0123456789.") != strlen(text) || v > 1e6)
		return refuse(f, EINVAL, "invalid argument \"%.40s\" for \"--cpus\" flag: not a number", text);
	*ret = (int64_t)(v * 1e9 + 0.5);
	return 0;
}

/* "0-3,5": cpuset(7). */
static int check_set(const char *name, const char *text, struct fail *f)
{
	auto_strv char **parts = text ? strv_split(text, ",", false) : NULL;

	strv_each(it, parts) {
		auto_strv char **ends = strv_split(*it, "-", false);
		uint64_t low = 0, high = 0;
		size_t n = strv_len(ends);

		if (n < 1 || n > 2 || str_to_u64(ends[0], 10, &low) < 0 || str_to_u64(ends[n - 1], 10, &high) < 0 ||
		    low > high)
			return refuse(f, EINVAL, "invalid value for --%s: '%.60s': a list like 0-3,5 is wanted", name,
				      text);
	}
	return 0;
}

/* "/dev/sda:1mb" and "/dev/sda:100". */
static int check_device_rates(const char *name, char *const *v, bool bytes, struct fail *f)
{
	strv_each(it, v) {
		const char *colon = strrchr(*it, ':');
		uint64_t n;

		if (**it != '/' || !colon || (bytes ? str_to_bytes(colon + 1, &n) : str_to_u64(colon + 1, 10, &n)) < 0)
			return refuse(f, EINVAL, "invalid value for --%s: '%.100s': DEVICE:RATE is wanted", name, *it);
	}
	return 0;
}

/* Behind check_device_rates: "/dev/sda:500". */
static int check_device_weights(char *const *v, struct fail *f)
{
	int64_t ignored;
	int r = 0;

	for (; v && *v && r == 0; v++)
		r = parse_number("blkio-weight-device", strrchr(*v, ':') + 1, 0, BLKIO_MAX, &ignored, f);
	return r;
}

static int check_conf(char *const *v, struct fail *f)
{
	strv_each(it, v) {
		const char *value = strchr(*it, '=');

		if (!value || value == *it || strchr(*it, '/'))
			return refuse(f, EINVAL, "invalid --cgroup-conf '%.100s': FILE=VALUE is wanted", *it);
		/* Nothing would be written: no limit where one is believed to be. */
		if (!value[1])
			return refuse(f, EINVAL, "invalid --cgroup-conf '%.100s': it has no value; FILE=VALUE is wanted", *it);
		/* What is frozen before its first instruction (cgroup.freeze) doesn't even end. */
		if (str_starts(*it, "cgroup."))
			return refuse(f, EINVAL, "invalid --cgroup-conf '%.100s': the files cgroup.* are no limits, and rbox's "
				      "own to write", *it);
	}
	return 0;
}

static int check_together(const struct resource_group *g, const struct limits *l, struct fail *f)
{
	if (g->cpus && g->cpu_quota)
		return refuse(f, EINVAL, "--cpu-quota and --cpus cannot be set together");
	if (g->cpus && g->cpu_period)
		return refuse(f, EINVAL, "--cpu-period and --cpus cannot be set together");
	/* Twice as much is what memory and swap may be together. */
	if (l->memory > INT64_MAX / 2)
		return refuse(f, EINVAL, "--memory %s: more than %lld bytes can't be counted", g->memory,
			      (long long)(INT64_MAX / 2));
	if (l->memory && l->memory < 6 << 20)
		return refuse(f, EINVAL, "--memory %s: less than 6 MiB is too little for any container", g->memory);
	if (l->memory_swap > 0 && !l->memory)
		return refuse(f, EINVAL, "--memory-swap wants --memory too: it is the sum of memory and swap");
	if (l->memory_swap > 0 && l->memory_swap < l->memory)
		return refuse(f, EINVAL, "--memory-swap %s is less than --memory %s: it is the sum of memory and swap",
			      g->memory_swap, g->memory);
	if (l->memory && l->memory_reservation > l->memory)
		return refuse(f, EINVAL, "--memory-reservation %s is more than --memory %s", g->memory_reservation,
			      g->memory);
	return check_conf(g->cgroup_conf, f);
}

static int check_texts(const struct resource_group *g, struct fail *f)
{
	static const char *const modes[] = { "enabled", "disabled", "no-conmon", "split" };
	bool known = !g->cgroups;
	int r = check_set("cpuset-cpus", g->cpuset_cpus, f);

	if (r == 0)
		r = check_set("cpuset-mems", g->cpuset_mems, f);
	if (r == 0)
		r = check_device_rates("device-read-bps", g->device_read_bps, true, f);
	if (r == 0)
		r = check_device_rates("device-write-bps", g->device_write_bps, true, f);
	if (r == 0)
		r = check_device_rates("device-read-iops", g->device_read_iops, false, f);
	if (r == 0)
		r = check_device_rates("device-write-iops", g->device_write_iops, false, f);
	if (r == 0)
		r = check_device_rates("blkio-weight-device", g->blkio_weight_device, false, f);
	if (r == 0)
		r = check_device_weights(g->blkio_weight_device, f);
	for (size_t i = 0; i < ARRAY_LEN(modes) && !known; i++)
		known = !strcmp(g->cgroups, modes[i]);
	if (r == 0 && !known)
		return refuse(f, EINVAL, "invalid cgroup mode \"%.40s\": invalid argument", g->cgroups);
	return r;
}

int resource_parse(const struct resource_group *g, struct limits *ret, struct fail *f)
{
	int64_t ignored;
	int r = parse_bytes("memory", g->memory, false, &ret->memory, f);

	if (r == 0)
		r = parse_bytes("memory-swap", g->memory_swap, true, &ret->memory_swap, f);
	if (r == 0)
		r = parse_bytes("memory-reservation", g->memory_reservation, false, &ret->memory_reservation, f);
	if (r == 0)
		r = parse_cpus(g->cpus, &ret->nano_cpus, f);
	if (r == 0)
		r = parse_number("cpu-shares", g->cpu_shares, 0, 262144, &ret->cpu_shares, f);
	if (r == 0)
		r = parse_number("cpu-quota", g->cpu_quota, -1, INT64_MAX, &ret->cpu_quota, f);
	if (r == 0)
		r = parse_number("cpu-period", g->cpu_period, 0, 1000000, &ret->cpu_period, f);
	if (r == 0)
		r = parse_number("pids-limit", g->pids_limit, -1, 4194304, &ret->pids, f);
	if (r == 0)
		r = parse_number("blkio-weight", g->blkio_weight, 0, BLKIO_MAX, &ret->blkio_weight, f);
	if (r == 0)
		r = parse_number("memory-swappiness", g->memory_swappiness, -1, 100, &ignored, f);
	if (r == 0)
		r = parse_number("cpu-rt-period", g->cpu_rt_period, 0, INT64_MAX, &ignored, f);
	if (r == 0)
		r = parse_number("cpu-rt-runtime", g->cpu_rt_runtime, 0, INT64_MAX, &ignored, f);
	if (r == 0)
		r = check_texts(g, f);
	return r < 0 ? r : check_together(g, ret, f);
}

struct wanted {
	const char *option, *controller;
};

/* The first that only version 1 had; NULL: none is asked for. */
static const char *gone(const struct resource_group *g)
{
	return g->memory_swappiness && strcmp(g->memory_swappiness, "-1") ? "memory-swappiness" :
	       g->cpu_rt_period ? "cpu-rt-period" : g->cpu_rt_runtime ? "cpu-rt-runtime" :
	       g->oom_kill_disable ? "oom-kill-disable" : g->device_cgroup_rule ? "device-cgroup-rule" : NULL;
}

/*
 * The first that bounds anything; with SITE, the first that can't be held there. What takes no controller, but a
 * cgroup, has an empty one.
 */
static struct wanted first_wanted(const struct resource_group *g, const struct limits *l,
				  const struct cgroup_site *site)
{
	const struct {
		bool given;
		struct wanted what;
	} rows[] = {
		{ l->memory > 0, { "memory", "memory" } },
		{ l->memory_swap > 0, { "memory-swap", "memory" } },
		{ l->memory_reservation > 0, { "memory-reservation", "memory" } },
		{ l->nano_cpus > 0, { "cpus", "cpu" } },
		{ l->cpu_shares > 0, { "cpu-shares", "cpu" } },
		{ l->cpu_quota > 0, { "cpu-quota", "cpu" } },
		{ l->cpu_period > 0, { "cpu-period", "cpu" } },
		{ g->cpuset_cpus && *g->cpuset_cpus, { "cpuset-cpus", "cpuset" } },
		{ g->cpuset_mems && *g->cpuset_mems, { "cpuset-mems", "cpuset" } },
		{ l->pids > 0, { "pids-limit", "pids" } },
		{ l->blkio_weight > 0, { "blkio-weight", "io" } },
		{ g->blkio_weight_device != NULL, { "blkio-weight-device", "io" } },
		{ g->device_read_bps != NULL, { "device-read-bps", "io" } },
		{ g->device_write_bps != NULL, { "device-write-bps", "io" } },
		{ g->device_read_iops != NULL, { "device-read-iops", "io" } },
		{ g->device_write_iops != NULL, { "device-write-iops", "io" } },
		{ g->cgroup_conf != NULL, { "cgroup-conf", "" } },
		{ g->cgroup_parent && *g->cgroup_parent, { "cgroup-parent", "" } },
		{ g->cgroups && !strcmp(g->cgroups, "split"), { "cgroups=split", "" } },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *controller = rows[i].what.controller;
		bool held = site && site->rung != CGROUP_NONE &&
			    (!*controller || strv_has(site->controllers, controller));

		if (rows[i].given && !held)
			return rows[i].what;
	}
	return (struct wanted){ NULL, NULL };
}

/* Something that bounds: then a limit that can't be set is an error, and a scope worth its price. */
bool resource_wants(const struct resource_group *g)
{
	struct limits limits = { 0 };
	struct fail ignored = { 0 };

	return resource_parse(g, &limits, &ignored) == 0 && first_wanted(g, &limits, NULL).option;
}

static int refuse_wanted(const struct wanted *want, const struct cgroup_site *site, struct fail *f)
{
	auto_free char *controller = *want->controller ? mem_printf("the controller '%s' of a cgroup", want->controller) :
							 mem_strdup("a cgroup of its own for the container");
	auto_free char *have = strv_join(site->controllers, " ");

	if (site->rung == CGROUP_NONE)
		(void)refuse(f, ENOTSUP, "--%s can't be applied: it needs %s, and rbox has none to use (%s)", want->option,
			     controller, site->why ? site->why : "no cgroup");
	else
		(void)refuse(f, ENOTSUP, "--%s can't be applied: it needs %s, and what is delegated to you is: %s",
			     want->option, controller, *have ? have : "none");
	if (site->fix)
		fail_hint(f, "%s", site->fix);
	return -ENOTSUP;
}

int resource_check_site(const struct resource_group *g, const struct cgroup_site *site, struct fail *f)
{
	struct limits limits = { 0 };
	int r = resource_parse(g, &limits, f);
	struct wanted want = { NULL, NULL };

	if (r == 0)
		want = first_wanted(g, &limits, site);
	return r < 0 || !want.option ? r : refuse_wanted(&want, site, f);
}

int resource_check_known(const struct resource_group *g, struct fail *f)
{
	struct limits limits = { 0 };
	int r = resource_parse(g, &limits, f);

	if (r == 0 && gone(g))
		return refuse(f, ENOTSUP, "--%s can't be applied: cgroup v2 has no such thing for users", gone(g));
	return r;
}

int resource_check(const struct resource_group *g, struct fail *f)
{
	auto_site struct cgroup_site site = { .rung = CGROUP_NONE };
	auto_strv char **settings = NULL;
	int r = resource_check_known(g, f);

	if (r < 0 || !resource_wants(g))
		return r;
	if (g->cgroups && !strcmp(g->cgroups, "disabled"))
		return refuse(f, EINVAL, "limits and --cgroups=disabled cannot be set together");
	cgroup_site_look(g->cgroup_parent, &site);
	r = resource_check_site(g, &site, f);
	/* What the devices of limits are is seen now, not only at the start. */
	return r < 0 ? r : resource_settings(g, false, &settings, f);
}
