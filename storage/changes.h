/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_CHANGES_H
#define STORAGE_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "storage/lower.h"

/*
 * A folder of an overlay's upper layer, read entry by entry: what is there, in the order of the bytes
 * of the names, and what the overlay means by it. Works on an upper folder as the kernel writes it
 * (0/0 devices, user.overlay.opaque) and as fuse-overlayfs does where it can't make devices (.wh.NAME,
 * .wh..wh..opq, user.fuseoverlayfs.opaque).
 */
enum change_kind {
	CHANGE_ENTRY,	/* a file, folder, link ... of the layer */
	CHANGE_GONE,	/* NAME of the layers below is hidden, nothing stands there */
};

struct change {
	char *name;	/* owned; of CHANGE_GONE: the name that is gone */
	enum change_kind kind;
	struct stat st;	/* lstat of an entry */
};

struct changes {
	struct change *v;
	size_t n;
	bool opaque;	/* what the layers below have in this folder is hidden */
};

/*
 * DIR_FD: the folder, O_PATH or open. OVERLAY: it is an upper layer's; else of a plain tree, where all
 * entries are what they are. -errno. Release in any case.
 */
int changes_read(int dir_fd, bool overlay, struct changes *ret) MUST_USE;
void changes_done(struct changes *c);
#define auto_changes __attribute__((cleanup(changes_done)))

/* The mark of an opaque folder, in any of its forms but .wh..wh..opq, on an O_PATH descriptor. */
bool change_is_opaque(int fd);

#endif
