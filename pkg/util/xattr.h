/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_UTIL_XATTR_H
#define PKG_UTIL_XATTR_H

#include <stdbool.h>
#include <stddef.h>

#include "pkg/util/fail.h"

/* Extended attributes, for whoever copies, packs or unpacks files. */

/*
 * NAME means elsewhere what it means here: user.* and file capabilities. The words of overlays (user.overlay.*,
 * user.fuseoverlayfs.*) and rbox's own (user.rbox.*) mean something only where they are, and the rest isn't ours
 * to set.
 */
bool xattr_travels(const char *name);

struct xattr {
	char *name;
	void *value;	/* a 0 follows it */
	size_t len;
};
struct xattrs {
	struct xattr *v;
	size_t n;
};

/*
 * What one file's may take together, names and values: tens of thousands would fit into the list that the kernel
 * gives, each with 64 KiB of value, and who makes a file decides.
 */
enum { XATTRS_MAX = 16 << 20 };
#define XATTRS_MAX_TEXT "16 MiB"

/*
 * All that FD has (O_PATH will do) and WANTED says yes to. A file system without any, and what may not be read
 * or is gone meanwhile, is no error; more than MAX bytes in all (XATTRS_MAX) are -E2BIG. Release with
 * xattrs_done, also after a failure.
 */
int xattrs_read(int fd, bool (*wanted)(const char *name), size_t max, struct xattrs *ret) MUST_USE;
void xattrs_done(struct xattrs *x);
#define auto_xattrs __attribute__((cleanup(xattrs_done)))

/* One on FD, open for reading or writing. What the file system or our rights don't allow is left out: 0. */
int xattr_set(int fd, const char *name, const void *value, size_t len) MUST_USE;

#endif
