/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_STATS_H
#define PKG_ENGINE_STATS_H

#include <jansson.h>

#include "pkg/engine/container.h"
#include "pkg/engine/select.h"

/*
 * What containers use, for `rbox stats`: what their cgroup has counted (memory without the page cache that can
 * go, as podman has it; the limit is the container's). What it hasn't, or a container without one, is the sum
 * over its processes in /proc (runtime/procs.h):
 *
 *	CPU	time of its processes and of the ended ones that somebody in it has waited for
 *	memory	their proportional share (Pss of smaps_rollup; resident size where that can't be read);
 *		the page cache, which a cgroup would count, is not in it. The limit is the machine's memory.
 *	net	bytes of its own interfaces but lo; nothing with --network host
 *	block	what its processes had read from and written to disks
 *	pids	threads
 */
struct sample {
	char id[CTR_ID_LEN + 1];
	char *name;
	bool running;
	int64_t at;		/* monotonic ns */
	int64_t lived;		/* ns since its start */
	int64_t cpu;		/* ns */
	uint64_t memory, memory_limit, net_in, net_out, block_in, block_out, pids;
};

struct samples {
	struct sample *v;
	size_t n;
};

/*
 * Of the containers of S, in its order; those that were removed are left out, and those that don't run too
 * unless ALL or they were named. Release with samples_done, also after a failure.
 */
int engine_stats(struct engine *e, const struct selection *s, bool all, struct samples *ret,
		 struct fail *f) MUST_USE;
void samples_done(struct samples *s);

/*
 * A row as podman's templates have it (ID, Name, CPUPerc, MemUsage ...), and as its JSON does (id, name,
 * cpu_percent ...). BEFORE: an earlier sample of the same container, the CPU is that of the time between; NULL: since
 * its start. A new reference. Pure.
 */
json_t *stats_row(const struct sample *now, const struct sample *before, bool no_trunc) MUST_USE;
json_t *stats_json(const struct sample *now, const struct sample *before) MUST_USE;

#endif
