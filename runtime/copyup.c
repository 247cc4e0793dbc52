// SPDX-License-Identifier: Apache-2.0
#include "runtime/copyup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"

/* A tree deeper than this is hostile: each level holds two descriptors. */
enum { DEPTH_MAX = 200 };

static int copy_folder(int from, int to, int depth, struct fail *f);

/*
 * By descriptor: into a volume another container may write meanwhile, and what a name stands for there
 * may have become a link out of it.
 */
static int copy_meta(int fd, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (fchown(fd, st->st_uid, st->st_gid) < 0 && errno != EINVAL && errno != EPERM)
		return -errno;
	if (fchmod(fd, st->st_mode & 07777) < 0 || futimens(fd, times) < 0)
		return -errno;
	return 0;
}

static int copy_file(int from, int to, const char *name, const struct stat *st)
{
	auto_fd int in = fd_open(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	auto_fd int out = -EBADF;
	int r;

	if (in < 0)
		return in;
	out = fd_open(to, name, O_CREAT | O_EXCL | O_WRONLY, 0600);
	/* Of a copy that was killed: this one is whole. */
	if (out == -EEXIST && unlinkat(to, name, 0) == 0)
		out = fd_open(to, name, O_CREAT | O_EXCL | O_WRONLY, 0600);
	r = out < 0 ? out : io_copy(in, out, UINT64_MAX);
	return r < 0 ? r : copy_meta(out, st);
}

static int copy_link(int from, int to, const char *name, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	char target[4096];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	if (symlinkat(target, to, name) < 0 && errno != EEXIST)
		return -errno;
	if (fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != EINVAL && errno != EPERM)
		return -errno;
	return utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int copy_sub(int from, int to, const char *name, int depth, const struct stat *st, struct fail *f)
{
	auto_fd int in = fd_open(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	auto_fd int out = -EBADF;
	int r;

	if (in < 0)
		return fail(f, -in, "copy '%s' up", name);
	if (mkdirat(to, name, 0700) < 0 && errno != EEXIST)
		return fail(f, errno, "copy '%s' up", name);
	out = fd_open(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (out < 0)
		return fail(f, -out, "copy '%s' up", name);
	r = copy_folder(in, out, depth + 1, f);
	if (r < 0)
		return r;
	r = copy_meta(out, st);
	return r < 0 ? fail(f, -r, "copy '%s' up", name) : 0;
}

static int copy_entry(int from, int to, const char *name, int depth, struct fail *f)
{
	struct stat st;
	int r = 0;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(f, errno, "copy '%s' up", name);
	if (S_ISDIR(st.st_mode))
		return copy_sub(from, to, name, depth, &st, f);
	if (S_ISREG(st.st_mode))
		r = copy_file(from, to, name, &st);
	else if (S_ISLNK(st.st_mode))
		r = copy_link(from, to, name, &st);
	return r < 0 ? fail(f, -r, "copy '%s' up", name) : 0;
}

static int copy_folder(int from, int to, int depth, struct fail *f)
{
	struct dirent *e;
	DIR *d;
	int r;

	if (depth > DEPTH_MAX)
		return refuse(f, ELOOP, "copy a folder up: more than %d folders deep", DEPTH_MAX);
	r = fd_opendir(fd_open(from, ".", O_RDONLY | O_DIRECTORY, 0), &d);
	if (r < 0)
		return fail(f, -r, "copy a folder up");
	while (r == 0 && (e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			r = copy_entry(from, to, e->d_name, depth, f);
	closedir(d);
	return r;
}

int copyup_tree(int from, int to, bool top_too, struct fail *f)
{
	struct stat st;
	int r = copy_folder(from, to, 0, f);

	if (r < 0 || !top_too)
		return r;
	if (fstat(from, &st) < 0)
		return fail(f, errno, "copy a folder up");
	r = copy_meta(to, &st);
	return r < 0 ? fail(f, -r, "copy a folder's mode up") : 0;
}
