/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_UNPACK_UNPACK_H
#define STORAGE_UNPACK_UNPACK_H

#include <stdbool.h>

#include "pkg/oci/digest.h"
#include "storage/unpack/inflate.h"
#include "storage/unpack/tar_apply.h"

/*
 * One layer, from its compressed bytes to its tree: read and inflate in one thread, the sha256 of
 * the tar (the diffID) in another, the tree in the caller's; UNPACK_CHUNKS chunks of UNPACK_CHUNK bytes
 * travel between them and nothing is copied on the way.
 *
 * Runs in a process of its own, inside the user namespace, and walls it (wall.h) before the first byte
 * is read: FOLDER_FD (which holds the tree) and what is below stay in reach, nothing else.
 */
enum { UNPACK_CHUNK = 256 * 1024, UNPACK_CHUNKS = 16 };

struct unpack_opts {
	struct apply_opts apply;
	int in_fd;
	int folder_fd;
	bool wall;
	/*
	 * All that was written is on the disk when unpack_layer returns: one syncfs(2) for the layer. It waits
	 * for others' dirty data, too, but an fsync of each file costs far more, even with writeback
	 * started for all of them before: 3.3 to 19 s against 0.06 to 0.4 s for 5,000 files of 140 MB on
	 * a busy ext4, and says nothing of folders and links on file systems without one journal.
	 */
	bool sync;
};

struct unpack_result {
	struct apply_result tree;
	struct digest diff_id;
	enum inflate_kind kind;
	bool trailing;
	bool useless;	/* what is below has to be known: unpack again, on it */
};

/* 0, also when ret->useless is set (diff_id is right all the same); -errno. */
int unpack_layer(const struct unpack_opts *o, struct unpack_result *ret, struct fail *f) MUST_USE;
void unpack_result_done(struct unpack_result *r);

#endif
