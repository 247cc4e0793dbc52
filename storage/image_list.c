// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "storage/dir.h"
#include "storage/image.h"
#include "storage/name.h"

/* Keeps both lists sorted by name; an image has few. */
static void add_name(struct image_entry *e, const struct name *n)
{
	char text[DIGEST_TEXT_MAX];
	size_t at = strv_len(e->names);

	strv_add_take(&e->names, ref_format(&n->ref));
	strv_add(&e->manifests, digest_is_set(&n->manifest) ? digest_format(&n->manifest, text) : "");
	for (; at && strcmp(e->names[at - 1], e->names[at]) > 0; at--) {
		char *name = e->names[at], *manifest = e->manifests[at];

		e->names[at] = e->names[at - 1];
		e->names[at - 1] = name;
		e->manifests[at] = e->manifests[at - 1];
		e->manifests[at - 1] = manifest;
	}
}

static void load_one(const struct store *s, const char *file, struct image_list *l)
{
	auto_free char *hex = str_ends(file, ".json") ? mem_strndup(file, strlen(file) - 5) : NULL;
	struct image_entry e = { 0 };
	struct fail why = { 0 };
	struct digest id;

	if (!hex || digest_parse_hex(hex, &id, &why) < 0 || image_load(s, &id, &e.image, &why) < 0) {
		/* Removed since we read the folder: not broken. */
		if (why.code != ENOENT)
			strv_addf(&l->broken, "images/%s", file);
		return;
	}
	if (!(l->n & (l->n + 1)))
		l->v = mem_resize(l->v, 2 * (l->n + 1), sizeof(*l->v));
	l->v[l->n++] = e;
}

int image_list_load(const struct store *s, struct image_list *ret, struct fail *f)
{
	auto_strv char **files = NULL;
	struct name_list names;
	int r = dir_list(s->root_fd, "images", &files);

	*ret = (struct image_list){ 0 };
	if (r < 0)
		return fail(f, -r, "read '%s/images'", s->path);
	strv_each(it, files)
		load_one(s, *it, ret);
	r = name_list_load(s, &names, f);
	strv_add_all(&ret->broken, names.broken);
	for (size_t i = 0; i < names.n; i++)
		for (size_t k = 0; k < ret->n; k++)
			if (digest_equal(&names.v[i].image, &ret->v[k].image.id))
				add_name(&ret->v[k], &names.v[i]);
	name_list_done(&names);
	if (r < 0)
		image_list_done(ret);
	return r;
}

void image_list_done(struct image_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		image_done(&l->v[i].image);
		strv_free(l->v[i].names);
		strv_free(l->v[i].manifests);
	}
	mem_free_ptr(&l->v);
	strv_free_ptr(&l->broken);
	l->n = 0;
}
