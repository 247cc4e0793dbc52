// SPDX-License-Identifier: Apache-2.0
#include "storage/mark.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/oci/image.h"
#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"
#include "storage/ctr_name.h"
#include "storage/dir.h"
#include "storage/image.h"
#include "storage/name.h"

static void add_hex(struct mark_set *set, const char *hex)
{
	if (set->n == set->cap) {
		set->cap = set->cap ? 2 * set->cap : 64;
		set->v = mem_resize(set->v, set->cap, sizeof(*set->v));
	}
	set->v[set->n++] = mem_strdup(hex);
}

static void add(struct mark_set *set, const struct digest *d)
{
	if (digest_is_set(d))
		add_hex(set, d->hex);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(struct mark_set *set)
{
	if (set->n)
		qsort(set->v, set->n, sizeof(*set->v), by_text);
}

static void set_done(struct mark_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		free(set->v[i]);
	mem_free_ptr(&set->v);
	set->n = set->cap = 0;
}

bool mark_has(const struct mark_set *set, const char *hex)
{
	return set->n && bsearch(&hex, set->v, set->n, sizeof(*set->v), by_text);
}

static void add_image(struct marks *m, const struct image *i)
{
	add(&m->blobs, &i->id);
	add(&m->blobs, &i->manifest);
	add(&m->blobs, &i->index);
	for (size_t n = 0; n < i->n_layers; n++) {
		add(&m->layers, &i->layers[n].key);
		add(&m->blobs, &i->layers[n].blob);
	}
}

static bool is_broken(const struct fail *f)
{
	return f->code == EBADMSG || f->code == EINVAL || f->code == EFBIG;
}

static int quarantine_image(const struct store *s, const char *file, struct fail *f)
{
	auto_fd int images = store_dir(s, "images", f);
	auto_free char *what = mem_printf("image-%.16s", file);

	return images < 0 ? images : store_quarantine(s, images, file, what, f);
}

static int load_images(const struct store *s, struct marks *m, struct fail *f)
{
	auto_strv char **files = NULL;
	int r = dir_list(s->root_fd, "images", &files);

	if (r < 0)
		return fail(f, -r, "read '%s/images'", s->path);
	strv_each(it, files) {
		auto_free char *hex = mem_strndup(*it, strcspn(*it, "."));
		auto_image struct image image = { 0 };
		struct fail why = { 0 };
		struct digest id;

		if (!str_ends(*it, ".json"))
			continue;
		r = digest_parse_hex(hex, &id, &why);
		if (r == 0)
			r = image_load(s, &id, &image, &why);
		if (r == 0) {
			add_image(m, &image);
			continue;
		}
		if (!is_broken(&why)) {
			*f = why;
			return r;
		}
		r = quarantine_image(s, *it, f);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A manifest that only a name knows (the same image pushed with other compression). */
static void add_manifest(const struct store *s, struct marks *m, const struct digest *d)
{
	auto_str struct str text = STR_INIT(4 << 20);
	struct fail ignored = { 0 };
	struct manifest manifest;
	auto_fd int fd = -EBADF;

	if (!digest_is_set(d))
		return;
	fd = blob_open(s, d, &ignored);
	if (fd < 0 || io_read_all(fd, &text) < 0)
		return;
	if (manifest_parse(str_cstr(&text), text.len, &manifest, &ignored) < 0)
		return;
	add(&m->blobs, d);
	add(&m->blobs, &manifest.config.digest);
	for (size_t i = 0; i < manifest.n_layers; i++)
		add(&m->blobs, &manifest.layers[i].digest);
	jsonf_done(manifest_fields, &manifest);
}

static int load_names(const struct store *s, struct marks *m, struct fail *f)
{
	struct mark_set images = { 0 };
	struct name_list names;
	int r = name_list_load(s, &names, f);

	/* Which manifests they name is not known then. */
	if (r == 0 && names.trouble)
		r = refuse(f, EIO, "the image names in '%s/refs' could not all be read", s->path);
	/* Most names' manifests are their image's, known already: searched in a sorted copy, as the set grows. */
	for (size_t i = 0; i < m->blobs.n; i++)
		add_hex(&images, m->blobs.v[i]);
	sort(&images);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		if (!mark_has(&images, names.v[i].manifest.hex))
			add_manifest(s, m, &names.v[i].manifest);
	set_done(&images);
	name_list_done(&names);
	return r;
}

static int load_containers(const struct store *s, struct marks *m, struct fail *f)
{
	auto_strv char **ids = NULL;
	int r = ctr_list(s, &ids, f);

	if (r < 0)
		return r;
	strv_each(it, ids) {
		auto_strv char **keys = NULL;
		struct fail why = { 0 };
		auto_fd int dir = ctr_open(s, *it, &why);
		struct digest key;

		/* Removed since. */
		if (dir == -ENOENT)
			continue;
		if (dir < 0 || ctr_layers(dir, &keys, &why) < 0) {
			m->keep_layers = true;
			continue;
		}
		strv_each(k, keys) {
			if (digest_parse(*k, &key, &why) == 0)
				add(&m->layers, &key);
			else
				m->keep_layers = true;
			fail_clear(&why);
		}
	}
	return 0;
}

static void add_pins(struct marks *m, int tmp_fd, const char *name)
{
	auto_fd int dir = path_open_beneath(tmp_fd, name, O_RDONLY | O_DIRECTORY, 0);
	auto_strv char **pins = NULL;

	/* Whose lock nobody holds is dead, and so are its pins. */
	if (dir < 0 || !file_is_locked(dir, "lock") || dir_list(dir, "pins", &pins) < 0)
		return;
	strv_each(it, pins) {
		struct fail ignored = { 0 };
		struct digest d;

		if (digest_parse(*it, &d, &ignored) < 0)
			continue;
		add(&m->layers, &d);
		add(&m->blobs, &d);
	}
}

static int load_pins(const struct store *s, struct marks *m, struct fail *f)
{
	auto_fd int tmp = store_dir(s, "tmp", f);
	auto_strv char **names = NULL;
	int r;

	if (tmp < 0)
		return tmp;
	r = dir_list(tmp, ".", &names);
	if (r < 0)
		return fail(f, -r, "read '%s/tmp'", s->path);
	strv_each(it, names)
		add_pins(m, tmp, *it);
	return 0;
}

int marks_load(const struct store *s, struct marks *ret, struct fail *f)
{
	int r = load_images(s, ret, f);

	if (r == 0)
		r = load_names(s, ret, f);
	if (r == 0)
		r = load_containers(s, ret, f);
	if (r == 0)
		r = load_pins(s, ret, f);
	sort(&ret->layers);
	sort(&ret->blobs);
	return r;
}

void marks_done(struct marks *m)
{
	set_done(&m->layers);
	set_done(&m->blobs);
}
