// SPDX-License-Identifier: Apache-2.0
#include "pkg/util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/mem.h"

/* Nobody asks for that of /dev/null: by it one that stands for a closed descriptor is told, across exec too. */
enum { GUARD_FLAGS = O_WRONLY | O_SYNC };

int fd_open(int dirfd, const char *path, int flags, mode_t mode)
{
	int fd;

	do
		fd = openat(dirfd, path, flags | O_CLOEXEC, mode);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

int fd_dup(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	return copy < 0 ? -errno : copy;
}

int fd_pipe(int ret_pipe[2])
{
	return pipe2(ret_pipe, O_CLOEXEC) < 0 ? -errno : 0;
}

int fd_socketpair(int type, int ret_pair[2])
{
	return socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ret_pair) < 0 ? -errno : 0;
}

int fd_memfd(const char *name, unsigned flags)
{
	int fd = memfd_create(name, flags | MFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int fd_set_cloexec(int fd, int on)
{
	return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) < 0 ? -errno : 0;
}

int fd_set_nonblock(int fd, int on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -errno;
	flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags) < 0 ? -errno : 0;
}

int fd_close(int fd)
{
	int saved = errno;

	/* Never tried again on EINTR: Linux has freed the number by then (close(2)). */
	if (fd >= 0)
		close(fd);
	errno = saved;
	return -EBADF;
}

int fd_take(int *fd)
{
	int v = *fd;

	*fd = -EBADF;
	return v;
}

void fd_close_ptr(int *fd)
{
	*fd = fd_close(*fd);
}

int fd_std_guard(void)
{
	for (int i = 0; i < 3; i++) {
		if (fcntl(i, F_GETFD) >= 0)
			continue;
		/* The lowest free number is I: all below are open. Not close-on-exec, as stdio isn't. */
		if (open("/dev/null", i ? GUARD_FLAGS : O_RDONLY) < 0)
			return -errno;
	}
	return 0;
}

bool fd_std_was_closed(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat st, null;

	return flags >= 0 && (flags & (O_ACCMODE | O_SYNC)) == GUARD_FLAGS && fstat(fd, &st) == 0 &&
	       S_ISCHR(st.st_mode) && stat("/dev/null", &null) == 0 && st.st_rdev == null.st_rdev;
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

int fd_close_others(int *keep, size_t n)
{
	int next = 0;

	qsort(keep, n, sizeof(keep[0]), by_number);
	for (size_t i = 0; i < n; i++) {
		if (keep[i] < 3)
			continue;
		if (keep[i] > next)
			(void)close_range((unsigned)next, (unsigned)keep[i] - 1, 0);
		next = keep[i] + 1;
	}
	(void)close_range((unsigned)next, ~0U, 0);
	return fd_std_guard();
}

int fd_opendir(int fd, DIR **ret)
{
	int r;

	*ret = NULL;
	if (fd < 0)
		return fd;
	*ret = fdopendir(fd);
	if (*ret)
		return 0;
	r = -errno;
	fd_close(fd);
	return r;
}

const char *fd_path(int fd, char buf[FD_PATH_MAX])
{
	snprintf(buf, FD_PATH_MAX, "/proc/self/fd/%d", fd);
	return buf;
}

char *fd_name(int fd)
{
	char path[FD_PATH_MAX], text[8192];
	ssize_t n = readlink(fd_path(fd, path), text, sizeof(text) - 1);

	if (n < 0 || n == (ssize_t)sizeof(text) - 1)
		return NULL;
	text[n] = '\0';
	return mem_strdup(text);
}

int fd_send(int sock, const void *data, size_t len, const int *fds, size_t n)
{
	union {
		char buf[CMSG_SPACE(FD_SEND_MAX * sizeof(int))];
		struct cmsghdr align;
	} u = { { 0 } };
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t r;

	if (n > FD_SEND_MAX)
		return -EINVAL;
	if (n) {
		struct cmsghdr *c;

		m.msg_control = u.buf;
		m.msg_controllen = CMSG_SPACE(n * sizeof(int));
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	}
	do
		r = sendmsg(sock, &m, MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	return (size_t)r == len ? 0 : -EIO;
}

static size_t take_fds(struct msghdr *m, int *fds, size_t max, int *ret_extra)
{
	size_t n = 0;

	*ret_extra = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		size_t count;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (n < max) {
				fds[n++] = fd;
			} else {
				fd_close(fd);
				*ret_extra = 1;
			}
		}
	}
	return n;
}

ssize_t fd_recv(int sock, void *data, size_t len, int *fds, size_t max, size_t *ret_n)
{
	union {
		char buf[CMSG_SPACE(FD_SEND_MAX * sizeof(int))];
		struct cmsghdr align;
	} u;
	struct iovec iov = { .iov_base = data, .iov_len = len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = u.buf,
			    .msg_controllen = sizeof(u.buf) };
	int extra;
	ssize_t r;

	*ret_n = 0;
	do
		r = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	*ret_n = take_fds(&m, fds, max, &extra);
	if (extra || (m.msg_flags & MSG_CTRUNC)) {
		while (*ret_n)
			fd_close(fds[--*ret_n]);
		return -EMFILE;
	}
	/* Part of a message is none. */
	if (m.msg_flags & MSG_TRUNC) {
		while (*ret_n)
			fd_close(fds[--*ret_n]);
		return -EMSGSIZE;
	}
	return r;
}
