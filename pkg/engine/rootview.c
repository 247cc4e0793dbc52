// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/rootview.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"

enum { LINKS_MAX = 40, LINK_TEXT_MAX = 4096 };

static void add(struct rootview *v, int fd)
{
	/* A layer that is gone, or closed to us, is one less to look at. */
	if (fd >= 0)
		v->fds[v->n++] = fd;
}

int rootview_open(struct engine *e, const struct container *c, struct rootview *ret, struct fail *f)
{
	size_t n = strv_len(c->config.layers);

	*ret = (struct rootview){ .fds = mem_array(n + 2, sizeof(int)), .config = &c->config };
	if (c->config.rootfs_dir) {
		add(ret, fd_open(AT_FDCWD, c->config.rootfs_dir, O_PATH | O_DIRECTORY, 0));
	} else {
		add(ret, path_open_beneath(c->dir_fd, "rw/upper", O_PATH | O_DIRECTORY, 0));
		while (n--) {
			const char *hex = strchr(c->config.layers[n], ':');
			auto_free char *path = mem_printf("layers/%s/tree", hex ? hex + 1 : "");

			add(ret, path_open_beneath(e->store.root_fd, path, O_PATH | O_DIRECTORY, 0));
		}
	}
	if (ret->n)
		return 0;
	rootview_done(ret);
	return refuse(f, ENOENT, "nothing of the root of container %.12s is here", c->id);
}

void rootview_done(struct rootview *v)
{
	for (size_t i = 0; i < v->n; i++)
		fd_close(v->fds[i]);
	mem_free_ptr(&v->fds);
	v->n = 0;
}

/* PATH has no link in it but perhaps its last component, which isn't followed. */
static int find_plain(const struct rootview *v, const char *path, struct stat *st)
{
	for (size_t i = 0; i < v->n; i++) {
		auto_fd int fd = path_open_in_root(v->fds[i], path, O_PATH | O_NOFOLLOW, 0);

		if (fd == -ENOENT || fd == -ENOTDIR)
			continue;
		if (fd < 0)
			return fd;
		if (fstat(fd, st) < 0)
			return -errno;
		/* A whiteout: what the layers below have is gone. */
		if (S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0))
			return -ENOENT;
		return fd_take(&fd);
	}
	return -ENOENT;
}

static int read_link(int fd, char **ret)
{
	auto_free char *text = mem_alloc(LINK_TEXT_MAX);
	ssize_t n = readlinkat(fd, "", text, LINK_TEXT_MAX - 1);

	if (n < 0)
		return -errno;
	*ret = mem_strndup(text, (size_t)n);
	return 0;
}

/* What is bound on PATH, or NULL. */
static const char *bound_on(const struct rootview *v, const char *path)
{
	for (size_t i = 0; i < v->config->n_mounts; i++) {
		const struct config_mount *m = &v->config->mounts[i];

		if (str_eq(m->destination, path) && m->source && *m->source == '/')
			return m->source;
	}
	return NULL;
}

static int find_bound(const char *source, const char *rest)
{
	auto_fd int top = fd_open(AT_FDCWD, source, O_PATH, 0);

	if (top < 0 || !rest[strspn(rest, "/")])
		return fd_take(&top);
	return path_open_in_root(top, rest, O_PATH, 0);
}

int rootview_find(const struct rootview *v, const char *path)
{
	auto_free char *done = mem_strdup("/");
	auto_free char *todo = mem_printf("/%s", path);
	int links = 0;

	for (;;) {
		size_t skip = strspn(todo, "/"), len = strcspn(todo + skip, "/");
		auto_free char *word = mem_strndup(todo + skip, len);
		auto_free char *joined = path_join(done, word);
		auto_free char *here = path_clean(joined);
		auto_free char *rest = mem_strdup(todo + skip + len);
		auto_free char *link = NULL;
		const char *bound = bound_on(v, here);
		struct stat st;
		auto_fd int fd = bound ? find_bound(bound, rest) : find_plain(v, here, &st);

		if (fd < 0 || bound)
			return fd_take(&fd);
		if (!S_ISLNK(st.st_mode)) {
			if (!rest[strspn(rest, "/")])
				return fd_take(&fd);
			mem_replace(&done, mem_take(&here));
			mem_replace(&todo, mem_take(&rest));
			continue;
		}
		if (++links > LINKS_MAX)
			return -ELOOP;
		if (read_link(fd, &link) < 0)
			return -EIO;
		if (link[0] == '/')
			mem_replace(&done, mem_strdup("/"));
		mem_replace(&todo, mem_printf("%s/%s", link, rest));
	}
}
