/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_PS_PART_H
#define PKG_ENGINE_PS_PART_H

#include "pkg/engine/config.h"
#include "pkg/engine/ps.h"
#include "pkg/engine/size.h"
#include "pkg/engine/summary.h"
#include "runtime/state.h"

/* What the files ps*.c share; nobody else includes this. */
struct ps_row {
	char *id;
	struct summary summary;
	struct state state;
	struct container_config config;	/* only when it was needed */
	struct size size;		/* the same; -1: couldn't be counted */
};

/* "starting", "healthy", "unhealthy", or "" without a check. */
const char *ps_health(const struct ps_row *r);

/* The filters, looked at once: names resolved, words checked. */
struct ps_filter {
	const struct ps_opts *o;
	int64_t before, since;	/* 0: not asked for */
	char **ancestors;	/* ids of images that an ancestor= names */
};

/* Refuses what is no filter. Release with ps_filter_done, also after a failure. */
int ps_filter_init(struct engine *e, const struct ps_opts *o, struct ps_filter *ret, struct fail *f) MUST_USE;
void ps_filter_done(struct ps_filter *p);
/* Whether a filter looks at the config, which costs a thousand times a summary. */
bool ps_filter_wants_config(const struct ps_filter *p);
bool ps_filter_match(const struct ps_filter *p, const struct ps_row *r);

#endif
