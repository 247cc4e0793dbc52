// SPDX-License-Identifier: Apache-2.0
#include "pkg/util/xattr.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

/* The kernel's own bounds (linux/limits.h). */
enum { NAMES_MAX = XATTR_LIST_MAX, VALUE_MAX = XATTR_SIZE_MAX };

bool xattr_travels(const char *name)
{
	return !strcmp(name, "security.capability") ||
	       (str_starts(name, "user.") && !str_starts(name, "user.overlay.") &&
		!str_starts(name, "user.fuseoverlayfs.") && !str_starts(name, "user.rbox."));
}

static bool is_harmless(int err)
{
	return err == EOPNOTSUPP || err == EPERM || err == EACCES || err == ENODATA || err == EOVERFLOW;
}

/* VALUE has room for the largest, LEFT is what all may still take. */
static int read_one(const char *path, const char *name, char *value, size_t *left, struct xattrs *ret)
{
	size_t name_len = strlen(name);
	ssize_t len = getxattr(path, name, value, VALUE_MAX);

	if (len < 0)
		return is_harmless(errno) ? 0 : -errno;
	if (name_len > *left || (size_t)len > *left - name_len)
		return -E2BIG;
	*left -= name_len + (size_t)len;
	value[len] = '\0';
	ret->v = mem_resize(ret->v, ret->n + 1, sizeof(*ret->v));
	ret->v[ret->n++] = (struct xattr){ mem_strdup(name), mem_dup(value, (size_t)len + 1), (size_t)len };
	return 0;
}

int xattrs_read(int fd, bool (*wanted)(const char *name), size_t max, struct xattrs *ret)
{
	auto_free char *names = NULL, *value = NULL;
	char path[FD_PATH_MAX];
	ssize_t n = listxattr(fd_path(fd, path), NULL, 0);
	int r = 0;

	*ret = (struct xattrs){ .v = NULL };
	/* Most have none. */
	if (n > 0) {
		names = mem_alloc(NAMES_MAX);
		n = listxattr(path, names, NAMES_MAX);
	}
	if (n < 0)
		return is_harmless(errno) ? 0 : -errno;
	for (char *p = names; r == 0 && n > 0 && p < names + n; p += strlen(p) + 1) {
		if (!wanted(p))
			continue;
		if (!value)
			value = mem_alloc(VALUE_MAX + 1);
		r = read_one(path, p, value, &max, ret);
	}
	return r;
}

void xattrs_done(struct xattrs *x)
{
	for (size_t i = 0; i < x->n; i++) {
		free(x->v[i].name);
		free(x->v[i].value);
	}
	free(x->v);
	*x = (struct xattrs){ .v = NULL };
}

int xattr_set(int fd, const char *name, const void *value, size_t len)
{
	return fsetxattr(fd, name, value, len, 0) < 0 && !is_harmless(errno) ? -errno : 0;
}
