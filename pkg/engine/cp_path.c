// SPDX-License-Identifier: Apache-2.0
/* Which object a path of cp means. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/engine/cp_path.h"
#include "pkg/engine/view.h"
#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"
#include "runtime/privs.h"

enum { LINKS_MAX = 40 };

void cp_end_done(struct cp_end *e)
{
	mem_free_ptr(&e->container);
	mem_free_ptr(&e->path);
}

void cp_parse(const char *text, struct cp_end *ret)
{
	const char *colon = *text == '.' || *text == '/' ? NULL : strchr(text, ':');

	*ret = (struct cp_end){
		.container = colon ? mem_strndup(text, (size_t)(colon - text)) : NULL,
		.path = mem_strdup(colon ? colon + 1 : text),
	};
}

int cp_check(const char *from, const struct cp_end *src, const char *to, const struct cp_end *dst, struct fail *f)
{
	const char *why = NULL;

	if (!src->container && !dst->container)
		why = "you must specify at least one container, as NAME:PATH";
	else if ((src->container && !*src->container) || (dst->container && !*dst->container))
		why = "a container's name is missing before the ':'";
	else if (!*src->path || !*dst->path)
		why = "you must specify paths";
	return why ? refuse(f, EINVAL, "invalid arguments \"%.300s\", \"%.300s\": %s", from, to, why) : 0;
}

void cp_place_done(struct cp_place *p)
{
	p->fd = fd_close(p->fd);
	p->dir_fd = fd_close(p->dir_fd);
	mem_free_ptr(&p->name);
}

void cp_source_done(struct cp_source *s)
{
	s->fd = fd_close(s->fd);
	mem_free_ptr(&s->name);
}

/* "dir/" of PATH; "." where it has none, "/" of the root. Caller frees. */
static char *folder_of(const char *path)
{
	const char *base = path_base(path);

	return base == path ? mem_strdup(".") : mem_strndup(path, (size_t)(base - path));
}

/* What is copied is what the folder holds, not the folder. */
static bool means_content(const char *path)
{
	return !strcmp(path_base(path), ".");
}

static int not_found(const char *typed, const char *container, int err, struct fail *f)
{
	if (container)
		return refuse(f, err, "\"%.500s\" could not be found on container %.100s: %s", typed, container,
			      err == ENOENT ? "no such file or directory" : strerror(err));
	return refuse(f, err, "\"%.500s\" could not be found on the host: %s", typed,
		      err == ENOENT ? "no such file or directory" : strerror(err));
}

static int check_kind(const struct stat *st, const char *typed, struct fail *f)
{
	if (S_ISDIR(st->st_mode) || S_ISREG(st->st_mode) || S_ISFIFO(st->st_mode))
		return 0;
	return refuse(f, EINVAL, "\"%.500s\" must be a directory or a regular file", typed);
}

/* --- here --- */

int cp_source_host(const char *typed, struct cp_source *ret, struct fail *f)
{
	auto_free char *clean = path_clean(typed);
	const char *base = path_base(clean);

	ret->fd = fd_open(AT_FDCWD, typed, O_PATH, 0);
	if (ret->fd < 0)
		return not_found(typed, NULL, -ret->fd, f);
	if (fstat(ret->fd, &ret->st) < 0)
		return fail(f, errno, "look at '%s'", typed);
	ret->is_folder = S_ISDIR(ret->st.st_mode);
	ret->content = ret->is_folder && (means_content(typed) || !strcmp(clean, "/"));
	/* The name typed, also of a link; ".." has none of its own. */
	if (path_is_component(base)) {
		ret->name = mem_strdup(base);
	} else {
		auto_free char *real = fd_name(ret->fd);

		ret->name = mem_strdup(real ? path_base(real) : "");
	}
	return check_kind(&ret->st, typed, f);
}

