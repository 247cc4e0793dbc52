/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_CHANGES_H
#define STORAGE_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "storage/lower.h"

/*
 * A folder of an overlay's upper layer, read entry by entry: what is there, in the order of the bytes
 * of the names, and what the overlay means by it.
 */
enum changes_of {
	CHANGES_NONE,	/* a plain tree: all entries are what they are */
	/* 0/0 devices, user.overlay.opaque. To the kernel ".wh.NAME" is a name like others: anybody may use it. */
	CHANGES_KERNEL,
	/*
	 * Also what fuse-overlayfs writes where it can't make devices: .wh.NAME, .wh..wh..opq,
	 * user.fuseoverlayfs.opaque; it lets nobody else use these names.
	 */
	CHANGES_FUSE,
};

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
 * DIR_FD: the folder, O_PATH or open. OF: what wrote it as its upper layer. -errno. Release in any case.
 */
int changes_read(int dir_fd, enum changes_of of, struct changes *ret) MUST_USE;
void changes_done(struct changes *c);
#define auto_changes __attribute__((cleanup(changes_done)))

/* The mark of an opaque folder, in any of its forms but .wh..wh..opq, on an O_PATH descriptor. */
bool change_is_opaque(int fd, enum changes_of of);

#endif
