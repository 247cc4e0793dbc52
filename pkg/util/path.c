// SPDX-License-Identifier: Apache-2.0
#include "pkg/util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/path_walk.h"
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

int path_mount_of(int fd, uint64_t *ret)
{
	struct statx stx;
	struct stat st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) == 0 && (stx.stx_mask & STATX_MNT_ID)) {
		*ret = stx.stx_mnt_id;
		return 0;
	}
	if (fstat(fd, &st) < 0)
		return -errno;
	*ret = st.st_dev;
	return 0;
}

/*
 * The walk without openat2. The folders gone through are kept as descriptors: ".." goes
 * back to the one we came from, whatever was renamed meanwhile, and never above the root.
 */
enum { DEPTH_MAX = 256, LINK_TEXT_MAX = 4096, SPLICED_MAX = 64 << 10 };

struct walk {
	int rootfd;
	int fds[DEPTH_MAX];
	size_t depth;
	int links;		/* how many may still be followed */
	uint64_t mount;
	enum walk_flags how;
	mode_t mode;		/* of folders made */
	char *path;		/* what is left to go begins at p */
	const char *p;
};

static int walk_at(const struct walk *w)
{
	return w->depth ? w->fds[w->depth - 1] : w->rootfd;
}

static void walk_to_root(struct walk *w)
{
	while (w->depth)
		fd_close(w->fds[--w->depth]);
}

/* Refuses a descriptor on another mount, for those who asked for that. */
static int walk_check(const struct walk *w, int fd)
{
	uint64_t mount;
	int r;

	if (!(w->how & WALK_BENEATH))
		return 0;
	r = path_mount_of(fd, &mount);
	return r < 0 ? r : mount == w->mount ? 0 : -EXDEV;
}

