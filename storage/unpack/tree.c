// SPDX-License-Identifier: Apache-2.0
#include "storage/unpack/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"

void tree_init(struct tree *t, int root_fd, const struct lower *lower)
{
	memset(t, 0, sizeof(*t));
	t->root_fd = root_fd;
	t->lower = lower;
}

static void walk_pop(struct walk *w, size_t depth)
{
	while (w->depth > depth) {
		w->depth--;
		fd_close(w->fds[w->depth]);
		free(w->names[w->depth]);
	}
}

void tree_done(struct tree *t)
{
	walk_pop(&t->main, 0);
	walk_pop(&t->link, 0);
	for (size_t i = 0; i < t->n_times; i++)
		free(t->times[i].path);
	free(t->times);
	free(t->depends);
	t->times = NULL;
	t->n_times = 0;
	t->depends = NULL;
}

void tree_forget(struct tree *t)
{
	walk_pop(&t->link, 0);
}

int walk_fd(const struct tree *t, const struct walk *w)
{
	return w->depth ? w->fds[w->depth - 1] : t->root_fd;
}

char *walk_path(const struct walk *w, const char *name)
{
	struct str s = STR_INIT(TREE_DEPTH_MAX * 512);

	for (size_t i = 0; i < w->depth; i++)
		str_addf(&s, "%s%s", i ? "/" : "", w->names[i]);
	if (name)
		str_addf(&s, "%s%s", w->depth ? "/" : "", name);
	return str_take(&s);
}

int tree_depends(struct tree *t, const char *why, const char *path)
{
	if (!t->depends)
		t->depends = mem_printf("%s: %.500s", why, path);
	return t->lower ? 0 : TREE_DEPENDS;
}

bool tree_hidden(const struct tree *t, const struct walk *w)
{
	if (is_opaque(t->root_fd))
		return true;
	for (size_t i = 0; i < w->depth; i++)
		if (is_opaque(w->fds[i]))
			return true;
	return false;
}

int tree_lower(const struct tree *t, const struct walk *w, const char *name, struct stat *ret)
{
	auto_free char *path = NULL;
	int r;

	if (!t->lower || !t->lower->n || tree_hidden(t, w))
		return -ENOENT;
	path = walk_path(w, name);
	r = lower_find(t->lower, path, ret);
	return r == -ENOTDIR ? -ENOENT : r;
}

static int copy_xattrs(const char *from, const char *to, struct fail *f)
{
	char names[16 * 1024];
	ssize_t n = llistxattr(from, names, sizeof(names));

	for (char *p = names; n > 0 && p < names + n; p += strlen(p) + 1) {
		auto_free char *value = NULL;
		ssize_t len;

		if (str_starts(p, "user.overlay."))
			continue;
		len = lgetxattr(from, p, NULL, 0);
		if (len < 0)
			continue;
		value = mem_alloc((size_t)len + 1);
		len = lgetxattr(from, p, value, (size_t)len);
		if (len >= 0 && lsetxattr(to, p, value, (size_t)len, 0) < 0 && errno != EPERM &&
		    errno != ENOTSUP)
			return fail(f, errno, "copy attribute '%s' of a lower layer", p);
	}
	return 0;
}

