/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_RESOURCE_H
#define PKG_ENGINE_RESOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "pkg/util/fail.h"
#include "pkg/util/json.h"

/*
 * What run, create and update may bound: as typed, NULL when not given. cmd/resource_rows.h has the
 * rows. All of it is a cgroup's to hold (runtime/cgroup.h).
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

/* Of --blkio-weight and --blkio-weight-device; 0 is "not given" there, too. */
enum { BLKIO_MIN = 10, BLKIO_MAX = 1000 };

/* Checks every value and how they go together (podman-run(1)). */
int resource_parse(const struct resource_group *g, struct limits *ret, struct fail *f) MUST_USE;

/* What is saved of it (config.json, override.json): all that can be applied. */
extern const struct field resource_fields[];

/*
 * As files of a cgroup v2, "FILE=VALUE" each (the OCI spec's linux.resources.unified): memory.max, cpu.max ... Looks
 * nothing up but the numbers of the devices that are named. DEFAULTS: with the limit of 2048 processes, unless
 * another is given. (resource_settings.c)
 */
int resource_settings(const struct resource_group *g, bool defaults, char ***ret, struct fail *f) MUST_USE;

/*
 * What is to be written where OLD holds, so that NEW does (both as resource_settings gives them): what differs, each
 * file once; and of a limit that NEW hasn't got the kernel's own value, which is none. NULL: nothing.
 * (resource_changes.c)
 */
char **resource_changes(char *const *old, char *const *new) MUST_USE;

/* Whether anything in it takes a cgroup. */
bool resource_wants(const struct resource_group *g);

/*
 * Checks the values, and that what bounds anything can be applied where we are: else it is refused (-ENOTSUP),
 * naming the option, the controller that would be needed and what keeps it from us. "No limit" (0, -1,
 * --cgroups=disabled ...) is taken.
 */
int resource_check(const struct resource_group *g, struct fail *f) MUST_USE;

/* The same where SITE is what the container will have. */
struct cgroup_site;
int resource_check_site(const struct resource_group *g, const struct cgroup_site *site, struct fail *f) MUST_USE;

/* Only the values, and that cgroup v2 has such a thing at all. */
int resource_check_known(const struct resource_group *g, struct fail *f) MUST_USE;

/* What is given in NEW replaces it in G. */
void resource_merge(struct resource_group *g, const struct resource_group *new);

#endif
