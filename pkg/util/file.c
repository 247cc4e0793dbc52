// SPDX-License-Identifier: Apache-2.0
#include "pkg/util/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
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

/* In a folder that nobody else sees yet there is nothing to replace: no temporary, no rename. */
static int create_in_place(int dirfd, const char *name, const void *data, size_t len, mode_t mode)
{
	auto_fd int fd = fd_open(dirfd, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0600);

	if (fd < 0)
		return fd;
	if (fchmod(fd, mode) < 0)
		return -errno;
	return io_write_full(fd, data, len);
}

int file_replace(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
		 enum file_flags flags)
{
	char temp[256];
	auto_fd int fd = -EBADF;
	int r;

	if (flags & FILE_UNSEEN)
		return create_in_place(dirfd, name, data, len, mode);
	fd = open_temp(dirfd, name, mode, temp, sizeof(temp));
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

static int read_regular(int dirfd, const char *name, int flags, struct str *s)
{
	/* A FIFO must not make us wait for its writer. */
	auto_fd int fd = fd_open(dirfd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | flags, 0);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	/* Masked: the way to make a host's file empty without touching it. */
	if (!(flags & O_NOFOLLOW) && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3))
		return 0;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	return io_read_all(fd, s);
}

int file_read(int dirfd, const char *name, struct str *s)
{
	return read_regular(dirfd, name, O_NOFOLLOW, s);
}

int file_read_linked(int dirfd, const char *name, struct str *s)
{
	return read_regular(dirfd, name, 0, s);
}

static struct flock whole_file(short type)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET };
}

int file_lock(int dirfd, const char *name, enum lock_flags flags)
{
	auto_fd int fd = fd_open(dirfd, name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	struct flock l = whole_file(flags & LOCK_SHARED ? F_RDLCK : F_WRLCK);
	int r;

	if (fd < 0)
		return fd;
	do
		r = fcntl(fd, flags & LOCK_WAIT ? F_OFD_SETLKW : F_OFD_SETLK, &l);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return errno == EACCES || errno == EAGAIN ? -EWOULDBLOCK : -errno;
	return fd_take(&fd);
}

bool file_is_locked(int dirfd, const char *name)
{
	auto_fd int fd = fd_open(dirfd, name, O_RDONLY | O_NOFOLLOW, 0);
	struct flock l = whole_file(F_RDLCK);

	/* No descriptor to be had (EMFILE, ENFILE, ENOMEM) says nothing about the lock. */
	if (fd < 0)
		return fd != -ENOENT && fd != -ENOTDIR && fd != -ELOOP && fd != -EACCES;
	return fcntl(fd, F_OFD_GETLK, &l) < 0 || l.l_type != F_UNLCK;
}

/*
 * Trees come from containers, which may nest folders as deep as they like: at DEPTH_MAX a folder
 * is lifted to the top of the tree instead of being entered, so descriptors and stack are bounded.
 */
enum { REMOVE_DEPTH_MAX = 64 };

struct remover {
	int top_fd;
	dev_t dev;
	unsigned lifted;
};

static int remove_entry(struct remover *rm, int dirfd, const char *name, int depth);

static int remove_children(struct remover *rm, int fd, int depth)
{
	struct dirent *e;
	DIR *d;
	int first = 0, r = fd_opendir(fd, &d);

	if (r < 0)
		return r;
	while ((e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		r = remove_entry(rm, dirfd(d), e->d_name, depth);
		if (r < 0 && !first)
			first = r;
	}
	closedir(d);
	return first;
}

static int lift(struct remover *rm, int dirfd, const char *name)
{
	char to[32];

	snprintf(to, sizeof(to), ".lifted-%u", rm->lifted++);
	return renameat(dirfd, name, rm->top_fd, to) < 0 ? -errno : 0;
}

/* A folder to be emptied, made ours to read and write; its file system in RET_DEV. */
static int open_to_empty(int dirfd, const char *name, dev_t *ret_dev)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
	struct statx sx;
	struct stat st;
	int fd = fd_open(dirfd, name, flags, 0);

	if (fd == -EACCES && fchmodat(dirfd, name, 0700, 0) == 0)
		fd = fd_open(dirfd, name, flags, 0);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0) {
		fd_close(fd);
		return -EIO;
	}
	/* Looked at before anything is changed: a mount's folder (/proc, say) is not ours to open up. */
	if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &sx) == 0 &&
	    (sx.stx_attributes & STATX_ATTR_MOUNT_ROOT)) {
		fd_close(fd);
		return -EBUSY;
	}
	if ((st.st_mode & 0700) != 0700)
		(void)fchmod(fd, 0700);
	*ret_dev = st.st_dev;
	return fd;
}

static int remove_entry(struct remover *rm, int dirfd, const char *name, int depth)
{
	int fd, r, why;
	dev_t dev;

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	why = errno;
	if (why != EISDIR && why != EPERM)
		return -why;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0)
		return 0;
	fd = open_to_empty(dirfd, name, &dev);
	if (fd < 0) /* not a folder: an immutable file, say */
		return fd == -ENOENT ? 0 : fd == -ENOTDIR || fd == -ELOOP ? -why : fd;
	if (dev != rm->dev) {
		fd_close(fd);
		return -EXDEV;
	}
	if (depth == REMOVE_DEPTH_MAX) {
		fd_close(fd);
		return lift(rm, dirfd, name);
	}
	r = remove_children(rm, fd, depth + 1);
	if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return r < 0 ? r : -errno;
	return r;
}

int file_remove_tree(int dirfd, const char *name)
{
	struct remover rm = { 0 };
	auto_fd int top = -EBADF;
	unsigned before;
	int r;

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	r = -errno;
	if (r != -EISDIR && r != -EPERM)
		return r;
	top = open_to_empty(dirfd, name, &rm.dev);
	if (top < 0)
		return top == -ENOENT ? 0 : top == -ENOTDIR || top == -ELOOP ? r : top;
	rm.top_fd = top;
	do {
		int fd = fd_open(top, ".", O_RDONLY | O_DIRECTORY, 0);

		before = rm.lifted;
		r = fd < 0 ? fd : remove_children(&rm, fd, 1);
	} while (r == 0 && rm.lifted != before);
	if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return r < 0 ? r : -errno;
	return r;
}
