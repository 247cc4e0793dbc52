/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_RESOURCE_H
#define PKG_ENGINE_RESOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "pkg/util/fail.h"
#include "pkg/util/json.h"

/*
 * What run, create and update may bound: as typed, NULL when not given. cmd/resource_rows.h has the
 * rows. All of it is a cgroup's to hold.
 */
struct resource_group {
	char *memory, *memory_swap, *memory_reservation, *memory_swappiness;
	char *cpus, *cpu_shares, *cpu_quota, *cpu_period, *cpuset_cpus, *cpuset_mems;
	char *cpu_rt_period, *cpu_rt_runtime;
	char *pids_limit, *blkio_weight;
	char **blkio_weight_device, **device_read_bps, **device_read_iops, **device_write_bps, **device_write_iops;
	char **cgroup_conf, **device_cgroup_rule;
	char *cgroup_parent, *cgroups;
	bool oom_kill_disable;
};

/* The same as numbers: bytes, microseconds. 0 is "not given", -1 "no limit" where podman has it so. */
struct limits {
	int64_t memory, memory_swap, memory_reservation;
	int64_t nano_cpus, cpu_quota, cpu_period, cpu_shares;
	int64_t pids, blkio_weight;
};

/* Checks every value and how they go together (podman-run(1)). */
int resource_parse(const struct resource_group *g, struct limits *ret, struct fail *f) MUST_USE;

/*
 * No cgroup is made yet: whatever bounds anything is refused (-ENOTSUP), naming the option, the controller that would
 * be needed and what keeps it from us. "No limit" (0, -1, --cgroups=disabled ...) is taken.
 */
int resource_check(const struct resource_group *g, struct fail *f) MUST_USE;

#endif
