// SPDX-License-Identifier: Apache-2.0
#include "storage/ctr_name.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"
#include "storage/dir.h"

#define LINK_START "../containers/"

bool ctr_is_id(const char *text)
{
	return strlen(text) == CTR_ID_LEN && strspn(text, "0123456789abcdef") == CTR_ID_LEN;
}

/* podman's rule, and its words. */
static int check_name(const char *name, struct fail *f)
{
	static const char alnum[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	auto_str struct str shown = STR_INIT(2048);
	auto_free char *cut = NULL;

	if (*name && strchr(alnum, *name) && path_is_component(name) &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
		    strlen(name))
		return 0;
	cut = mem_strndup(name, 300);
	str_add_escaped(&shown, cut);
	return refuse(f, EINVAL, "'%s': names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument",
		      str_cstr(&shown));
}

int ctr_names_lock(const struct store *s, struct fail *f)
{
	int fd = file_lock(s->root_fd, "lock.names", LOCK_WAIT);

	return fd < 0 ? fail(f, -fd, "lock '%s/lock.names'", s->path) : fd;
}

static int read_link(int names_fd, const char *name, char ret[CTR_ID_LEN + 1])
{
	char target[sizeof(LINK_START) + CTR_ID_LEN + 1];
	ssize_t n = readlinkat(names_fd, name, target, sizeof(target) - 1);

	if (n < 0)
		return errno == EINVAL || errno == ENAMETOOLONG ? -ENOENT : -errno;
	target[n] = '\0';
	if (!str_starts(target, LINK_START) || !ctr_is_id(target + strlen(LINK_START)))
		return -ENOENT;
	memcpy(ret, target + strlen(LINK_START), CTR_ID_LEN + 1);
	return 0;
}

static bool has_container(const struct store *s, const char *id)
{
	auto_free char *path = mem_printf("containers/%s", id);
	auto_fd int fd = path_open_beneath(s->root_fd, path, O_PATH | O_DIRECTORY, 0);

	return fd >= 0;
}

int ctr_name_read(const struct store *s, const char *name, char ret[CTR_ID_LEN + 1])
{
	auto_fd int names = -EBADF;
	int r;

	if (!path_is_component(name))
		return -ENOENT;
	names = path_open_beneath(s->root_fd, "names", O_RDONLY | O_DIRECTORY, 0);
	r = names < 0 ? names : read_link(names, name, ret);
	return r == 0 && !has_container(s, ret) ? -ENOENT : r;
}

int ctr_name_take(const struct store *s, const char *name, const char *id, struct fail *f)
{
	auto_free char *target = mem_printf(LINK_START "%s", id);
	auto_fd int names = -EBADF;
	char holder[CTR_ID_LEN + 1];
	int r = check_name(name, f);

	if (r < 0)
		return r;
	names = store_dir(s, "names", f);
	if (names < 0)
		return names;
	if (symlinkat(target, names, name) == 0)
		return 0;
	if (errno != EEXIST)
		return fail(f, errno, "take the name '%s'", name);
	if (ctr_name_read(s, name, holder) == 0)
		return refuse(f, EEXIST, "creating container storage: the container name \"%s\" is "
			      "already in use by %s. You have to remove that container to be able to "
			      "reuse that name: that name is already in use", name, holder);
	if (unlinkat(names, name, 0) < 0 || symlinkat(target, names, name) < 0)
		return fail(f, errno, "take over the name '%s' of a container that is gone", name);
	return 0;
}

void ctr_name_drop(const struct store *s, const char *name, const char *id)
{
	auto_fd int names = path_open_beneath(s->root_fd, "names", O_RDONLY | O_DIRECTORY, 0);
	char holder[CTR_ID_LEN + 1];

	if (names >= 0 && path_is_component(name) && read_link(names, name, holder) == 0 &&
	    str_eq(holder, id))
		(void)unlinkat(names, name, 0);
}

int ctr_names_sweep(const struct store *s, struct fail *f)
{
	auto_fd int lock = ctr_names_lock(s, f);
	auto_fd int names = -EBADF;
	auto_strv char **all = NULL;
	char holder[CTR_ID_LEN + 1];
	int r;

	if (lock < 0)
		return lock;
	names = store_dir(s, "names", f);
	if (names < 0)
		return names;
	r = dir_list(names, ".", &all);
	if (r < 0)
		return fail(f, -r, "read '%s/names'", s->path);
	/* A link that leads elsewhere isn't ours to judge. */
	strv_each(it, all)
		if (read_link(names, *it, holder) == 0 && !has_container(s, holder))
			(void)unlinkat(names, *it, 0);
	return 0;
}
