// SPDX-License-Identifier: Apache-2.0
#include "storage/changes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

#define WH ".wh."
#define WH_OPAQUE ".wh..wh..opq"

bool change_is_opaque(int fd, enum changes_of of)
{
	char path[FD_PATH_MAX], c = 0;

	return is_opaque(fd) ||
	       (of == CHANGES_FUSE &&
		getxattr(fd_path(fd, path), "user.fuseoverlayfs.opaque", &c, 1) == 1 && c == 'y');
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct change *)a)->name, ((const struct change *)b)->name);
}

static int add(struct changes *c, int dir_fd, const char *name, enum changes_of of)
{
	struct change e = { .kind = CHANGE_ENTRY };

	if (fstatat(dir_fd, name, &e.st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (of == CHANGES_FUSE && !strcmp(name, WH_OPAQUE)) {
		c->opaque = true;
		return 0;
	}
	if (of != CHANGES_NONE && is_whiteout(&e.st)) {
		e.kind = CHANGE_GONE;
	} else if (of == CHANGES_FUSE && str_starts(name, WH) && S_ISREG(e.st.st_mode) && name[strlen(WH)]) {
		e.kind = CHANGE_GONE;
		name += strlen(WH);
	}
	e.name = mem_strdup(name);
	if (!(c->n & (c->n + 1)))
		c->v = mem_resize(c->v, 2 * (c->n + 1), sizeof(*c->v));
	c->v[c->n++] = e;
	return 0;
}

int changes_read(int dir_fd, enum changes_of of, struct changes *ret)
{
	struct dirent *e;
	DIR *d;
	int r;

	*ret = (struct changes){ .opaque = of != CHANGES_NONE && change_is_opaque(dir_fd, of) };
	r = fd_opendir(fd_open(dir_fd, ".", O_RDONLY | O_DIRECTORY, 0), &d);
	if (r < 0)
		return r;
	while (r == 0) {
		errno = 0;
		e = readdir(d);
		if (!e) {
			r = -errno;
			break;
		}
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			r = add(ret, dir_fd, e->d_name, of);
	}
	closedir(d);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_name);
	return r;
}

void changes_done(struct changes *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->v[i].name);
	free(c->v);
	c->v = NULL;
	c->n = 0;
}
