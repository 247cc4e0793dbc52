// SPDX-License-Identifier: Apache-2.0
#include "storage/ctr.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "storage/ctr_name.h"
#include "storage/dir.h"
#include "storage/sweep.h"

static int unknown(const char *text, struct fail *f)
{
	auto_str struct str shown = STR_INIT(2048);
	auto_free char *cut = mem_strndup(text, 300);

	str_add_escaped(&shown, cut);
	return refuse(f, ENOENT, "no container with name or ID \"%s\" found: no such container",
		      str_cstr(&shown));
}

static int open_folder(const struct store *s, const char *id, int flags)
{
	auto_free char *path = mem_printf("containers/%s", id);

	return path_open_beneath(s->root_fd, path, flags | O_DIRECTORY, 0);
}

int ctr_open(const struct store *s, const char *id, struct fail *f)
{
	int fd = ctr_is_id(id) ? open_folder(s, id, O_RDONLY) : -ENOENT;

	if (fd == -ENOENT)
		return unknown(id, f);
	return fd < 0 ? fail(f, -fd, "open the folder of container %.12s", id) : fd;
}

int ctr_layers(int dir_fd, char ***ret, struct fail *f)
{
	enum { CONFIG_MAX = 16 << 20 };
	struct layers {
		char **keys;
	} l = { 0 };
	static const struct field rows[] = { FIELD_STRV("Layers", struct layers, keys), FIELD_END };
	auto_json json_t *j = jsonf_load(dir_fd, "config.json", CONFIG_MAX, f);
	int r;

	*ret = NULL;
	if (!j && f->code == ENOENT) {
		fail_clear(f);
		return 0;
	}
	if (!j)
		return -f->code;
	r = jsonf_read(rows, &l, j, f);
	*ret = l.keys;
	return r;
}

static int by_prefix(const struct store *s, const char *text, char ret[CTR_ID_LEN + 1], struct fail *f)
{
	auto_strv char **ids = NULL;
	const char *found = NULL;
	int r = ctr_list(s, &ids, f);

	if (r < 0)
		return r;
	strv_each(it, ids) {
		if (!str_starts(*it, text))
			continue;
		if (found)
			return refuse(f, EEXIST, "more than one result for container name or ID \"%s\": "
				      "%.12s and %.12s", text, found, *it);
		found = *it;
	}
	if (!found)
		return unknown(text, f);
	memcpy(ret, found, CTR_ID_LEN + 1);
	return 0;
}

const char *ctr_name_typed(const char *text)
{
	return text && *text == '/' ? text + 1 : text;
}

int ctr_find(const struct store *s, const char *text, char ret[CTR_ID_LEN + 1], struct fail *f)
{
	int r;

	if (ctr_is_id(text)) {
		auto_fd int fd = open_folder(s, text, O_PATH);

		if (fd >= 0) {
			memcpy(ret, text, CTR_ID_LEN + 1);
			return 0;
		}
	}
	r = ctr_name_read(s, ctr_name_typed(text), ret);
	if (r == 0)
		return 0;
	if (r != -ENOENT)
		return fail(f, -r, "look up the name '%.255s'", text);
	if (!*text || strlen(text) > CTR_ID_LEN || strspn(text, "0123456789abcdef") != strlen(text))
		return unknown(text, f);
	return by_prefix(s, text, ret, f);
}

int ctr_list(const struct store *s, char ***ret_ids, struct fail *f)
{
	size_t n = 0;
	char **v;
	int r = dir_list(s->root_fd, "containers", &v);

	*ret_ids = NULL;
	if (r < 0)
		return fail(f, -r, "read '%s/containers'", s->path);
	for (char **it = v; *it; it++) {
		if (ctr_is_id(*it))
			v[n++] = *it;
		else
			mem_free_ptr(it);
	}
	v[n] = NULL;
	*ret_ids = v;
	return 0;
}

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whoever waited for the lock may get that of a container which was removed in the meantime. */
static bool was_removed(int dir_fd)
{
	struct stat self, parent, trash;

	if (fstat(dir_fd, &self) < 0 || !self.st_nlink || fstatat(dir_fd, "..", &parent, 0) < 0)
		return true;
	return fstatat(dir_fd, "../../trash", &trash, 0) == 0 && same(&parent, &trash);
}

int ctr_lock(int dir_fd, struct fail *f)
{
	auto_fd int fd = file_lock(dir_fd, "lock", LOCK_WAIT);

	if (fd >= 0 ? was_removed(dir_fd) : fd == -ENOENT)
		return refuse(f, ENOENT, "the container was removed: no such container");
	return fd < 0 ? fail(f, -fd, "lock the container") : fd_take(&fd);
}

bool ctr_is_running(int dir_fd)
{
	return file_is_locked(dir_fd, "lock.run");
}

static int remove_as(const struct store *s, const char *id, const char *name,
		     char ret_entry[DIR_NONCE_LEN + 1], struct fail *f)
{
	auto_fd int containers = -EBADF;
	auto_fd int names_lock = -EBADF;
	int r;

	if (!ctr_is_id(id))
		return unknown(id, f);
	containers = store_dir(s, "containers", f);
	if (containers < 0)
		return containers;
	names_lock = ctr_names_lock(s, f);
	if (names_lock < 0)
		return names_lock;
	/* The folder first: killed in between, a link to nothing is left, which counts as free. */
	r = trash_move(s, containers, id, ret_entry, f);
	if (r == -ENOENT) {
		fail_clear(f);
		r = unknown(id, f);
	}
	if (name)
		ctr_name_drop(s, name, id);
	return r;
}

int ctr_remove(const struct store *s, const char *id, const char *name, struct fail *f)
{
	char entry[DIR_NONCE_LEN + 1];

	return remove_as(s, id, name, entry, f);
}

int ctr_remove_held(const struct store *s, const char *id, const char *name, struct ctr_held *ret,
		    struct fail *f)
{
	auto_fd int dir = ctr_open(s, id, f);
	int r;

	*ret = CTR_HELD_NONE;
	r = dir < 0 ? dir : remove_as(s, id, name, ret->entry, f);
	if (r < 0)
		return r;
	r = dir_lock(dir, false);
	if (r >= 0) {
		ret->lock_fd = r;
		ret->dir_fd = fd_take(&dir);
	}
	return 0;
}

int ctr_held_delete(const struct store *s, struct ctr_held *h)
{
	auto_fd int dir = fd_take(&h->dir_fd), lock = fd_take(&h->lock_fd);

	return lock < 0 ? -EWOULDBLOCK : trash_delete(s, h->entry, dir);
}

int ctr_rename(const struct store *s, const char *id, const char *from, const char *to, struct fail *f)
{
	auto_fd int names_lock = ctr_names_lock(s, f);
	auto_fd int names = -EBADF;
	int r;

	if (names_lock < 0)
		return names_lock;
	r = to ? ctr_name_take(s, to, id, f) : 0;
	if (r < 0)
		return r;
	if (from)
		ctr_name_drop(s, from, id);
	names_lock = fd_close(names_lock);
	names = store_dir(s, "names", f);
	if (names < 0)
		return names;
	r = file_sync(names);
	return r < 0 ? fail(f, -r, "sync '%s/names'", s->path) : 0;
}
