// SPDX-License-Identifier: Apache-2.0
#include "storage/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "storage/pin.h"

static const struct field layer_fields[] = {
	FIELD_DIGEST("key", struct layer, key),
	FIELD_DIGEST("diffID", struct layer, diff_id),
	FIELD_KEEP(FK_I64, "size", struct layer, size, int64_t),
	FIELD_KEEP(FK_I64, "files", struct layer, files, int64_t),
	FIELD_STRV("changed", struct layer, changed),
	FIELD_STR("depends", struct layer, depends),
	FIELD_STRV("merges", struct layer, merges),
	FIELD_BOOL("rootNamed", struct layer, root_named),
	FIELD_END
};

static int open_folder(const struct store *s, const struct digest *key)
{
	auto_free char *path = mem_printf("layers/%s", key->hex);

	return path_open_beneath(s->root_fd, path, O_RDONLY | O_DIRECTORY, 0);
}

bool layer_exists(const struct store *s, const struct digest *key)
{
	auto_free char *path = mem_printf("layers/%s/layer.json", key->hex);
	auto_fd int fd = path_open_beneath(s->root_fd, path, O_PATH, 0);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;
}

static int load(int dir_fd, const struct digest *key, struct layer *ret, struct fail *f)
{
	auto_json json_t *j = jsonf_load(dir_fd, "layer.json", 0, f);
	int r;

	if (!j)
		return -f->code;
	*ret = (struct layer){ 0 };
	r = jsonf_read(layer_fields, ret, j, f);
	if (r == 0 && !digest_equal(&ret->key, key))
		r = refuse(f, EBADMSG, "layer.json is that of another layer");
	if (r < 0)
		layer_done(ret);
	return r;
}

int layer_load(const struct store *s, const struct digest *key, struct layer *ret, struct fail *f)
{
	auto_fd int fd = open_folder(s, key);
	int r;

	*ret = (struct layer){ 0 };
	if (fd < 0)
		return fail(f, -fd, "open layer %s", key->hex);
	r = load(fd, key, ret, f);
	return r < 0 ? fail_in(f, r, "layer %s", key->hex) : 0;
}

void layer_done(struct layer *l)
{
	jsonf_done(layer_fields, l);
}

int layer_open_tree(const struct store *s, const struct digest *key, struct fail *f)
{
	auto_free char *path = mem_printf("layers/%s/tree", key->hex);
	int fd = path_open_beneath(s->root_fd, path, O_PATH | O_DIRECTORY, 0);

	return fd < 0 ? fail(f, -fd, "open the tree of layer %s", key->hex) : fd;
}

static int write_json(int dir_fd, const struct layer *l, struct fail *f)
{
	auto_json json_t *j = jsonf_write(layer_fields, l);
	auto_free char *text = jsonf_text(j, 0);
	int r = file_replace(dir_fd, "layer.json", text, strlen(text), 0600, FILE_SYNC);

	return r < 0 ? fail(f, -r, "write layer.json") : 0;
}

/* The name is taken. 0: by a good layer; -EAGAIN: a broken one was put aside. */
static int judge_other(const struct store *s, int layers_fd, const struct digest *key,
		       struct fail *f)
{
	auto_free char *what = mem_printf("layer-%.16s", key->hex);
	struct fail why = { 0 };
	struct layer other;
	int r = layer_load(s, key, &other, &why);

	if (r == 0) {
		layer_done(&other);
		return 0;
	}
	/* Trouble of ours (descriptors, memory, the disk) proves nothing about the layer. */
	if (why.code != EBADMSG && why.code != EINVAL && why.code != ENOENT) {
		*f = why;
		return r;
	}
	r = store_quarantine(s, layers_fd, key->hex, what, f);
	if (r == -ENOENT)
		fail_clear(f);
	return r < 0 && r != -ENOENT ? r : -EAGAIN;
}

/* Under the shared store_lock: gc sees either the pin and the layer, or neither. */
static int publish(struct store_temp *t, const char *name, int layers_fd, const struct layer *l,
		   struct fail *f)
{
	enum { TRIES = 100 };
	auto_fd int lock = store_lock(t->store, false, f);
	int r;

	if (lock < 0)
		return lock;
	r = pin_locked(t, &l->key, f);
	if (r < 0)
		return r;
	for (int i = 0; i < TRIES; i++) {
		r = file_move(t->dir_fd, name, layers_fd, l->key.hex, 0);
		if (r != -EEXIST && r != -ENOTEMPTY)
			return r < 0 ? fail(f, -r, "move the layer to '%s/layers'", t->store->path) : 0;
		r = judge_other(t->store, layers_fd, &l->key, f);
		if (r == 0)
			return store_trash(t->store, t->dir_fd, name, f);
		if (r != -EAGAIN)
			return r;
	}
	return refuse(f, EBUSY, "the layer's folder comes back again and again");
}

int layer_commit(struct store_temp *t, const char *name, const struct layer *l, struct fail *f)
{
	auto_fd int layers_fd = store_dir(t->store, "layers", f);
	auto_fd int dir_fd = -EBADF;
	int r;

	if (layers_fd < 0)
		return layers_fd;
	dir_fd = path_open_beneath(t->dir_fd, name, O_RDONLY | O_DIRECTORY, 0);
	if (dir_fd < 0)
		return fail(f, -dir_fd, "open '%s/tmp/%s/%s'", t->store->path, t->name, name);
	r = write_json(dir_fd, l, f);
	if (r == 0)
		r = publish(t, name, layers_fd, l, f);
	if (r < 0)
		return fail_in(f, r, "commit layer %s", l->key.hex);
	r = file_sync(layers_fd);
	return r < 0 ? fail(f, -r, "sync '%s/layers'", t->store->path) : 0;
}
