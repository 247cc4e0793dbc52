/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_VIEW_FAR_H
#define PKG_ENGINE_VIEW_FAR_H

#include "pkg/engine/inside.h"
#include "pkg/engine/view.h"

/*
 * The view of a container that lives in another user namespace U than the process that uses it: two containers
 * that were started at once while none ran have one each, with the same ids, and neither gives rights over the
 * other's processes. A child in the container's own opens the view, keeps it, and passes the root: to whom a
 * descriptor was passed may read and write below it by its own ids, which are the same.
 *
 *	far_view_begin	by the command's own process
 *	far_view_open	by the process that uses it, once: in the order in which views are locked
 *	far_view_end	by the command's own process, after that process has ended
 */
struct far_view {
	struct inside_job job;
	int sock;		/* -EBADF: there is none */
	int theirs;		/* the child's end */
	const struct store *store;
	const struct container *ctr;
};
#define FAR_VIEW_INIT { .sock = -EBADF, .theirs = -EBADF }

/* Of A and B, processes in them (container_userns_hint; 0: unknown): they are two. */
bool far_view_needed(pid_t a, pid_t b);

/* STORE and C must live until far_view_end, as must RET where it is. */
int far_view_begin(const struct store *s, const struct container *c, pid_t hint, struct far_view *ret,
		   struct fail *f) MUST_USE;
int far_view_open(const struct far_view *v, struct ctr_view *ret, struct fail *f) MUST_USE;
/* Its own failure, which far_view_open couldn't tell. Always to be called after far_view_begin. */
int far_view_end(struct far_view *v, void (*warn)(const char *fmt, ...), struct fail *f) MUST_USE;

#endif
