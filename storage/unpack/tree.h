/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_UNPACK_TREE_H
#define STORAGE_UNPACK_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "storage/lower.h"
#include "pkg/util/fail.h"

/*
 * The tree of a layer that is being unpacked, and how a name in its tar becomes a folder of it.
 * Names are walked one component at a time, each opened by O_NOFOLLOW: a link in the
 * tree is read and its target walked from the tree's own root, ".." pops what was walked,
 * so no name and no link leads out of the tree. Folders walked stay open for the next name.
 *
 * With LOWER (what is below is known) a folder that isn't in the tree is made as the lower
 * layers have it, or 0755 root. Without, the layer turns out to depend on what is below:
 * tree_enter returns TREE_DEPENDS and *depends says why.
 */
enum { TREE_DEPTH_MAX = 200, TREE_LINKS_MAX = 40, TREE_DEPENDS = 1 };

struct walk {
	size_t depth;
	int fds[TREE_DEPTH_MAX];
	char *names[TREE_DEPTH_MAX];
};

struct tree_time {
	char *path;
	struct timespec mtime;
};

struct tree {
	int root_fd;
	const struct lower *lower;	/* NULL: not known */
	struct walk main, link;
	struct tree_time *times;	/* folders' times, set when all is in place */
	size_t n_times;
	char *depends;	/* why the tree fits only the layers it was unpacked on */
};

void tree_init(struct tree *t, int root_fd, const struct lower *lower);
void tree_done(struct tree *t);

/*
 * Walks N components of COMPS from the root. 0: W stands there (walk_fd, walk_path); TREE_DEPENDS;
 * -errno. COMPS hold no "." and no empty one.
 */
int tree_enter(struct tree *t, struct walk *w, char *const *comps, size_t n, struct fail *f) MUST_USE;
int walk_fd(const struct tree *t, const struct walk *w);
/* "usr/lib/NAME"; NAME may be NULL. Caller frees. */
char *walk_path(const struct walk *w, const char *name) MUST_USE;
/* A folder was taken out of the tree: nothing below it may stay open. */
void tree_forget(struct tree *t);
/* Notes that the tree is like this only on what is below. TREE_DEPENDS when that isn't known, else 0. */
int tree_depends(struct tree *t, const char *why, const char *path);

/* True when what the lower layers have in the folder W stands in isn't seen: an ancestor is opaque. */
bool tree_hidden(const struct tree *t, const struct walk *w);
/* What the lower layers show at W's folder/NAME; -ENOENT also when hidden or nothing is below. */
int tree_lower(const struct tree *t, const struct walk *w, const char *name, struct stat *ret) MUST_USE;
/* Copies owner, mode, times and xattrs of FROM (O_PATH) to NAME in DIR_FD. */
int tree_copy_meta(int from, const struct stat *st, int dir_fd, const char *name, struct fail *f) MUST_USE;

/* Remembers the time of a folder; the last word counts. */
void tree_time_add(struct tree *t, char *path_owned, struct timespec mtime);
/* Sets all of them: called once nothing is put into folders any more. */
int tree_times_apply(struct tree *t, struct fail *f) MUST_USE;

#endif
