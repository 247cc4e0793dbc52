/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_UNPACK_TAR_APPLY_H
#define STORAGE_UNPACK_TAR_APPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/lower.h"
#include "storage/unpack/tar_read.h"
#include "pkg/util/fail.h"

/*
 * Unpacks the tar of a layer (image-spec layer.md) into an empty folder, as the overlay wants it:
 *
 *	.wh.NAME      a 0/0 device NAME; nothing when the layer itself has NAME, or when it is known
 *	              that nothing is there to hide
 *	.wh..wh..opq  user.overlay.opaque=y on its folder
 *	.wh..wh.*     other marks of aufs: passed over
 *
 * Owners are as in the tar. Ids that this user namespace doesn't map, and all but 0 where it maps
 * no other (single-uid mode), are stored as 65534, or 0 where that isn't mapped either, and
 * kept in an attribute, so that a later push has them right:
 *
 *	user.rbox.owner = "UID:GID"          on a file or folder
 *	user.rbox.owner.NAME = "UID:GID"     of a link or special file, on the folder that holds it
 *
 * Devices can't be made without privileges: an empty file of mode 000 holds their place. What
 * differs from the tar is said in `changed`, and never fails the layer. Attributes that only
 * overlay or rbox may set (user.overlay.*, trusted.overlay.*, user.rbox.*) are not taken from a tar.
 *
 * Refused: archives that end too soon or make no sense, names nested more than 200 deep, whiteouts
 * of "." and "..", hard links to what isn't there, more than APPLY_ENTRIES_MAX entries, and
 * writing on when less than a hundredth of the disk (at most 1 GiB) is free.
 * Names with ".." stay within the tree: "../../x" is "x".
 */
enum { APPLY_ENTRIES_MAX = 5000000, APPLY_CHANGED_MAX = 100, APPLY_RANGES_MAX = 340 };

struct id_range { int64_t first, count; };
struct id_ranges {
	struct id_range v[APPLY_RANGES_MAX];	/* the kernel's own maximum */
	size_t n;
};
/* Ids mapped in our user namespace (user_namespaces(7)). */
int id_ranges_load(const char *proc_file, struct id_ranges *ret, struct fail *f) MUST_USE;

struct apply_opts {
	int tree_fd;
	const struct lower *lower;	/* NULL: what is below isn't known (yet) */
	struct id_ranges uids, gids;
};

struct apply_result {
	int64_t size;		/* bytes of regular files */
	int64_t files;		/* entries */
	char **changed;
	size_t n_changed;	/* of all, CHANGED holds the first APPLY_CHANGED_MAX */
	char *depends;		/* why the tree fits only what it was unpacked on; NULL: any layers */
	char **whiteouts;	/* folders that hold whiteouts: they have to merge with what is below */
	bool root_named;	/* the tar says what the root folder is like */
};
void apply_result_done(struct apply_result *r);

/*
 * Reads T to the end of the archive (not of the stream: tar_drain). 0; TREE_DEPENDS (1) when LOWER would
 * have to be known, the tree being of no use then; -errno.
 */
int tar_apply(struct tar *t, const struct apply_opts *o, struct apply_result *ret, struct fail *f) MUST_USE;

#endif
