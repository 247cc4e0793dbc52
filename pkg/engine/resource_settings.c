// SPDX-License-Identifier: Apache-2.0
/* Limits as files of a cgroup v2 (the kernel's admin-guide/cgroup-v2). */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "pkg/engine/resource.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

enum {
	PIDS_DEFAULT = 2048, PERIOD_DEFAULT = 100000, PERIOD_MIN = 1000,
	SHARES_MIN = 2, SHARES_MAX = 262144, WEIGHT_MAX = 10000,
};

static void add_memory(const struct limits *l, char ***v)
{
	if (l->memory > 0)
		strv_addf(v, "memory.max=%lld", (long long)l->memory);
	/* Of version 1, and of the option, it is the sum of both. Not given: as much again, as in podman. */
	if (l->memory_swap < 0)
		strv_add(v, "memory.swap.max=max");
	else if (l->memory_swap > 0)
		strv_addf(v, "memory.swap.max=%lld", (long long)(l->memory_swap - l->memory));
	else if (l->memory > 0)
		strv_addf(v, "memory.swap.max=%lld", (long long)l->memory);
	if (l->memory_reservation > 0)
		strv_addf(v, "memory.low=%lld", (long long)l->memory_reservation);
}

/* LOW to HIGH on 1 to 10000, as the other runtimes have it. */
static long long weight(int64_t n, int64_t low, int64_t high)
{
	n = n < low ? low : n > high ? high : n;
	return 1 + (n - low) * (WEIGHT_MAX - 1) / (high - low);
}

static int add_cpu(const struct resource_group *g, const struct limits *l, char ***v, struct fail *f)
{
	int64_t period = l->cpu_period > 0 ? l->cpu_period : PERIOD_DEFAULT;

	if (l->cpu_shares > 0)
		strv_addf(v, "cpu.weight=%lld", weight(l->cpu_shares, SHARES_MIN, SHARES_MAX));
	if (l->cpu_period > 0 && l->cpu_period < PERIOD_MIN)
		return refuse(f, EINVAL, "--cpu-period %s is less than %d, the kernel's least", g->cpu_period, PERIOD_MIN);
	if (l->nano_cpus > 0) {
		int64_t quota = l->nano_cpus / (1000000000 / PERIOD_DEFAULT);

		if (quota < PERIOD_MIN)
			return refuse(f, EINVAL, "--cpus %s is less than 0.01, the kernel's least", g->cpus);
		strv_addf(v, "cpu.max=%lld %d", (long long)quota, PERIOD_DEFAULT);
	} else if (l->cpu_quota > 0) {
		if (l->cpu_quota < PERIOD_MIN)
			return refuse(f, EINVAL, "--cpu-quota %s is less than %d, the kernel's least", g->cpu_quota,
				      PERIOD_MIN);
		strv_addf(v, "cpu.max=%lld %lld", (long long)l->cpu_quota, (long long)period);
	} else if (l->cpu_period > 0 || l->cpu_quota < 0) {
		strv_addf(v, "cpu.max=max %lld", (long long)period);
	}
	if (g->cpuset_cpus && *g->cpuset_cpus)
		strv_addf(v, "cpuset.cpus=%s", g->cpuset_cpus);
	if (g->cpuset_mems && *g->cpuset_mems)
		strv_addf(v, "cpuset.mems=%s", g->cpuset_mems);
	return 0;
}

/* "PATH:RATE", checked, as "MAJOR:MINOR", and RATE. */
static int device_rate(const char *option, const char *text, bool bytes, char **ret_dev, uint64_t *ret, struct fail *f)
{
	const char *colon = strrchr(text, ':');
	auto_free char *path = mem_strndup(text, (size_t)(colon - text));
	struct stat st;

	if ((bytes ? str_to_bytes(colon + 1, ret) : str_to_u64(colon + 1, 10, ret)) < 0)
		return refuse(f, EINVAL, "invalid value for --%s: '%.100s'", option, text);
	if (stat(path, &st) < 0)
		return fail(f, errno, "look at the device '%.200s' of --%s", path, option);
	if (!S_ISBLK(st.st_mode))
		return refuse(f, EINVAL, "--%s: '%.200s' is not a block device", option, path);
	*ret_dev = mem_printf("%u:%u", major(st.st_rdev), minor(st.st_rdev));
	return 0;
}

/* Takes LINE. */
static void add_line(char **lines, char *line)
{
	auto_free char *owned = line;

	mem_replace(lines, mem_printf("%s%s%s", *lines ? *lines : "", *lines ? "\n" : "", owned));
}

