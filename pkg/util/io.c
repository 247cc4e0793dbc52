// SPDX-License-Identifier: Apache-2.0
#include "pkg/util/io.h"

#include <errno.h>
#include <unistd.h>

#include "pkg/util/mem.h"

enum { CHUNK = 128 * 1024 };

ssize_t io_read(int fd, void *buf, size_t len)
{
	ssize_t n;

	do
		n = read(fd, buf, len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

ssize_t io_read_full(int fd, void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = io_read(fd, (char *)buf + done, len - done);

		if (n < 0)
			return n;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

ssize_t io_write(int fd, const void *buf, size_t len)
{
	ssize_t n;

	do
		n = write(fd, buf, len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

int io_write_full(int fd, const void *buf, size_t len)
{
	const char *p = buf;

	while (len) {
		ssize_t n = io_write(fd, p, len);

		if (n < 0)
			return (int)n;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int io_read_all(int fd, struct str *s)
{
	char buf[8192];
	ssize_t n;

	while ((n = io_read(fd, buf, sizeof(buf))) > 0) {
		str_addn(s, buf, (size_t)n);
		if (str_failed(s))
			return -EFBIG;
	}
	return (int)n;
}

static int copy_by_hand(int from, int to, uint64_t len)
{
	auto_free char *buf = mem_alloc(CHUNK);

	while (len) {
		ssize_t n = io_read(from, buf, len < CHUNK ? (size_t)len : CHUNK);
		int r;

		if (n <= 0)
			return (int)n;
		r = io_write_full(to, buf, (size_t)n);
		if (r < 0)
			return r;
		len -= (uint64_t)n;
	}
	return 0;
}

int io_copy(int from, int to, uint64_t len)
{
	while (len) {
		size_t want = len < (1U << 30) ? (size_t)len : 1U << 30;
		ssize_t n = copy_file_range(from, NULL, to, NULL, want, 0);

		if (n == 0)
			return copy_by_hand(from, to, len); /* the end, or a file of /proc that says 0 */
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS ||
			      errno == EOPNOTSUPP || errno == EBADF || errno == EPERM))
			return copy_by_hand(from, to, len);
		if (n < 0)
			return -errno;
		len -= (uint64_t)n;
	}
	return 0;
}