/* Puts the target of link NAME before what is left of the path. */
static int walk_link(struct walk *w, const char *name)
{
	char target[LINK_TEXT_MAX];
	ssize_t n;

	if (--w->links < 0)
		return -ELOOP;
	n = readlinkat(walk_at(w), name, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	if ((size_t)n + strlen(w->p) > SPLICED_MAX)
		return -ENAMETOOLONG;
	mem_replace(&w->path, mem_printf("%s%s%s", target, *w->p && n ? "/" : "", w->p));
	w->p = w->path;
	if (*target == '/')
		walk_to_root(w);
	return 0;
}

/* A missing folder, with its mode whatever the umask is. */
static int walk_make(const struct walk *w, const char *name)
{
	auto_fd int fd = -EBADF;

	if (mkdirat(walk_at(w), name, w->mode) < 0)
		return errno == EEXIST ? 0 : -errno;
	fd = fd_open(walk_at(w), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd >= 0 && fchmod(fd, w->mode) < 0)
		return -errno;
	return 0;
}

/* Into folder NAME, or along it where it is a link. */
static int walk_step(struct walk *w, const char *name)
{
	struct stat st;
	int fd, r = fstatat(walk_at(w), name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;

	if (r == -ENOENT && (w->how & WALK_MKDIRS)) {
		r = walk_make(w, name);
		if (r == 0 && fstatat(walk_at(w), name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			r = -errno;
	}
	if (r < 0)
		return r;
	if (S_ISLNK(st.st_mode))
		return walk_link(w, name);
	if (w->depth == DEPTH_MAX)
		return -ENAMETOOLONG;
	fd = fd_open(walk_at(w), name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	r = walk_check(w, fd);
	if (r < 0) {
		fd_close(fd);
		return r;
	}
	w->fds[w->depth++] = fd;
	return 0;
}

static int walk_up(struct walk *w)
{
	if (w->depth)
		fd_close(w->fds[--w->depth]);
	else if (w->how & WALK_BENEATH)
		return -EXDEV;
	return 0;
}

/*
 * Opens NAME, which nothing stands behind. -EAGAIN: it is a link to be followed. Between
 * the look at it and the opening it may become one: O_NOFOLLOW holds then.
 */
static int walk_last(const struct walk *w, const char *name, int flags)
{
	bool follow = !(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
	struct stat st;
	auto_fd int fd = -EBADF;
	int r;

	if (follow && fstatat(walk_at(w), name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
		return -EAGAIN;
	fd = fd_open(walk_at(w), name, flags | O_NOFOLLOW, w->mode);
	if (fd < 0)
		return fd;
	if (follow && (flags & O_PATH) && (fstat(fd, &st) < 0 || S_ISLNK(st.st_mode)))
		return -ELOOP;
	r = walk_check(w, fd);
	return r < 0 ? r : fd_take(&fd);
}

static int walk_run(struct walk *w, int flags)
{
	for (;;) {
		auto_free char *name = NULL;
		bool slash;
		size_t n;
		int r;

		w->p += strspn(w->p, "/");
		n = strcspn(w->p, "/");
		if (!n) {
			if (flags & O_CREAT)
				return flags & O_EXCL ? -EEXIST : -EISDIR;
			return fd_open(walk_at(w), ".", flags, 0);
		}
		name = mem_strndup(w->p, n);
		w->p += n;
		slash = *w->p == '/';
		if (!strcmp(name, ".")) {
			continue;
		} else if (!strcmp(name, "..")) {
			r = walk_up(w);
		} else if (!slash && !(w->how & WALK_MKDIRS)) {
			r = walk_last(w, name, flags);
			if (r != -EAGAIN)
				return r;
			r = walk_link(w, name);
		} else {
			r = walk_step(w, name);
		}
		if (r < 0)
			return r;
	}
}

int path_walk(int rootfd, const char *path, int flags, mode_t mode, enum walk_flags how)
{
	struct walk w = { .rootfd = rootfd, .how = how, .mode = mode };
	int r = 0;

	if (how & WALK_BENEATH) {
		if (*path == '/')
			return -EXDEV;
		if (!*path)
			return -ENOENT;
		r = path_mount_of(rootfd, &w.mount);
	}
	if (r < 0)
		return r;
	w.links = how & WALK_BENEATH ? 0 : LINKS_MAX;
	w.p = w.path = mem_strdup(path);
	r = walk_run(&w, flags);
	walk_to_root(&w);
	free(w.path);
	return r;
}

int path_open_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
	int fd = try_openat2(dirfd, path, flags | O_NOFOLLOW, mode,
			     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);

	return no_openat2(fd) ? path_walk(dirfd, path, flags | O_NOFOLLOW, mode, WALK_BENEATH) : fd;
}

int path_open_in_root(int rootfd, const char *path, int flags, mode_t mode)
{
	int fd = try_openat2(rootfd, *path ? path : "/", flags, mode,
			     RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);

	return no_openat2(fd) ? path_walk(rootfd, path, flags, mode, 0) : fd;
}

int path_mkdirs_in_root(int rootfd, const char *path, mode_t mode)
{
	int fd = path_open_in_root(rootfd, path, O_PATH | O_DIRECTORY, 0);

	if (fd != -ENOENT)
		return fd;
	return path_walk(rootfd, path, O_PATH | O_DIRECTORY, mode, WALK_MKDIRS);
}

static int make_dir(int dirfd, const char *path, mode_t mode)
{
	struct stat st;

	if (mkdirat(dirfd, path, mode) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	if (fstatat(dirfd, path, &st, 0) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int path_mkdirs(int dirfd, const char *path, mode_t mode)
{
	auto_free char *copy = mem_strdup(path);

	for (char *p = copy + 1; *copy && *p; p++) {
		int r;

		if (*p != '/')
			continue;
		*p = '\0';
		r = make_dir(dirfd, copy, mode);
		if (r < 0)
			return r;
		*p = '/';
	}
	return make_dir(dirfd, copy, mode);
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

char *path_read_link(int dirfd, const char *name)
{
	char target[LINK_TEXT_MAX];
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target));

	return n > 0 && n < (ssize_t)sizeof(target) ? mem_strndup(target, (size_t)n) : NULL;
}
