// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/history.h"

#include "pkg/oci/image.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "storage/image.h"
#include "storage/layer.h"

static bool same_step(const struct image_history *a, const struct image_history *b)
{
	return a->empty_layer == b->empty_layer && str_eq(a->created, b->created) &&
	       str_eq(a->created_by, b->created_by) && str_eq(a->comment, b->comment);
}

/* C's config tells the first STEPS steps of ours, and no more. */
static bool ends_there(struct engine *e, const struct digest *id, const struct image_config *ours, size_t steps)
{
	struct image_config c;
	struct fail ignored = { 0 };
	size_t same = 0;

	if (image_load_config(&e->store, id, &c, &ignored) < 0)
		return false;
	while (c.n_history == steps && same < steps && same_step(&c.history[same], &ours->history[same]))
		same++;
	jsonf_done(image_config_fields, &c);
	return same == steps;
}

/*
 * The image that was there after the first STEPS steps of I, which made its lowest N layers: its entry, or NULL.
 * Others may have the same layers: what was built on them with another environment, say.
 */
static const struct image_entry *image_of(struct engine *e, const struct image_list *l, const struct image *i,
					  const struct image_config *c, size_t steps, size_t n)
{
	for (size_t k = 0; k < l->n; k++) {
		const struct image *other = &l->v[k].image;
		size_t same = 0;

		while (other->n_layers == n && same < n &&
		       digest_equal(&other->layers[same].diff_id, &i->layers[same].diff_id))
			same++;
		if (same == n && other->n_layers == n && ends_there(e, &other->id, c, steps))
			return &l->v[k];
	}
	return NULL;
}

static const struct image_entry *own_entry(const struct image_list *l, const struct image *i)
{
	for (size_t n = 0; n < l->n; n++)
		if (digest_equal(&l->v[n].image.id, &i->id))
			return &l->v[n];
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
		/* A config may tell of more layers than there are. */
		if (last)
			entry = own_entry(l, i);
		else if (layers <= i->n_layers)
			entry = image_of(e, l, i, c, k + 1, layers);
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
	int r = image_open(&e->store, text, &image, &config, f);

	if (r < 0)
		return r;
	r = image_list_load(&e->store, &l, f);
	if (r == 0)
		*ret = build(e, &image, &config, &l);
	image_list_done(&l);
	jsonf_done(image_config_fields, &config);
	return r;
}
