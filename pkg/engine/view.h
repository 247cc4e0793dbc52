/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_VIEW_H
#define PKG_ENGINE_VIEW_H

#include <stdbool.h>

#include "pkg/engine/container.h"
#include "runtime/view.h"
#include "storage/changes.h"

/*
 * The file systems of a container, for cp, export, diff and commit. Opened from within U
 * (pkg/engine/inside.h), in the process that uses them.
 */
struct ctr_view {
	struct view view;	/* view.root_fd: the root, O_PATH */
	char *prefix;		/* the root as /proc/self/fd names it: what view_path takes off */
	int lock_fd;		/* of a stopped container: nobody starts it meanwhile */
};
#define CTR_VIEW_INIT { .view = VIEW_INIT, .lock_fd = -EBADF }

enum ctr_view_how {
	CTR_VIEW_MOUNTED,	/* as inside: with volumes and binds, and in a running one with its tmpfs, /proc ... */
	CTR_VIEW_BARE,		/* the root's own file system alone */
};
int ctr_view_open(const struct store *s, const struct container *c, enum ctr_view_how how, struct ctr_view *ret,
		  struct fail *f) MUST_USE;
void ctr_view_done(struct ctr_view *v);
#define auto_ctr_view __attribute__((cleanup(ctr_view_done)))

/* Where FD, opened below the root, lies in the container: "/etc/passwd". Caller frees. -errno, *RET NULL. */
int ctr_view_path(const struct ctr_view *v, int fd, char **ret) MUST_USE;

/* The container's writable layer: rw/upper, O_PATH, as it lies on disk; -ENOENT for --rootfs. */
int ctr_view_upper(const struct container *c, struct fail *f) MUST_USE;

/* What has written to it. */
enum changes_of ctr_view_upper_of(const struct container *c);

/* The trees of the container's image, the topmost first; for storage/lower.h. */
struct lower;
int ctr_view_lower(const struct store *s, const struct container *c, struct lower *ret, struct fail *f) MUST_USE;

#endif