/* Fills DIR_FD and NAME of what is there under REAL, its own path. */
static int locate(int at_root, const char *real, const char *typed, struct cp_place *p, struct fail *f)
{
	auto_free char *dir = folder_of(real);
	struct stat is, found;

	p->dir_fd = at_root >= 0 ? path_open_in_root(at_root, dir, O_PATH | O_DIRECTORY, 0) :
				   fd_open(AT_FDCWD, dir, O_PATH | O_DIRECTORY, 0);
	if (p->dir_fd < 0)
		return fail(f, -p->dir_fd, "open the folder of '%s'", typed);
	p->name = mem_strdup(path_base(real));
	if (fstat(p->fd, &is) < 0 || fstatat(p->dir_fd, p->name, &found, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(f, errno, "look at '%s'", typed);
	if (is.st_dev != found.st_dev || is.st_ino != found.st_ino)
		return refuse(f, EAGAIN, "'%s' is being replaced by somebody else: try again", typed);
	return 0;
}

static int found_here(const char *typed, struct cp_place *ret, struct fail *f)
{
	auto_free char *real = NULL;
	struct stat st;

	if (fstat(ret->fd, &st) < 0)
		return fail(f, errno, "look at '%s'", typed);
	ret->is_folder = S_ISDIR(st.st_mode);
	if (ret->is_folder)
		return 0;
	/* A pipe (/dev/stdout, say) has no place where a file could come to lie. */
	if (!S_ISREG(st.st_mode))
		return refuse(f, EINVAL, "invalid destination: \"%.500s\" must be a directory or a regular file", typed);
	real = fd_name(ret->fd);
	return real ? locate(-1, real, typed, ret, f) : fail(f, ENAMETOOLONG, "find the place of '%s'", typed);
}

int cp_place_host(const char *typed, struct cp_place *ret, struct fail *f)
{
	auto_free char *dir = folder_of(typed);

	ret->fd = fd_open(AT_FDCWD, typed, O_PATH, 0);
	if (ret->fd >= 0)
		return found_here(typed, ret, f);
	if (ret->fd != -ENOENT || str_ends(typed, "/") || !path_is_component(path_base(typed)))
		return not_found(typed, NULL, -ret->fd, f);
	ret->dir_fd = fd_open(AT_FDCWD, dir, O_PATH | O_DIRECTORY, 0);
	if (ret->dir_fd < 0)
		return not_found(typed, NULL, -ret->dir_fd, f);
	ret->name = mem_strdup(path_base(typed));
	return 0;
}

/* --- in a container --- */

static char *absolute(const struct container *c, const char *path)
{
	const char *cwd = c->config.process.workdir;

	return *path == '/' ? mem_strdup(path) : mem_printf("%s/%s", cwd && *cwd == '/' ? cwd : "", path);
}

/* The root has no name: a link to it asks for all it holds, with names nobody has typed. */
static bool is_renamed(const char *typed, const char *name)
{
	auto_free char *clean = path_clean(typed);
	const char *base = path_base(clean);

	return !means_content(typed) && strcmp(base, name) != 0 && (*name || path_is_component(base));
}

int cp_source_container(const struct ctr_view *v, const struct container *c, const struct cp_end *end,
			struct cp_source *ret, struct fail *f)
{
	auto_free char *path = absolute(c, end->path);
	auto_free char *real = NULL;
	int r;

	ret->fd = path_open_in_root(v->view.root_fd, path, O_PATH, 0);
	if (ret->fd < 0)
		return not_found(end->path, end->container, -ret->fd, f);
	if (fstat(ret->fd, &ret->st) < 0)
		return fail(f, errno, "look at '%s'", end->path);
	r = ctr_view_path(v, ret->fd, &real);
	if (r < 0)
		return fail(f, -r, "find the name of '%s'", end->path);
	ret->is_folder = S_ISDIR(ret->st.st_mode);
	ret->name = mem_strdup(path_base(real));
	ret->content = ret->is_folder && (means_content(end->path) || !*ret->name);
	ret->renamed = is_renamed(end->path, ret->name);
	return check_kind(&ret->st, end->path, f);
}

int cp_check_name(const struct cp_source *s, const struct cp_end *end, const struct cp_place *p, struct fail *f)
{
	struct stat st;

	if (!s->renamed || !p->is_folder)
		return 0;
	if (*s->name && *s->name != '.') {
		if (fstatat(p->fd, s->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return errno == ENOENT ? 0 : fail(f, errno, "look at '%s' in the destination", s->name);
		(void)refuse(f, EEXIST, "\"%.500s\" of container %.100s leads to '%.300s', and the destination has "
			     "a '%.300s' already", end->path, end->container, s->name, s->name);
	} else {
		(void)refuse(f, EEXIST, "\"%.500s\" of container %.100s leads to '%.300s', and would be called so",
			     end->path, end->container, *s->name ? s->name : "/");
	}
	fail_hint(f, "give a full destination name, not only a folder");
	return -EEXIST;
}

/* PATH isn't there: its folder, and a dangling link's target. 1: *RET_NEXT is to be looked for. */
static int missing(int root, const char *path, struct cp_place *ret, char **ret_next)
{
	auto_free char *dir = folder_of(path);
	auto_fd int fd = path_open_in_root(root, dir, O_PATH | O_DIRECTORY, 0);
	const char *base = path_base(path);
	char target[4097];
	ssize_t n;

	if (fd < 0)
		return fd;
	if (!path_is_component(base))
		return -ENOENT;
	n = readlinkat(fd, base, target, sizeof(target) - 1);
	if (n < 0) {
		ret->dir_fd = fd_take(&fd);
		ret->name = mem_strdup(base);
		return 0;
	}
	target[n] = '\0';
	*ret_next = *target == '/' ? mem_strdup(target) : path_join(dir, target);
	return 1;
}

int cp_find_in_container(const struct ctr_view *v, const struct container *c, const char *typed_path,
			 const char *shown, struct cp_place *ret, struct fail *f)
{
	auto_free char *path = absolute(c, typed_path);
	bool must_exist = str_ends(typed_path, "/");
	int root = v->view.root_fd, r = -ELOOP;

	for (int i = 0; i < LINKS_MAX; i++) {
		char *next = NULL;
		struct stat st;

		ret->fd = path_open_in_root(root, path, O_PATH, 0);
		if (ret->fd >= 0) {
			auto_free char *real = NULL;

			if (fstat(ret->fd, &st) < 0)
				return fail(f, errno, "look at '%s'", typed_path);
			ret->is_folder = S_ISDIR(st.st_mode);
			if (ret->is_folder)
				return 0;
			r = check_kind(&st, typed_path, f);
			if (r == 0 && ctr_view_path(v, ret->fd, &real) < 0)
				r = fail(f, ENAMETOOLONG, "find the place of '%s'", typed_path);
			return r < 0 ? r : locate(root, real, typed_path, ret, f);
		}
		r = ret->fd == -ENOENT && !must_exist ? missing(root, path, ret, &next) : ret->fd;
		if (r <= 0)
			break;
		mem_replace(&path, next);
		r = -ELOOP;
	}
	return r < 0 ? not_found(typed_path, shown, -r, f) : 0;
}

int cp_container_owner(const struct ctr_view *v, const struct container *c, uid_t *ret_uid, gid_t *ret_gid,
		       struct fail *f)
{
	const struct spec_user typed = { .username = c->config.process.user && *c->config.process.user ?
						     c->config.process.user : NULL };
	struct privs_user u = { 0 };
	int r = privs_user_lookup(v->view.root_fd, &typed, &u, f);

	*ret_uid = u.uid;
	*ret_gid = u.gid;
	return r;
}
