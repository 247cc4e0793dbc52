// SPDX-License-Identifier: Apache-2.0
#include "pkg/util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

enum { LINKS_MAX = 40, AGAIN_MAX = 64 };

static int try_openat2(int dirfd, const char *path, int flags, mode_t mode, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)flags | O_CLOEXEC,
		.mode = flags & (O_CREAT | __O_TMPFILE) ? mode : 0,
		.resolve = resolve,
	};

	/* EAGAIN: a rename raced with the check of ".."; the kernel asks to try again. */
	for (int i = 0; i < AGAIN_MAX; i++) {
		long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

		if (fd >= 0)
			return (int)fd;
		if (errno != EAGAIN && errno != EINTR)
			break;
	}
	return -errno;
}

static bool no_openat2(int r)
{
	return r == -ENOSYS || r == -EPERM;
}

/* One link followed by hand: puts its target before what is left of the path. */
static int splice_link(int dirfd, const char *name, const char *rest, char **ret_path)
{
	char target[4096];
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	mem_replace(ret_path, *rest ? path_join(target, rest) : mem_strdup(target));
	return 0;
}

/*
 * The walk without openat2. A stack of descriptors is not needed: ".." is resolved
 * lexically on the folders already walked, which are kept as descriptors.
 */
enum { DEPTH_MAX = 256 };

struct walk {
	int fds[DEPTH_MAX];
	size_t depth;
};

static void walk_done(struct walk *w)
{
	while (w->depth)
		fd_close(w->fds[--w->depth]);
}

static int walk_step(struct walk *w, int rootfd, const char *name, const char *rest, char **path,
		     int *links)
{
	int at = w->depth ? w->fds[w->depth - 1] : rootfd;
	struct stat st;
	int fd;

	if (!strcmp(name, "..")) {
		if (w->depth)
			fd_close(w->fds[--w->depth]);
		return 0;
	}
	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode)) {
		if (--*links < 0)
			return -ELOOP;
		fd = splice_link(at, name, rest, path);
		return fd < 0 ? fd : 1;
	}
	if (w->depth == DEPTH_MAX)
		return -ENAMETOOLONG;
	fd = fd_open(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	w->fds[w->depth++] = fd;
	return 0;
}

static int walk_open(int rootfd, const char *path, int flags, mode_t mode, bool links_allowed)
{
	auto_free char *rest = mem_strdup(path);
	struct walk w = { .depth = 0 };
	int links = links_allowed ? LINKS_MAX : 0;
	const char *p = rest;
	int r = 0;

	while (r >= 0) {
		auto_free char *name = NULL;
		size_t n;
		int at;

		if (*p == '/' && p == rest)
			walk_done(&w);
		p += strspn(p, "/");
		n = strcspn(p, "/");
		name = mem_strndup(p, n);
		p += n;
		p += strspn(p, "/");
		if (!n) {
			at = w.depth ? w.fds[w.depth - 1] : rootfd;
			r = fd_open(at, ".", flags & ~(O_CREAT | O_EXCL), 0);
			break;
		}
		if (!strcmp(name, "."))
			continue;
		if (!*p && strcmp(name, "..")) {
			struct stat st;

			at = w.depth ? w.fds[w.depth - 1] : rootfd;
			if ((flags & O_NOFOLLOW) || fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
			    !S_ISLNK(st.st_mode)) {
				r = fd_open(at, name, flags | O_NOFOLLOW, mode);
				break;
			}
		}
		if (!links_allowed && !strcmp(name, "..")) {
			r = -EXDEV;
			break;
		}
		r = walk_step(&w, rootfd, name, p, &rest, &links);
		if (r == 1)
			p = rest;
	}
	walk_done(&w);
	return r;
}

int path_open_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
	int fd = try_openat2(dirfd, path, flags | O_NOFOLLOW, mode,
			     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);

	if (!no_openat2(fd))
		return fd;
	if (*path == '/')
		return -EXDEV;
	return walk_open(dirfd, path, flags | O_NOFOLLOW, mode, false);
}

int path_open_in_root(int rootfd, const char *path, int flags, mode_t mode)
{
	int fd = try_openat2(rootfd, *path ? path : "/", flags, mode,
			     RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);

	return no_openat2(fd) ? walk_open(rootfd, path, flags, mode, true) : fd;
}

int path_mkdirs_in_root(int rootfd, const char *path, mode_t mode)
{
	auto_free char *clean = path_clean(path);
	auto_fd int at = -EBADF;
	char *p = clean;

	for (;;) {
		char *slash, saved;
		int fd;

		p += strspn(p, "/");
		slash = p + strcspn(p, "/");
		saved = *slash;
		*slash = '\0';
		fd = path_open_in_root(rootfd, clean, O_PATH | O_DIRECTORY, 0);
		if (fd == -ENOENT && *p) {
			if (mkdirat(at >= 0 ? at : rootfd, p, mode) < 0 && errno != EEXIST)
				return -errno;
			fd = path_open_in_root(rootfd, clean, O_PATH | O_DIRECTORY, 0);
		}
		if (fd < 0)
			return fd;
		fd_close(at);
		at = fd;
		*slash = saved;
		if (!saved)
			return fd_take(&at);
		p = slash + 1;
	}
}

int path_mkdirs(int dirfd, const char *path, mode_t mode)
{
	auto_free char *copy = mem_strdup(path);

	for (char *p = copy + 1; *copy && *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdirat(dirfd, copy, mode) < 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return mkdirat(dirfd, copy, mode) < 0 && errno != EEXIST ? -errno : 0;
}

char *path_clean(const char *path)
{
	auto_strv char **in = strv_split(path, "/", true);
	auto_strv char **out = NULL;
	auto_free char *joined = NULL;
	bool absolute = *path == '/';

	strv_each(it, in) {
		size_t n = strv_len(out);

		if (!strcmp(*it, "."))
			continue;
		if (strcmp(*it, "..")) {
			strv_add(&out, *it);
		} else if (n && strcmp(out[n - 1], "..")) {
			mem_free_ptr(&out[n - 1]);
		} else if (!absolute) {
			strv_add(&out, *it);
		}
	}
	joined = strv_join(out, "/");
	if (!absolute && !*joined)
		return mem_strdup(".");
	return mem_printf("%s%s", absolute ? "/" : "", joined);
}

char *path_join(const char *a, const char *b)
{
	while (*b == '/' && *a)
		b++;
	return mem_printf("%s%s%s", a, !*a || str_ends(a, "/") ? "" : "/", b);
}

bool path_is_component(const char *name)
{
	return *name && strcmp(name, ".") && strcmp(name, "..") && !strchr(name, '/') &&
	       strlen(name) <= 255;
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
