/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_STORE_IMAGE_H
#define TESTS_UNIT_STORE_IMAGE_H

/* Images for the tests of storage/: their digests are made up, the store never hashes. */

#include "tests/unit/store_env.h"

#include "storage/gc.h"
#include "storage/image.h"
#include "storage/layer.h"

/* A digest whose hex starts with PREFIX, then N, then zeros. */
static inline struct digest env_digest(const char *prefix, unsigned n)
{
	struct digest d;
	struct fail f = { 0 };
	auto_free char *start = mem_printf("%s%x", prefix, n);
	auto_free char *hex = mem_printf("%s%0*d", start, (int)(64 - strlen(start)), 0);

	assert_int_equal(digest_parse_hex(hex, &d, &f), 0);
	return d;
}

static inline int env_layer(struct store_temp *t, const struct digest *key, struct fail *f)
{
	struct layer l = { .key = *key, .diff_id = *key, .size = 5, .files = 1 };
	char name[80];
	auto_fd int tree = -EBADF;

	snprintf(name, sizeof(name), "l-%.70s", key->hex);
	if (mkdirat(t->dir_fd, name, 0700) < 0)
		return -errno;
	snprintf(name, sizeof(name), "l-%.64s/tree", key->hex);
	if (mkdirat(t->dir_fd, name, 0755) < 0)
		return -errno;
	tree = fd_open(t->dir_fd, name, O_RDONLY | O_DIRECTORY, 0);
	if (file_replace(tree, "hello", "hello", 5, 0644, 0) < 0)
		return -EIO;
	name[strlen(name) - strlen("/tree")] = '\0';
	return layer_commit(t, name, &l, f);
}

/* Image N of two layers, the lower one shared by all images: manifest "aN", layer "bN", blob "cN". */
static inline int env_image(const struct store *s, const char *prefix, unsigned n, struct digest *ret,
			    struct fail *f)
{
	struct image_layer layers[2] = { 0 };
	struct image i = { .id = env_digest(prefix, n), .manifest = env_digest("a", n),
			   .layers = layers, .n_layers = 2, .size = 10, .added = 1 };
	auto_temp struct store_temp t = { 0 };
	int r = store_temp_new(s, &t, f);

	layers[0].key = layers[0].diff_id = env_digest("bfff", 0);
	layers[0].blob = env_digest("cfff", 0);
	layers[1].key = layers[1].diff_id = env_digest("b", n);
	layers[1].blob = env_digest("c", n);
	for (int k = 0; r == 0 && k < 2; k++) {
		layers[k].media_type = (char *)"application/vnd.oci.image.layer.v1.tar+gzip";
		r = gc_pin(&t, &layers[k].key, f);
		if (r == 0)
			r = blob_put(&t, "layer", 5, &layers[k].blob, f);
		if (r == 0 && !layer_exists(s, &layers[k].key))
			r = env_layer(&t, &layers[k].key, f);
	}
	if (r == 0)
		r = blob_put(&t, "{\"architecture\":\"amd64\"}", 24, &i.id, f);
	if (r == 0)
		r = blob_put(&t, "{}", 2, &i.manifest, f);
	if (r == 0)
		r = image_save(s, &i, f);
	*ret = i.id;
	return r;
}

static inline int env_name(const struct store *s, const char *text, const struct digest *id,
			   const struct digest *manifest, struct fail *f)
{
	auto_ref struct ref name = { 0 };
	int r = ref_parse(text, &name, f);

	return r < 0 ? r : image_name_set(s, &name, id, manifest, f);
}

/* Every image that can be seen can be used: its config, layers and blobs are there. */
static inline int env_check_images(const struct store *s)
{
	struct image_list l;
	struct fail f = { 0 };
	int bad = 0;

	if (image_list_load(s, &l, &f) < 0) {
		print_error("%s\n", f.msg);
		return 1;
	}
	strv_each(it, l.broken) {
		print_error("broken: %s\n", *it);
		bad++;
	}
	for (size_t i = 0; i < l.n; i++) {
		const struct image *im = &l.v[i].image;

		bad += !blob_exists(s, &im->id) || !blob_exists(s, &im->manifest);
		for (size_t k = 0; k < im->n_layers; k++) {
			struct layer layer;

			bad += !blob_exists(s, &im->layers[k].blob);
			if (layer_load(s, &im->layers[k].key, &layer, &f) < 0) {
				print_error("%s\n", f.msg);
				fail_clear(&f);
				bad++;
			} else {
				layer_done(&layer);
			}
		}
	}
	image_list_done(&l);
	return bad;
}

#endif
