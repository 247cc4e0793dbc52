// SPDX-License-Identifier: Apache-2.0
#include "storage/lower.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/str.h"

void lower_done(struct lower *l)
{
	for (size_t i = 0; i < l->n; i++)
		fd_close(l->fds[i]);
	free(l->fds);
	l->fds = NULL;
	l->n = 0;
}

bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

bool is_opaque(int fd)
{
	char path[FD_PATH_MAX], c = 0;

	return getxattr(fd_path(fd, path), OVERLAY_OPAQUE, &c, 1) == 1 && c == 'y';
}

/*
 * One layer's word: a descriptor, -ENOENT where the layers below have their say, -EEXIST
 * where they are hidden and nothing is there, -ENOTDIR.
 */
static int find_in(int tree, char *const *names, struct stat *st)
{
	auto_fd int at = fd_open(tree, ".", O_PATH | O_DIRECTORY, 0);
	bool hidden = false;

	if (at < 0)
		return at;
	for (;;) {
		int fd;

		if (fstat(at, st) < 0)
			return -errno;
		if (is_whiteout(st))
			return -EEXIST;
		if (!*names)
			return fd_take(&at);
		if (!S_ISDIR(st->st_mode))
			return -ENOTDIR;
		hidden = hidden || is_opaque(at);
		fd = fd_open(at, *names++, O_PATH | O_NOFOLLOW, 0);
		if (fd < 0)
			return fd == -ENOENT && hidden ? -EEXIST : fd;
		fd_close(at);
		at = fd;
	}
}

int lower_find(const struct lower *l, const char *path, struct stat *ret)
{
	auto_strv char **names = strv_split(path, "/", true);
	char *none[] = { NULL };

	for (size_t i = 0; i < l->n; i++) {
		int fd = find_in(l->fds[i], names ? names : none, ret);

		if (fd != -ENOENT)
			return fd == -EEXIST ? -ENOENT : fd;
	}
	return -ENOENT;
}
