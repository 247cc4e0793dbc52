/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_UTIL_FILE_H
#define PKG_UTIL_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "pkg/util/fail.h"
#include "pkg/util/str.h"

/*
 * Files of our own disk. file_replace is the only maker of files that others read:
 * an O_EXCL temporary beside the target, written, renamed over it. With FILE_SYNC the
 * file and then its folder are fsynced, so that the new content survives a power cut;
 * without, a crash leaves the old content or the new one (what a boot voids needs no more).
 */
enum file_flags {
	FILE_SYNC = 1 << 0,
	FILE_UNSEEN = 1 << 1,	/* the folder is still in the making, ours alone: written in place, must be new */
};

int file_replace(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
		 enum file_flags flags) MUST_USE;

/* Reads the whole of a regular file; its size is bounded by S's ceiling (-EFBIG). */
int file_read(int dirfd, const char *name, struct str *s) MUST_USE;

/*
 * The same of a file that is the system's or the user's to arrange, not of our own store: it may be a link
 * (/etc/resolv.conf with systemd-resolved, all of /etc with NixOS). A folder is -EISDIR; /dev/null in
 * its place is an empty file.
 */
int file_read_linked(int dirfd, const char *name, struct str *s) MUST_USE;

/*
 * Renames a file or folder to a name that must be free (-EEXIST, or -ENOTEMPTY from file systems
 * without RENAME_NOREPLACE). FILE_SYNC: both folders are fsynced then, FROM_DIR only when it differs.
 */
int file_move(int from_dir, const char *from, int to_dir, const char *to,
	      enum file_flags flags) MUST_USE;

/* fsync of an open file or folder. */
int file_sync(int fd) MUST_USE;

/*
 * A lock on an open file description (fcntl(2), F_OFD_SETLK: unlike flock it can be asked for
 * without being taken, so that a reader of states never gets in the way of a start). It is held
 * as long as the returned descriptor (and its copies in children) is open.
 * The file is made when missing. Not waiting and held elsewhere: -EWOULDBLOCK.
 */
enum lock_flags { LOCK_WAIT = 1 << 0, LOCK_SHARED = 1 << 1 };
int file_lock(int dirfd, const char *name, enum lock_flags flags) MUST_USE;

/*
 * True while somebody holds the lock of file NAME exclusively; false when the file is missing. Where that
 * can't be found out (no descriptors left) true: whose lock is free is taken for dead, swept and removed.
 */
bool file_is_locked(int dirfd, const char *name);

/* Removes a tree, following no link and crossing no mount; missing is success. */
int file_remove_tree(int dirfd, const char *name) MUST_USE;

#endif
