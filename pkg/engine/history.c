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

/* How many of the first N steps made a layer. */
static size_t layers_of(const struct image_config *c, size_t n)
{
	size_t layers = 0;

	for (size_t k = 0; k < n; k++)
		layers += !c->history[k].empty_layer;
	return layers;
}

/* OTHER's layers are the lowest of ours. */
static bool is_below(const struct image *other, const struct image *ours)
{
	size_t same = 0;

	while (other->n_layers <= ours->n_layers && same < other->n_layers &&
	       digest_equal(&other->layers[same].diff_id, &ours->layers[same].diff_id))
		same++;
	return same == other->n_layers && other->n_layers <= ours->n_layers;
}

/* After how many of our steps OTHER was there, which tells of the same ones and no more; 0: it wasn't on the way. */
static size_t step_of(struct engine *e, const struct image *other, const struct image_config *ours)
{
	struct image_config c;
	struct fail ignored = { 0 };
	size_t same = 0;

	if (image_load_config(&e->store, &other->id, &c, &ignored) < 0)
		return 0;
	while (c.n_history < ours->n_history && same < c.n_history && same_step(&c.history[same], &ours->history[same]))
		same++;
	if (same != c.n_history || layers_of(ours, same) != other->n_layers)
		same = 0;
	jsonf_done(image_config_fields, &c);
	return same;
}

/*
 * The image that was there after each step but the last: its entry at the step's place, or NULL; the first listed
 * of several. Others may have the same layers: what was built on them with another environment, say. One look
 * at each image, however many steps there are: a stranger's config may tell of a hundred thousand.
 */
static const struct image_entry **images_of(struct engine *e, const struct image_list *l, const struct image *i,
					    const struct image_config *c)
{
	const struct image_entry **at = mem_array(c->n_history + 1, sizeof(*at));

	for (size_t k = 0; k < l->n; k++) {
		const struct image *other = &l->v[k].image;
		size_t step = digest_equal(&other->id, &i->id) || !is_below(other, i) ? 0 : step_of(e, other, c);

		if (step > 0 && !at[step - 1])
			at[step - 1] = &l->v[k];
	}
	return at;
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

/* The last step first. */
static json_t *build(struct engine *e, const struct image *i, const struct image_config *c,
		     const struct image_list *l)
{
	auto_free const struct image_entry **at = images_of(e, l, i, c);
	size_t layers = layers_of(c, c->n_history);
	json_t *rows = json_array();

	for (size_t k = c->n_history; k-- > 0;) {
		const struct image_history *h = &c->history[k];
		bool last = k + 1 == c->n_history;
		const struct image_entry *entry = last ? own_entry(l, i) : at[k];
		/* A config may tell of more layers than there are. */
		int64_t size = h->empty_layer ? 0 : size_of(e, i, layers - 1);
		const char *id = last ? i->id.hex : entry ? entry->image.id.hex : "<missing>";

		json_array_append_new(rows, row(h, id, entry, size));
		layers -= !h->empty_layer;
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