static int add_device_weights(char *const *typed, char **lines, struct fail *f)
{
	strv_each(it, typed) {
		auto_free char *dev = NULL;
		uint64_t n = 0;
		int r = device_rate("blkio-weight-device", *it, false, &dev, &n, f);

		if (r < 0)
			return r;
		/* 0 is "not given", as it is of --blkio-weight. */
		if (n)
			add_line(lines, mem_printf("%s %lld", dev, weight((int64_t)n, BLKIO_MIN, BLKIO_MAX)));
	}
	return 0;
}

/* One line of the file a device and key; the values of several are separated by newlines (cgroup_set). */
static int add_rates(const char *option, char *const *typed, const char *key, char **lines, struct fail *f)
{
	strv_each(it, typed) {
		auto_free char *dev = NULL;
		uint64_t n = 0;
		int r = device_rate(option, *it, strstr(option, "bps") != NULL, &dev, &n, f);

		if (r < 0)
			return r;
		add_line(lines, mem_printf("%s %s%llu", dev, key, (unsigned long long)n));
	}
	return 0;
}

static int add_io(const struct resource_group *g, const struct limits *l, char ***v, struct fail *f)
{
	auto_free char *rates = NULL;
	auto_free char *weights = NULL;
	int r;

	if (l->blkio_weight > 0)
		weights = mem_printf("default %lld", weight(l->blkio_weight, BLKIO_MIN, BLKIO_MAX));
	r = add_device_weights(g->blkio_weight_device, &weights, f);
	if (r == 0)
		r = add_rates("device-read-bps", g->device_read_bps, "rbps=", &rates, f);
	if (r == 0)
		r = add_rates("device-write-bps", g->device_write_bps, "wbps=", &rates, f);
	if (r == 0)
		r = add_rates("device-read-iops", g->device_read_iops, "riops=", &rates, f);
	if (r == 0)
		r = add_rates("device-write-iops", g->device_write_iops, "wiops=", &rates, f);
	if (r < 0)
		return r;
	if (weights)
		strv_addf(v, "io.weight=%s", weights);
	if (rates)
		strv_addf(v, "io.max=%s", rates);
	return 0;
}

int resource_settings(const struct resource_group *g, bool defaults, char ***ret, struct fail *f)
{
	struct limits l = { 0 };
	auto_strv char **v = NULL;
	int r = resource_parse(g, &l, f);

	if (r < 0)
		return r;
	add_memory(&l, &v);
	r = add_cpu(g, &l, &v, f);
	if (r == 0)
		r = add_io(g, &l, &v, f);
	if (r < 0)
		return r;
	if (l.pids > 0)
		strv_addf(&v, "pids.max=%lld", (long long)l.pids);
	else if (g->pids_limit)
		strv_add(&v, "pids.max=max");
	else if (defaults)
		strv_addf(&v, "pids.max=%d", PIDS_DEFAULT);
	strv_add_all(&v, g->cgroup_conf);
	*ret = v;
	v = NULL;
	return 0;
}

void resource_merge(struct resource_group *g, const struct resource_group *new)
{
	char **const to[] = { &g->memory, &g->memory_swap, &g->memory_reservation, &g->cpus, &g->cpu_shares,
			      &g->cpu_quota, &g->cpu_period, &g->cpuset_cpus, &g->cpuset_mems, &g->pids_limit,
			      &g->blkio_weight };
	char *const from[] = { new->memory, new->memory_swap, new->memory_reservation, new->cpus, new->cpu_shares,
			       new->cpu_quota, new->cpu_period, new->cpuset_cpus, new->cpuset_mems, new->pids_limit,
			       new->blkio_weight };
	char ***const to_v[] = { &g->blkio_weight_device, &g->device_read_bps, &g->device_read_iops,
				 &g->device_write_bps, &g->device_write_iops };
	char **const from_v[] = { new->blkio_weight_device, new->device_read_bps, new->device_read_iops,
				  new->device_write_bps, new->device_write_iops };

	/* One says what the other said. */
	if (new->cpus) {
		mem_replace(&g->cpu_quota, NULL);
		mem_replace(&g->cpu_period, NULL);
	} else if (new->cpu_quota || new->cpu_period) {
		mem_replace(&g->cpus, NULL);
	}
	for (size_t i = 0; i < ARRAY_LEN(to); i++)
		if (from[i])
			mem_replace(to[i], mem_strdup(from[i]));
	for (size_t i = 0; i < ARRAY_LEN(to_v); i++) {
		if (!from_v[i])
			continue;
		strv_free_ptr(to_v[i]);
		*to_v[i] = strv_dup(from_v[i]);
	}
}
