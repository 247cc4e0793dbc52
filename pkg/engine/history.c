// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/history.h"

#include "pkg/oci/image.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "storage/image.h"
#include "storage/layer.h"

/* The image that is made of the lowest N layers of I, and of no other: its entry, or NULL. */
static const struct image_entry *image_of(const struct image_list *l, const struct image *i, size_t n)
{
	for (size_t k = 0; k < l->n; k++) {
		const struct image *other = &l->v[k].image;
		size_t same = 0;

		if (other->n_layers != n)
			continue;
		while (same < n && digest_equal(&other->layers[same].diff_id, &i->layers[same].diff_id))
			same++;
		if (same == n)
			return &l->v[k];
	}
	return NULL;
}

static int64_t size_of(struct engine *e, const struct image *i, size_t layer)
{
	struct fail ignored = { 0 };
	struct layer l;
	int64_t size;

	if (layer >= i->n_layers || layer_load(&e->store, &i->layers[layer].key, &l, &ignored) < 0)
		return 0;
	size = l.size;
	layer_done(&l);
	return size;
}

static json_t *row(const struct image_history *h, const char *id, const struct image_entry *entry, int64_t size)
{
	json_t *tags = json_array();

	strv_each(it, entry ? entry->names : NULL)
		json_array_append_new(tags, json_string(*it));
	return json_pack("{s:s, s:s, s:s, s:I, s:s, s:o}", "id", id, "created", h->created ? h->created : "",
			 "CreatedBy", h->created_by ? h->created_by : "", "size", (json_int_t)size, "comment",
			 h->comment ? h->comment : "", "tags", tags);
}

static json_t *build(struct engine *e, const struct image *i, const struct image_config *c,
		     const struct image_list *l)
{
	json_t *rows = json_array();
	size_t layers = 0;

	for (size_t k = 0; k < c->n_history; k++) {
		const struct image_history *h = &c->history[k];
		bool last = k + 1 == c->n_history;
		const struct image_entry *entry = NULL;

		layers += !h->empty_layer;
		/* Steps without a layer that follow belong to the same image: the last of them ends it. */
		if (!last && (h->empty_layer || c->history[k + 1].empty_layer))
			entry = NULL;
		else if (!last)
			entry = image_of(l, i, layers);
		for (size_t n = 0; last && n < l->n; n++)
			if (digest_equal(&l->v[n].image.id, &i->id))
				entry = &l->v[n];
		json_array_insert_new(rows, 0, row(h, last ? i->id.hex : entry ? entry->image.id.hex : "<missing>",
						   entry, h->empty_layer ? 0 : size_of(e, i, layers - 1)));
	}
	return rows;
}

int engine_history(struct engine *e, const char *text, json_t **ret, struct fail *f)
{
	auto_image struct image image = { 0 };
	struct image_config config = { 0 };
	struct image_list l = { 0 };
	struct digest id;
	int r = image_find(&e->store, text, &id, NULL, f);

	if (r == 0)
		r = image_load(&e->store, &id, &image, f);
	if (r == 0)
		r = image_load_config(&e->store, &id, &config, f);
	if (r < 0)
		return r;
	r = image_list_load(&e->store, &l, f);
	if (r == 0)
		*ret = build(e, &image, &config, &l);
	image_list_done(&l);
	jsonf_done(image_config_fields, &config);
	return r;
}
