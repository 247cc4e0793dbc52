// SPDX-License-Identifier: Apache-2.0
#include "pkg/util/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"

int file_sync(int fd)
{
	int r;

	do
		r = fsync(fd);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static int open_temp(int dirfd, const char *name, mode_t mode, char *ret_name, size_t size)
{
	for (int i = 0; i < 100; i++) {
		uint64_t nonce = 0;
		int fd;

		if (getrandom(&nonce, sizeof(nonce), 0) != (ssize_t)sizeof(nonce))
			return -EIO;
		snprintf(ret_name, size, ".%.200s.%012llx", name,
			 (unsigned long long)(nonce & 0xffffffffffffULL));
		fd = fd_open(dirfd, ret_name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0600);
		if (fd != -EEXIST) {
			/* Not by open's mode: the umask of the caller is none of our business. */
			if (fd >= 0 && fchmod(fd, mode) < 0) {
				fd_close(fd);
				(void)unlinkat(dirfd, ret_name, 0);
				return -EIO;
			}
			return fd;
		}
	}
	return -EEXIST;
}

static int write_temp(int fd, const void *data, size_t len, enum file_flags flags)
{
	int r = io_write_full(fd, data, len);

	return r == 0 && (flags & FILE_SYNC) ? file_sync(fd) : r;
}

static int sync_folder(int dirfd)
{
	auto_fd int dir = fd_open(dirfd, ".", O_RDONLY | O_DIRECTORY, 0);

	return dir < 0 ? dir : file_sync(dir);
}

int file_replace(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
		 enum file_flags flags)
{
	char temp[256];
	auto_fd int fd = open_temp(dirfd, name, mode, temp, sizeof(temp));
	int r;

	if (fd < 0)
		return fd;
	r = write_temp(fd, data, len, flags);
	if (r == 0 && renameat(dirfd, temp, dirfd, name) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(dirfd, temp, 0);
		return r;
	}
	return flags & FILE_SYNC ? sync_folder(dirfd) : 0;
}

int file_move(int from_dir, const char *from, int to_dir, const char *to, enum file_flags flags)
{
	int r = renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE) < 0 ? -errno : 0;

	/* No such flag (NFS: EINVAL, old FUSE: ENOSYS): a check, then a rename that can't merge folders. */
	if (r == -EINVAL || r == -ENOSYS) {
		if (faccessat(to_dir, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return -EEXIST;
		r = renameat(from_dir, from, to_dir, to) < 0 ? -errno : 0;
	}
	if (r < 0 || !(flags & FILE_SYNC))
		return r;
	r = sync_folder(to_dir);
	return r == 0 && from_dir != to_dir ? sync_folder(from_dir) : r;
}

int file_read(int dirfd, const char *name, struct str *s)
{
	auto_fd int fd = fd_open(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	return io_read_all(fd, s);
}

int file_lock(int dirfd, const char *name, enum lock_flags flags)
{
	auto_fd int fd = fd_open(dirfd, name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	int op = (flags & LOCK_SHARED ? LOCK_SH : LOCK_EX) | (flags & LOCK_WAIT ? 0 : LOCK_NB);
	int r;

	if (fd < 0)
		return fd;
	do
		r = flock(fd, op);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : fd_take(&fd);
}

bool file_is_locked(int dirfd, const char *name)
{
	auto_fd int fd = fd_open(dirfd, name, O_RDONLY | O_NOFOLLOW, 0);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

static int remove_entry(int dirfd, const char *name, dev_t dev);

static int remove_children(int fd, dev_t dev)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;
	int first = 0;

	if (!d) {
		fd_close(fd);
		return -errno;
	}
	while ((e = readdir(d))) {
		int r;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		r = remove_entry(dirfd(d), e->d_name, dev);
		if (r < 0 && !first)
			first = r;
	}
	closedir(d);
	return first;
}

static int remove_entry(int dirfd, const char *name, dev_t dev)
{
	struct stat st;
	int fd, r;

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0)
		return 0;
	fd = fd_open(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd == -EACCES && fchmodat(dirfd, name, 0700, 0) == 0)
		fd = fd_open(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (fstat(fd, &st) < 0 || (dev && st.st_dev != dev)) {
		fd_close(fd);
		return -EXDEV;
	}
	if ((st.st_mode & 0700) != 0700)
		(void)fchmod(fd, 0700);
	r = remove_children(fd, st.st_dev);
	if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return r < 0 ? r : -errno;
	return r;
}

int file_remove_tree(int dirfd, const char *name)
{
	return remove_entry(dirfd, name, 0);
}
