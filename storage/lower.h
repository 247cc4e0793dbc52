/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_LOWER_H
#define STORAGE_LOWER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "pkg/util/fail.h"

/*
 * A stack of unpacked layers read as the overlay would show it (kernel's
 * Documentation/filesystems/overlayfs.rst), without a mount: 0/0 devices hide a name,
 * user.overlay.opaque=y hides what is below a folder, a folder over a folder merges.
 */
struct lower {
	int *fds;	/* O_PATH of the layers' trees, the topmost first; owned */
	size_t n;
};
void lower_done(struct lower *l);

/*
 * PATH is relative, without links on the way ("" is the root). Returns an O_PATH descriptor of what
 * is seen there (of a folder: of the topmost layer that has it) with its lstat, or -ENOENT,
 * -ENOTDIR (something on the way is no folder).
 */
int lower_find(const struct lower *l, const char *path, struct stat *ret) MUST_USE;

bool is_whiteout(const struct stat *st);
/* The mark of an opaque folder on the object an O_PATH descriptor names. */
bool is_opaque(int fd);

#define OVERLAY_OPAQUE "user.overlay.opaque"

#endif
