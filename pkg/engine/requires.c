// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/requires.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/engine/container.h"
#include "pkg/engine/restart.h"
#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"

#define MARK "needed."

static int set_one(struct engine *e, const char *name, struct container_config *c, struct fail *f)
{
	auto_free char *mark = mem_printf(MARK "%s", c->id);
	char id[CTR_ID_LEN + 1];
	auto_fd int dir = -EBADF, file = -EBADF;
	int r = container_find(e, name, id, f);

	if (r < 0)
		return fail_in(f, r, "\"%.200s\" is not a valid container, cannot be used as a dependency", name);
	dir = ctr_open(&e->store, id, f);
	if (dir < 0)
		return dir;
	file = fd_open(dir, mark, O_WRONLY | O_CREAT | O_NOFOLLOW, 0600);
	if (file < 0)
		return fail(f, -file, "note that container %.12s is required", id);
	if (!strv_has(c->requires, id))
		strv_add(&c->requires, id);
	return 0;
}

int requires_set(struct engine *e, char *const *typed, struct container_config *c, struct fail *f)
{
	strv_each(it, typed) {
		int r = set_one(e, *it, c, f);

		if (r < 0)
			return r;
	}
	return 0;
}

static int start_one(struct engine *e, const char *id, struct fail *f)
{
	auto_container struct container c = CONTAINER_INIT;
	int r = container_open_id(e, id, &c, f);

	if (r < 0)
		return fail_in(f, r, "start the required container %.12s", id);
	if (container_is_running(&c))
		return 0;
	r = engine_start_again(e, &c, false, f);
	return r < 0 ? fail_in(f, r, "start the required container %.12s", id) : 0;
}

int requires_start(struct engine *e, const struct container_config *c, struct fail *f)
{
	strv_each(it, c->requires) {
		int r = start_one(e, *it, f);

		if (r < 0)
			return r;
	}
	return 0;
}

char **requires_dependents(struct engine *e, int dir_fd)
{
	struct dirent *entry;
	char **ids = NULL;
	DIR *d;

	if (fd_opendir(path_open_beneath(dir_fd, ".", O_RDONLY | O_DIRECTORY, 0), &d) < 0)
		return NULL;
	while ((entry = readdir(d))) {
		struct fail ignored = { 0 };
		auto_fd int dir = -EBADF;

		if (!str_starts(entry->d_name, MARK))
			continue;
		dir = ctr_open(&e->store, entry->d_name + strlen(MARK), &ignored);
		if (dir >= 0)
			strv_add(&ids, entry->d_name + strlen(MARK));
	}
	closedir(d);
	return ids;
}

int requires_check_free(struct engine *e, const struct container *c, struct fail *f)
{
	auto_strv char **ids = requires_dependents(e, c->dir_fd);
	auto_free char *list = ids ? strv_join(ids, ", ") : NULL;

	if (!ids)
		return 0;
	(void)refuse(f, EEXIST, "container %s has dependent containers which must be removed before it: %s: "
		     "container already exists", c->id, list);
	fail_hint(f, "rbox rm --depend %.12s removes them too", c->id);
	return -EEXIST;
}
