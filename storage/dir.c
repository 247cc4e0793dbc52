// SPDX-License-Identifier: Apache-2.0
#include "storage/dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int dir_list(int dirfd, const char *path, char ***ret)
{
	size_t n = 0, cap = 16;
	struct dirent *e;
	char **v;
	DIR *d;
	int r = fd_opendir(path_open_beneath(dirfd, path, O_RDONLY | O_DIRECTORY, 0), &d);

	if (r < 0)
		return r;
	v = mem_array(cap, sizeof(*v));
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		if (n + 1 == cap) {
			cap *= 2;
			v = mem_resize(v, cap, sizeof(*v));
		}
		v[n++] = mem_strdup(e->d_name);
	}
	closedir(d);
	v[n] = NULL;
	qsort(v, n, sizeof(*v), by_name);
	*ret = v;
	return 0;
}

int dir_random_hex(char *ret, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char raw[32];

	if (n > sizeof(raw) || getrandom(raw, n, 0) != (ssize_t)n)
		return -EIO;
	for (size_t i = 0; i < n; i++) {
		ret[2 * i] = digits[raw[i] >> 4];
		ret[2 * i + 1] = digits[raw[i] & 15];
	}
	ret[2 * n] = '\0';
	return 0;
}

int dir_nonce(char ret[DIR_NONCE_LEN + 1])
{
	return dir_random_hex(ret, DIR_NONCE_LEN / 2);
}

/* One try: -ENOENT when a parent vanishes on the way. */
static int make_once(int dirfd, const char *path)
{
	auto_strv char **parts = strv_split(path, "/", true);
	auto_fd int at = fd_open(dirfd, ".", O_RDONLY | O_DIRECTORY, 0);

	if (at < 0)
		return at;
	strv_each(it, parts) {
		bool made = mkdirat(at, *it, 0700) == 0;
		int next, r;

		if (!made && errno != EEXIST)
			return -errno;
		r = made ? file_sync(at) : 0;
		if (r < 0)
			return r;
		next = path_open_beneath(at, *it, O_RDONLY | O_DIRECTORY, 0);
		if (next < 0)
			return next;
		fd_close(at);
		at = next;
	}
	return fd_take(&at);
}

int dir_make(int dirfd, const char *path)
{
	enum { TRIES = 1000 };
	int fd = -ENOENT;

	for (int i = 0; i < TRIES && fd == -ENOENT; i++)
		fd = make_once(dirfd, path);
	return fd;
}

int dir_lock(int dirfd, bool wait)
{
	auto_fd int fd = file_lock(dirfd, "lock", wait ? LOCK_WAIT : 0);
	struct stat st, dir;

	if (fd < 0)
		return fd == -ENOENT ? -ESTALE : fd;
	/* Only its holder unlinks a lock file: linked now, it stays so until we let it go. */
	if (fstat(fd, &st) < 0 || fstat(dirfd, &dir) < 0)
		return -errno;
	return st.st_nlink && dir.st_nlink ? fd_take(&fd) : -ESTALE;
}
