// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "pkg/engine/inspect_part.h"
#include "pkg/engine/pause.h"
#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "runtime/cgroup.h"

/* A list of "DEVICE:N" as {"Path": DEVICE, KEY: N}; NULL: none, which is null. */
static json_t *rates(char *const *v, const char *key, bool bytes)
{
	json_t *a = v ? json_array() : NULL;

	strv_each(it, v) {
		const char *colon = strrchr(*it, ':');
		auto_free char *path = mem_strndup(*it, (size_t)(colon - *it));
		uint64_t n = 0;

		if ((bytes ? str_to_bytes(colon + 1, &n) : str_to_u64(colon + 1, 10, &n)) == 0)
			json_array_append_new(a, json_pack("{s:s, s:I}", "Path", path, key, (json_int_t)n));
	}
	return a;
}

/* What holds, where it runs with a limit that nobody asked for. */
static int64_t pids_limit(const struct container *c, const struct limits *l)
{
	auto_fd int fd = -EBADF;
	uint64_t n;

	if (c->config.resources.pids_limit)
		return l->pids;
	fd = container_cgroup(c);
	return fd >= 0 && cgroup_number(fd, "pids.max", NULL, &n) == 0 && n <= INT64_MAX ? (int64_t)n : 0;
}

void inspect_limits(json_t *o, const struct container *c)
{
	const struct resource_group *g = &c->config.resources;
	struct limits l = { 0 };
	struct fail ignored = { 0 };

	if (resource_parse(g, &l, &ignored) < 0)
		return;
	inspect_put(o, "Memory", json_integer(l.memory));
	inspect_put(o, "MemorySwap", json_integer(l.memory_swap ? l.memory_swap : 2 * l.memory));
	inspect_put(o, "MemoryReservation", json_integer(l.memory_reservation));
	inspect_put(o, "NanoCpus", json_integer(l.nano_cpus));
	inspect_put(o, "CpuShares", json_integer(l.cpu_shares));
	inspect_put(o, "CpuPeriod", json_integer(l.nano_cpus ? 100000 : l.cpu_period));
	inspect_put(o, "CpuQuota", json_integer(l.nano_cpus ? l.nano_cpus / 10000 : l.cpu_quota));
	inspect_put_str(o, "CpusetCpus", g->cpuset_cpus);
	inspect_put_str(o, "CpusetMems", g->cpuset_mems);
	inspect_put(o, "PidsLimit", json_integer(pids_limit(c, &l)));
	inspect_put(o, "BlkioWeight", json_integer(l.blkio_weight));
	inspect_put(o, "BlkioWeightDevice", rates(g->blkio_weight_device, "Weight", false));
	inspect_put(o, "BlkioDeviceReadBps", rates(g->device_read_bps, "Rate", true));
	inspect_put(o, "BlkioDeviceWriteBps", rates(g->device_write_bps, "Rate", true));
	inspect_put(o, "BlkioDeviceReadIOps", rates(g->device_read_iops, "Rate", false));
	inspect_put(o, "BlkioDeviceWriteIOps", rates(g->device_write_iops, "Rate", false));
	inspect_put(o, "CgroupConf", g->cgroup_conf ? jsonf_map(g->cgroup_conf) : NULL);
}
