/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_PS_H
#define PKG_ENGINE_PS_H

#include <jansson.h>

#include "pkg/engine/engine.h"

enum ps_sort {
	PS_NEWEST, PS_CREATED, PS_COMMAND, PS_ID, PS_IMAGE, PS_NAMES, PS_RUNNINGFOR, PS_SIZE, PS_STATUS,
};

struct ps_opts {
	bool all, full;		/* full: rows need more than summary and state (labels, mounts, whole commands) */
	bool no_trunc;
	bool size;		/* count what they take on disk: slow */
	bool namespaces;	/* of those that run */
	int last;		/* the newest N, 0: all */
	enum ps_sort sort;
	char **filters;		/* key=value */
};

/*
 * One JSON object per container, with podman's keys (Id, Names, State ...) and beside them the
 * words of templates (ID, RunningFor, CommandLine, PortsText ...), as cmd/ps.c sorts them. Reads take no
 * lock; a container that is being removed or is broken is passed over (E->warn names the latter).
 */
int engine_ps(struct engine *e, const struct ps_opts *o, json_t **ret, struct fail *f) MUST_USE;

#endif
