/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_UTIL_COPY_H
#define PKG_UTIL_COPY_H

#include <stdbool.h>
#include <sys/types.h>

#include "pkg/util/fail.h"

/*
 * Copies files and trees between two places of which one may be hostile and may change while it is read:
 * everything is opened by one name at a time below a descriptor, no link is followed, and what is read is
 * the very object that was looked at. Content goes by copy_file_range where the kernel can, holes stay
 * holes. Mode, time, user.* attributes and hard links within what is copied are kept.
 */
enum copy_owner {
	COPY_OURS,	/* whoever copies owns it, as with cp(1) */
	COPY_KEEP,	/* the source's */
	COPY_GIVEN,	/* uid, gid */
};

struct copy_opts {
	enum copy_owner owner;
	uid_t uid;
	gid_t gid;
	/*
	 * It comes from somebody who is not trusted: no setuid and setgid bits, no capabilities, or a program
	 * of a container would run with our rights here.
	 */
	bool untrusted;
	bool overwrite;		/* a folder replaces what is none and the other way round; else refused */
	bool skip_unreadable;	/* what can't be read is passed over */
	/* "PATH WHAT": what was passed over (devices, sockets, /proc below a folder ...), and why. May be NULL. */
	void (*note)(void *ctx, const char *path, const char *what);
	void *ctx;
};

/* FD lies on a file system of the kernel's (/proc, /sys ...): what its folders hold is no data, and without end. */
bool copy_is_kernels(int fd);

/*
 * FROM (O_PATH: a file, folder, link or FIFO) as NAME in folder TO_DIR. A folder that is there already is
 * merged into, and gets the source's mode and owner; a file is replaced, its other names keep the old content.
 * A folder of the kernel's is refused at the top, and passed over below.
 */
int copy_object(int from, int to_dir, const char *name, const struct copy_opts *o, struct fail *f) MUST_USE;

/* What the folder FROM (O_PATH) holds into the folder TO_DIR, which stays as it is itself. */
int copy_contents(int from, int to_dir, const struct copy_opts *o, struct fail *f) MUST_USE;

/* What the folder FROM (O_PATH) itself is like to the folder TO (no O_PATH): owner, attributes, mode, times. */
int copy_likeness(int from, int to, const struct copy_opts *o, struct fail *f) MUST_USE;

#endif