int tree_copy_meta(int from, const struct stat *st, int dir_fd, const char *name, struct fail *f)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, st->st_mtim };
	auto_free char *to = mem_printf("/proc/self/fd/%d/%s", dir_fd, name);
	char path[FD_PATH_MAX];
	int r;

	if (fchownat(dir_fd, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(f, errno, "give '%s' its owner in the lower layers", name);
	/* The path through the O_PATH descriptor ends at its object; a link's xattrs are none we need. */
	r = S_ISLNK(st->st_mode) ? 0 : copy_xattrs(fd_path(from, path), to, f);
	if (r < 0)
		return r;
	if (!S_ISLNK(st->st_mode) && fchmodat(dir_fd, name, st->st_mode & 07777, 0) < 0)
		return fail(f, errno, "give '%s' its mode in the lower layers", name);
	if (utimensat(dir_fd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(f, errno, "give '%s' its time in the lower layers", name);
	return 0;
}

static int walk_push(struct walk *w, int fd, const char *name, struct fail *f)
{
	if (w->depth == TREE_DEPTH_MAX) {
		fd_close(fd);
		return refuse(f, ENAMETOOLONG, "folders are nested more than %d deep", TREE_DEPTH_MAX);
	}
	w->fds[w->depth] = fd;
	w->names[w->depth++] = mem_strdup(name);
	return 0;
}

/* What is left to be walked; a link's target goes before it. */
struct rest {
	char **v;
	size_t at, n;
	int links;
};

static void rest_done(struct rest *r)
{
	strv_free(r->v);
}

static int rest_splice(struct rest *r, struct walk *w, const char *target, struct fail *f)
{
	char **v = strv_split(target, "/", true);

	if (r->links++ == TREE_LINKS_MAX || strv_len(v) + r->n - r->at > 4096) {
		strv_free(v);
		return fail(f, ELOOP, "follow the link to '%.200s'", target);
	}
	if (*target == '/')
		walk_pop(w, 0);
	strv_add_all(&v, r->v ? r->v + r->at : NULL);
	strv_free(r->v);
	r->v = v;
	r->at = 0;
	r->n = strv_len(v);
	return 0;
}

static int splice_link(int at, const char *name, struct rest *rest, struct walk *w, struct fail *f)
{
	char target[4097];
	ssize_t n = readlinkat(at, name, target, sizeof(target) - 1);

	if (n < 0)
		return fail(f, errno, "read the link '%s'", name);
	target[n] = '\0';
	return rest_splice(rest, w, target, f);
}

/* A folder that no entry named: as the lower layers have it, else 0755 root, of no time. */
static int make_implied(struct tree *t, struct walk *w, const char *name, int low,
			const struct stat *st, struct fail *f)
{
	int at = walk_fd(t, w), r = 0, fd;

	if (mkdirat(at, name, 0755) < 0)
		return fail(f, errno, "make the folder '%s'", name);
	if (low >= 0)
		r = tree_copy_meta(low, st, at, name, f);
	else if (fchmodat(at, name, 0755, 0) < 0)
		r = fail(f, errno, "set the mode of '%s'", name);
	if (r < 0)
		return r;
	tree_time_add(t, walk_path(w, name), low >= 0 ? st->st_mtim : (struct timespec){ 0 });
	fd = fd_open(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	return fd < 0 ? fail(f, -fd, "open the folder '%s'", name) : walk_push(w, fd, name, f);
}

static int step_missing(struct tree *t, struct walk *w, const char *name, struct rest *rest,
			struct fail *f)
{
	auto_free char *path = walk_path(w, name);
	auto_fd int low = -EBADF;
	struct stat st;

	if (tree_depends(t, "a folder that the layer doesn't name", path))
		return TREE_DEPENDS;
	low = tree_lower(t, w, name, &st);
	if (low >= 0 && S_ISLNK(st.st_mode))
		return splice_link(low, "", rest, w, f);
	if (low >= 0 && !S_ISDIR(st.st_mode))
		return refuse(f, ENOTDIR, "'%s' is no folder in the layers below", name);
	if (low < 0 && low != -ENOENT)
		return fail(f, -low, "look for '%s' in the layers below", name);
	return make_implied(t, w, name, low, &st, f);
}

/* What stands there is no folder: a link to follow, or a whiteout that entries below it replace. */
static int step_other(struct tree *t, struct walk *w, const char *name, struct rest *rest,
		      struct fail *f)
{
	int at = walk_fd(t, w), r;
	struct stat st;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(f, errno, "look at '%s'", name);
	if (S_ISLNK(st.st_mode))
		return splice_link(at, name, rest, w, f);
	if (!is_whiteout(&st))
		return refuse(f, ENOTDIR, "'%s' is no folder, and an entry lies below it", name);
	if (unlinkat(at, name, 0) < 0)
		return fail(f, errno, "replace the whiteout of '%s'", name);
	r = make_implied(t, w, name, -EBADF, &st, f);
	if (r < 0)
		return r;
	auto_free char *path = mem_printf("/proc/self/fd/%d", walk_fd(t, w));

	return setxattr(path, OVERLAY_OPAQUE, "y", 1, 0) < 0 ?
		       fail(f, errno, "make '%s' opaque", name) : 0;
}

static int step(struct tree *t, struct walk *w, const char *name, struct rest *rest, struct fail *f)
{
	int fd;

	if (!strcmp(name, ".."))
		walk_pop(w, w->depth ? w->depth - 1 : 0);
	if (!strcmp(name, "..") || !strcmp(name, "."))
		return 0;
	fd = fd_open(walk_fd(t, w), name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd >= 0)
		return walk_push(w, fd, name, f);
	if (fd == -ENOENT)
		return step_missing(t, w, name, rest, f);
	if (fd == -ENOTDIR || fd == -ELOOP)
		return step_other(t, w, name, rest, f);
	return fail(f, -fd, "open the folder '%.300s'", name);
}

int tree_enter(struct tree *t, struct walk *w, char *const *comps, size_t n, struct fail *f)
{
	__attribute__((cleanup(rest_done))) struct rest rest = { 0 };
	size_t same = 0;
	int r = 0;

	/* What is open is a real folder at that very place: equal names need no second look. */
	while (same < n && same < w->depth && !strcmp(w->names[same], comps[same]))
		same++;
	walk_pop(w, same);
	rest.n = n - same;
	/* Not by strv_add, which counts all there are: a name has up to 32,768 parts. */
	rest.v = mem_array(rest.n + 1, sizeof(char *));
	for (size_t i = 0; i < rest.n; i++)
		rest.v[i] = mem_strdup(comps[same + i]);
	while (r == 0 && rest.at < rest.n) {
		auto_free char *name = mem_strdup(rest.v[rest.at++]);

		r = step(t, w, name, &rest, f);
	}
	return r;
}

void tree_time_add(struct tree *t, char *path_owned, struct timespec mtime)
{
	if (!(t->n_times & (t->n_times - 1)))
		t->times = mem_resize(t->times, t->n_times ? t->n_times * 2 : 1, sizeof(*t->times));
	t->times[t->n_times++] = (struct tree_time){ path_owned, mtime };
}

int tree_times_apply(struct tree *t, struct fail *f)
{
	for (size_t i = 0; i < t->n_times; i++) {
		struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, t->times[i].mtime };
		char path[FD_PATH_MAX];
		auto_fd int fd = -EBADF;

		fd = path_open_beneath(t->root_fd, *t->times[i].path ? t->times[i].path : ".",
				       O_PATH | O_DIRECTORY, 0);
		/* A later entry has put something else there: it has a time of its own. */
		if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
			continue;
		if (fd < 0)
			return fail(f, -fd, "open '%.300s' to set its time", t->times[i].path);
		if (utimensat(AT_FDCWD, fd_path(fd, path), times, 0) < 0)
			return fail(f, errno, "set the time of '%.300s'", t->times[i].path);
	}
	return 0;
}
