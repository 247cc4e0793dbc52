// SPDX-License-Identifier: Apache-2.0
#include "cmd/resource_rows.h"

#include "pkg/engine/resource.h"

const struct opt resource_rows[] = {
	OPT_STR('m', "memory", struct resource_group, memory, "SIZE", "memory at most"),
	OPT_STR(0, "memory-swap", struct resource_group, memory_swap, "SIZE", "memory and swap together at most"),
	OPT_STR(0, "memory-reservation", struct resource_group, memory_reservation, "SIZE",
		"memory to be left with when it runs short"),
	OPT_STR(0, "memory-swappiness", struct resource_group, memory_swappiness, "N", NULL),
	OPT_STR(0, "cpus", struct resource_group, cpus, "N", "processors at most, as 1.5"),
	OPT_STR('c', "cpu-shares", struct resource_group, cpu_shares, "N", "weight beside others (default 1024)"),
	OPT_STR(0, "cpu-quota", struct resource_group, cpu_quota, "USEC", "processor time in each period at most"),
	OPT_STR(0, "cpu-period", struct resource_group, cpu_period, "USEC", "the period of --cpu-quota"),
	OPT_STR(0, "cpu-rt-period", struct resource_group, cpu_rt_period, "USEC", NULL),
	OPT_STR(0, "cpu-rt-runtime", struct resource_group, cpu_rt_runtime, "USEC", NULL),
	OPT_STR(0, "cpuset-cpus", struct resource_group, cpuset_cpus, "LIST", "processors to run on, as 0-3,5"),
	OPT_STR(0, "cpuset-mems", struct resource_group, cpuset_mems, "LIST", "memory nodes to use"),
	OPT_STR(0, "pids-limit", struct resource_group, pids_limit, "N", "processes at most (-1: no limit)"),
	OPT_STR(0, "blkio-weight", struct resource_group, blkio_weight, "N", "weight of disk access, 10 to 1000"),
	OPT_LIST(0, "blkio-weight-device", struct resource_group, blkio_weight_device, "DEVICE:N", NULL),
	OPT_LIST(0, "device-read-bps", struct resource_group, device_read_bps, "DEVICE:RATE",
		 "bytes read a second at most"),
	OPT_LIST(0, "device-write-bps", struct resource_group, device_write_bps, "DEVICE:RATE",
		 "bytes written a second at most"),
	OPT_LIST(0, "device-read-iops", struct resource_group, device_read_iops, "DEVICE:RATE",
		 "reads a second at most"),
	OPT_LIST(0, "device-write-iops", struct resource_group, device_write_iops, "DEVICE:RATE",
		 "writes a second at most"),
	OPT_LIST(0, "device-cgroup-rule", struct resource_group, device_cgroup_rule, "RULE", NULL),
	OPT_LIST(0, "cgroup-conf", struct resource_group, cgroup_conf, "FILE=VALUE", "a file of the cgroup's own"),
	OPT_STR(0, "cgroup-parent", struct resource_group, cgroup_parent, "PATH", "the cgroup to make it in"),
	OPT_STR(0, "cgroups", struct resource_group, cgroups, "MODE", "enabled, disabled, no-conmon or split"),
	OPT_FLAG(0, "oom-kill-disable", struct resource_group, oom_kill_disable, NULL),
	OPT_END
};
