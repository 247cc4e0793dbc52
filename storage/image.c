// SPDX-License-Identifier: Apache-2.0
#include "storage/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "storage/layer.h"
#include "storage/name.h"

static const struct field image_layer_fields[] = {
	FIELD_DIGEST("diffID", struct image_layer, diff_id),
	FIELD_DIGEST("key", struct image_layer, key),
	FIELD_DIGEST("blob", struct image_layer, blob),
	FIELD_STR("mediaType", struct image_layer, media_type),
	FIELD_I64("blobSize", struct image_layer, blob_size),
	FIELD_END
};

static const struct field image_fields[] = {
	FIELD_DIGEST("id", struct image, id),
	FIELD_DIGEST("manifest", struct image, manifest),
	FIELD_DIGEST("index", struct image, index),
	FIELD_ARRAY("layers", struct image, layers, n_layers, image_layer_fields),
	FIELD_I64("size", struct image, size),
	FIELD_I64("added", struct image, added),
	FIELD_END
};

static char *file_name(const struct digest *id)
{
	return mem_printf("%s.json", id->hex);
}

void image_done(struct image *i)
{
	jsonf_done(image_fields, i);
}

static int load(int images_fd, const struct digest *id, struct image *ret, struct fail *f)
{
	auto_free char *name = file_name(id);
	auto_json json_t *j = jsonf_load(images_fd, name, 0, f);
	int r;

	if (!j)
		return -f->code;
	r = jsonf_read(image_fields, ret, j, f);
	if (r == 0 && !digest_equal(&ret->id, id))
		r = refuse(f, EBADMSG, "%s is that of another image", name);
	for (size_t i = 0; r == 0 && i < ret->n_layers; i++)
		if (!digest_is_set(&ret->layers[i].key))
			r = refuse(f, EBADMSG, "%s: layers[%zu] has no key", name, i);
	return r;
}

int image_load(const struct store *s, const struct digest *id, struct image *ret, struct fail *f)
{
	auto_fd int images = store_dir(s, "images", f);
	int r;

	*ret = (struct image){ 0 };
	if (images < 0)
		return images;
	r = load(images, id, ret, f);
	if (r < 0)
		image_done(ret);
	return r < 0 ? fail_in(f, r, "image %.12s", id->hex) : 0;
}

/* What an image refers to must be there as long as the image is. */
static int check_parts(const struct store *s, const struct image *i, struct fail *f)
{
	const struct digest *blobs[] = { &i->id, &i->manifest, &i->index };

	for (size_t n = 0; n < ARRAY_LEN(blobs); n++)
		if (digest_is_set(blobs[n]) && !blob_exists(s, blobs[n]))
			return refuse(f, ENOENT, "the blob %s:%s is missing", blobs[n]->algo,
				      blobs[n]->hex);
	for (size_t n = 0; n < i->n_layers; n++) {
		const struct image_layer *l = &i->layers[n];

		if (!layer_exists(s, &l->key))
			return refuse(f, ENOENT, "layer %s is missing", l->key.hex);
		/* Not set: compressed layers are not kept (keep_blobs=false). */
		if (digest_is_set(&l->blob) && !blob_exists(s, &l->blob))
			return refuse(f, ENOENT, "the blob %s:%s is missing", l->blob.algo, l->blob.hex);
	}
	return 0;
}

int image_save(const struct store *s, const struct image *i, struct fail *f)
{
	auto_json json_t *j = jsonf_write(image_fields, i);
	auto_free char *text = jsonf_text(j, 0);
	auto_free char *name = file_name(&i->id);
	auto_fd int images = store_dir(s, "images", f);
	auto_fd int lock = -EBADF;
	int r;

	if (images < 0)
		return images;
	lock = store_lock(s, false, f);
	if (lock < 0)
		return lock;
	r = check_parts(s, i, f);
	if (r < 0)
		return fail_in(f, r, "save image %.12s", i->id.hex);
	r = file_replace(images, name, text, strlen(text), 0600, FILE_SYNC);
	return r < 0 ? fail(f, -r, "write '%s/images/%s'", s->path, name) : 0;
}

int image_load_config(const struct store *s, const struct digest *id, struct image_config *ret,
		      struct fail *f)
{
	auto_str struct str text = STR_INIT(4 << 20);
	auto_fd int fd = blob_open(s, id, f);
	int r;

	*ret = (struct image_config){ 0 };
	if (fd < 0)
		return fail_in(f, fd, "the config of image %.12s", id->hex);
	r = io_read_all(fd, &text);
	if (r < 0)
		r = fail(f, -r, "read the blob %s:%s", id->algo, id->hex);
	else
		r = image_config_parse(str_cstr(&text), text.len, ret, f);
	return r < 0 ? fail_in(f, r, "the config of image %.12s", id->hex) : 0;
}

int image_load_both(const struct store *s, const struct digest *id, struct image *ret, struct image_config *ret_config,
		    struct fail *f)
{
	int r = image_load(s, id, ret, f);

	*ret_config = (struct image_config){ 0 };
	if (r == 0)
		r = image_load_config(s, id, ret_config, f);
	if (r < 0)
		image_done(ret);
	return r;
}

int image_open(const struct store *s, const char *text, struct image *ret, struct image_config *ret_config,
	       struct fail *f)
{
	struct digest id;
	int r = image_find(s, text, &id, NULL, f);

	*ret = (struct image){ 0 };
	return r < 0 ? r : image_load_both(s, &id, ret, ret_config, f);
}

static int remove_names(const struct store *s, const struct digest *id, struct fail *f)
{
	struct name_list names;
	int r = name_list_load(s, &names, f);

	for (size_t i = 0; r == 0 && i < names.n; i++)
		if (digest_equal(&names.v[i].image, id))
			r = name_unlink(s, &names.v[i].ref, f);
	name_list_done(&names);
	return r;
}

int image_remove(const struct store *s, const struct digest *id, struct fail *f)
{
	auto_fd int images = store_dir(s, "images", f);
	auto_free char *name = file_name(id);
	auto_fd int lock = -EBADF;
	int r;

	if (images < 0)
		return images;
	/* Exclusively: no name may come to this image between the two steps. */
	lock = store_lock(s, true, f);
	if (lock < 0)
		return lock;
	/* Names first: killed in between, an image without names is left, never a name without its image. */
	r = remove_names(s, id, f);
	if (r < 0)
		return r;
	if (unlinkat(images, name, 0) < 0)
		return errno == ENOENT ? refuse(f, ENOENT, "%s: image not known", id->hex) :
					 fail(f, errno, "remove '%s/images/%s'", s->path, name);
	r = file_sync(images);
	return r < 0 ? fail(f, -r, "sync '%s/images'", s->path) : 0;
}
