/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_PACK_H
#define STORAGE_PACK_H

#include <stdbool.h>
#include <sys/stat.h>

#include "pkg/util/fail.h"
#include "storage/changes.h"
#include "storage/lower.h"

/*
 * A tree as a tar, in the order of the bytes of the names, a folder before what it holds: the same tree
 * makes the same bytes. Owners, modes, times (whole seconds), hard links, user.* attributes and file
 * capabilities are kept; sockets are left out. Owners that unpacking had to change (storage/unpack/
 * tar_apply.h: user.rbox.owner) are written as they were meant. From within U, which sees all owners.
 *
 * Nothing is followed and every object is opened before it is looked at: the tree may change meanwhile.
 * A file that shrinks is filled up with zeros.
 */
struct pack_opts {
	int out_fd;
	/*
	 * The tree is the upper folder of an overlay on these layers: what it hides becomes .wh.NAME and
	 * .wh..wh..opq (image-spec layer.md). NULL: a plain tree.
	 */
	const struct lower *lower;
	enum changes_of of;	/* with LOWER: what wrote the upper folder */
	bool layer;	/* it becomes an image's layer: an entry called .wh.NAME is refused, it would hide NAME there */
	bool root_entry;	/* "./" first: what the top folder itself is like */
	/* PATH ("etc/hosts") is left out, with what is below it. NULL: nothing is. */
	bool (*skip)(void *ctx, const char *path, const struct stat *st, int dir_fd);
	void *ctx;
};

/* What the folder DIR_FD (O_PATH) holds. -EPIPE without more words: nobody reads any more. */
int pack_tree(int dir_fd, const struct pack_opts *o, struct fail *f) MUST_USE;
/* FD (O_PATH: a file, folder ...) and all below it, called NAME. */
int pack_object(int fd, const char *name, const struct pack_opts *o, struct fail *f) MUST_USE;

#endif
