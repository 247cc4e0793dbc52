/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_UTIL_FD_H
#define PKG_UTIL_FD_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "pkg/util/fail.h"

/*
 * Descriptors. Every one is close-on-exec at birth and none is ever 0, 1 or 2 by
 * accident (fd_std_guard opens /dev/null on those that the caller left closed).
 * An owned descriptor lives in an `auto_fd int x = -EBADF`. All return -errno.
 */

int fd_open(int dirfd, const char *path, int flags, mode_t mode) MUST_USE;
int fd_dup(int fd) MUST_USE;	/* >= 3 */
int fd_pipe(int ret_pipe[2]) MUST_USE;	/* [0] is read, [1] written */
/* A pair of connected sockets of TYPE (SOCK_SEQPACKET or SOCK_STREAM). */
int fd_socketpair(int type, int ret_pair[2]) MUST_USE;
int fd_memfd(const char *name, unsigned flags) MUST_USE;
int fd_set_cloexec(int fd, int on) MUST_USE;
int fd_set_nonblock(int fd, int on) MUST_USE;

/* Closes unless negative, keeps errno, returns -EBADF: `fd = fd_close(fd);` */
int fd_close(int fd);

/* Moves the descriptor out: returns it and leaves -EBADF. */
int fd_take(int *fd) MUST_USE;

/* Opens /dev/null on those of 0, 1 and 2 that are closed. */
int fd_std_guard(void) MUST_USE;

/* Whether FD, 1 or 2, was closed before fd_std_guard opened it, here or in the program that executed us. */
bool fd_std_was_closed(int fd);

/*
 * For a process that was forked to live by itself: closes every descriptor but the N of KEEP (which is
 * sorted; entries below 3 stand for none), and opens /dev/null on 0, 1 and 2.
 */
int fd_close_others(int *keep, size_t n) MUST_USE;

/*
 * The folder FD for readdir. FD is taken over in every case, and may be the failure (-errno) of what should
 * have opened it, which is handed on. closedir() ends it.
 */
int fd_opendir(int fd, DIR **ret) MUST_USE;

/* "/proc/self/fd/N" for the calls that take only paths. */
enum { FD_PATH_MAX = 32 };
const char *fd_path(int fd, char buf[FD_PATH_MAX]);
/* What the kernel says it is called, by a link of /proc/self/fd. NULL with errno set when there is no telling. Caller frees. */
char *fd_name(int fd) MUST_USE;

/*
 * One message of LEN bytes with up to FD_SEND_MAX descriptors over a unix socket.
 * fd_recv returns the bytes received (0: the peer closed) and sets *ret_n to the
 * number of descriptors it put into FDS, all close-on-exec and the caller's to close;
 * a message with more descriptors than MAX is refused with -EMFILE, one longer than LEN
 * (SOCK_SEQPACKET) with -EMSGSIZE.
 */
enum { FD_SEND_MAX = 16 };
int fd_send(int sock, const void *data, size_t len, const int *fds, size_t n) MUST_USE;
ssize_t fd_recv(int sock, void *data, size_t len, int *fds, size_t max, size_t *ret_n) MUST_USE;

void fd_close_ptr(int *fd);
#define auto_fd __attribute__((cleanup(fd_close_ptr), unused))

#endif
