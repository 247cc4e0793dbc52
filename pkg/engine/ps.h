/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_PS_H
#define PKG_ENGINE_PS_H

#include <jansson.h>

#include "pkg/engine/engine.h"

struct ps_opts {
	bool all, full;		/* full: rows need more than summary and state (json, templates) */
	bool no_trunc;
	int last;		/* the newest N, 0: all */
	char **filters;		/* key=value */
};

/*
 * One JSON object per container, newest first, with podman's keys (COMPAT 4.2: Id, Names, State ...)
 * and beside them the words of templates (ID, Command as one string, RunningFor ...). Reads take no
 * lock; a container that is being removed or is broken is passed over (E->warn names the latter).
 */
int engine_ps(struct engine *e, const struct ps_opts *o, json_t **ret, struct fail *f) MUST_USE;

#endif
