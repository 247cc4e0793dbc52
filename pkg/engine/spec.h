/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_SPEC_H
#define PKG_ENGINE_SPEC_H

#include "pkg/engine/config.h"
#include "pkg/oci/spec.h"

/* What the spec depends on besides the config. */
struct spec_host {
	const char *ctr_path;	/* absolute path of containers/<id>: where hosts, resolv.conf ... lie */
	bool single_id;		/* only one id is mapped */
	bool limit_pids;	/* processes are limited unless asked otherwise: the container gets a cgroup for that */
	unsigned throttle_cpus;	/* CPUs with /sys/devices/system/cpu/cpuN/thermal_throttle, to be masked */
};

/* Where --read-only puts a tmpfs, with SPEC_READ_ONLY_TMPFS as its options; caller frees (strv). */
char **spec_read_only_dirs(const struct container_config *c) MUST_USE;
#define SPEC_READ_ONLY_TMPFS "rw,rprivate,nosuid,nodev,tmpcopyup"

/*
 * Config + host -> the OCI spec: a pure function (golden-file tests). RET is the caller's, to be
 * released with spec_done; on failure it is empty.
 */
int spec_build(const struct container_config *c, const struct spec_host *host, struct spec *ret,
	       struct fail *f) MUST_USE;

/* The process of an exec: the container's own, with what exec changes. */
struct exec_opts;
int spec_build_exec(const struct container_config *c, const struct exec_opts *o, char *const *args,
		    struct spec_process *ret, struct fail *f) MUST_USE;

#endif
