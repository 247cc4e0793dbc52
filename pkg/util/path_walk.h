/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_UTIL_PATH_WALK_H
#define PKG_UTIL_PATH_WALK_H

#include <stdint.h>
#include <sys/types.h>

#include "pkg/util/fail.h"

/*
 * The walk that path.c falls back to where openat2 is missing or filtered, by itself, so
 * that tests can hold it against openat2. Only path.c, file.c and tests include this.
 */
enum walk_flags {
	WALK_BENEATH = 1 << 0,	/* path_open_beneath's rules; else path_open_in_root's */
	WALK_MKDIRS = 1 << 1,	/* makes missing folders, behind dangling links too; MODE is theirs */
};
int path_walk(int rootfd, const char *path, int flags, mode_t mode, enum walk_flags how) MUST_USE;

/* What tells one mount from another: its id (Linux 5.8), or else the device. */
int path_mount_of(int fd, uint64_t *ret) MUST_USE;

#endif
