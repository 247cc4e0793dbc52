/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_UTIL_PATH_H
#define PKG_UTIL_PATH_H

#include <stdbool.h>
#include <sys/types.h>

#include "pkg/util/fail.h"

/*
 * The two ways to open a path below a folder, and no other.
 *
 * path_open_beneath: our own disk. No component may be a symbolic link, leave DIRFD,
 * or cross a mount (openat2 RESOLVE_BENEATH|NO_SYMLINKS|NO_XDEV; openat2(2)).
 * path_open_in_root: content of an image or container. ROOTFD is its "/": absolute
 * links and ".." resolve within it; /proc's magic links are refused.
 *
 * Both return an O_CLOEXEC descriptor the caller owns, or -errno. Where openat2 is
 * missing (ENOSYS) or filtered (EPERM) each component is walked with O_NOFOLLOW.
 */
int path_open_beneath(int dirfd, const char *path, int flags, mode_t mode) MUST_USE;
int path_open_in_root(int rootfd, const char *path, int flags, mode_t mode) MUST_USE;

/*
 * Makes the missing folders of PATH inside ROOTFD (mode MODE) and returns an O_PATH
 * descriptor of the last. A link on the way is followed within the root, and where it leads
 * to nothing (/var/run -> /run in an image without /run) its target is made. The mode of
 * what is made is MODE, whatever the umask.
 */
int path_mkdirs_in_root(int rootfd, const char *path, mode_t mode) MUST_USE;

/* Makes the missing folders of PATH below DIRFD on our own disk; absolute is allowed. */
int path_mkdirs(int dirfd, const char *path, mode_t mode) MUST_USE;

/* What the link NAME in DIRFD says; NULL when it is none. Caller frees. */
char *path_read_link(int dirfd, const char *name) MUST_USE;

/* "a/./b//../c" -> "a/c"; purely lexical; an absolute path stays absolute. Caller frees. */
char *path_clean(const char *path) MUST_USE;

/* A and B with one slash between. Caller frees. */
char *path_join(const char *a, const char *b) MUST_USE;

/* A name that is one safe component: not empty, ".", "..", no slash, at most 255 bytes. */
bool path_is_component(const char *name);

/* The last component (points into PATH); "" behind a slash at the end. */
const char *path_base(const char *path);

#endif
