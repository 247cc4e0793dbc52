/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_EVENTS_H
#define PKG_ENGINE_EVENTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "pkg/util/fail.h"
#include "storage/store.h"

/*
 * The events of a store (pkg/engine/event.h), read without a lock while others write and rotate them.
 *
 *	events_open(store, &opts, &ev, f);
 *	while ((r = events_read(ev, sink, ctx, f)) > 0 && events_wait(ev))
 *		;
 *	events_free(ev);
 */
struct events_opts {
	bool from_start;	/* what is there already, too */
	bool follow;		/* then wait for more, up to UNTIL */
	int64_t since, until;	/* ns; 0: no bound */
	char *const *filters;	/* "KEY=VALUE"; borrowed */
};

struct events;

/* Failures: a filter that is none, with the list of those there are. */
int events_open(const struct store *s, const struct events_opts *o, struct events **ret, struct fail *f) MUST_USE;
/*
 * Gives SINK each event that the filters let through, as it stands in the file. 1: more may
 * come, 0: that was all, -errno: SINK's failure, or ours.
 */
int events_read(struct events *ev, int (*sink)(void *ctx, json_t *event, struct fail *f), void *ctx,
		struct fail *f) MUST_USE;
/* Waits until there may be more, a second at most; false: nobody reads our stdout any more. */
bool events_wait(struct events *ev) MUST_USE;
void events_free(struct events *ev);

/* Pure. podman's rules: the values of one key are alternatives, different keys all hold. */
int events_filter_check(char *const *filters, struct fail *f) MUST_USE;
bool events_filter_match(char *const *filters, const json_t *event);

#endif
