// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/image/manifest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "storage/unpack/blob_writer.h"

int incoming_take_layers(struct incoming *in, const struct manifest *m, struct fail *f)
{
	if (m->n_layers != in->layers.n)
		return refuse(f, EBADMSG, "the manifest names %zu layers, the config %zu", m->n_layers,
			      in->layers.n);
	for (size_t i = 0; i < m->n_layers; i++) {
		struct layer_want *w = &in->layers.v[i];

		if (!descriptor_is_layer(&m->layers[i]))
			return refuse(f, EPROTONOSUPPORT, "layer %zu is of type '%.100s': no file system", i,
				      m->layers[i].media_type ? m->layers[i].media_type : "");
		w->blob = m->layers[i].digest;
		w->blob_size = m->layers[i].size;
		w->media_type = m->layers[i].media_type;
		snprintf(w->id, sizeof(w->id), "%.12s", w->blob.hex);
	}
	return 0;
}

static const char *layer_media(enum inflate_kind kind, bool docker)
{
	switch (kind) {
	case INFLATE_GZIP:
		return docker ? MEDIA_DOCKER_LAYER ".gzip" : MEDIA_OCI_LAYER "+gzip";
	case INFLATE_ZSTD:
		return docker ? MEDIA_DOCKER_LAYER ".zstd" : MEDIA_OCI_LAYER "+zstd";
	default:
		return docker ? MEDIA_DOCKER_LAYER : MEDIA_OCI_LAYER;
	}
}

static json_t *descriptor_json(const char *media, const struct digest *d, int64_t size)
{
	char text[DIGEST_TEXT_MAX];

	return json_pack("{s:s, s:s, s:I}", "mediaType", media, "digest", digest_format(d, text), "size",
			 (json_int_t)size);
}

/* How a blob that was in the store already is compressed. */
static int learn_kind(const struct xfer *x, struct layer_want *w, struct fail *f)
{
	auto_fd int fd = w->know_kind ? -EBADF : blob_open(&x->store, &w->got_blob, f);
	unsigned char magic[4] = { 0 };

	if (w->know_kind)
		return 0;
	if (fd < 0)
		return fd;
	if (io_read_full(fd, magic, sizeof(magic)) < 0)
		return fail(f, EIO, "read blob %.12s", w->got_blob.hex);
	w->kind = !memcmp(magic, "\x1f\x8b", 2) ? INFLATE_GZIP :
		  !memcmp(magic, "\x28\xb5\x2f\xfd", 4) ? INFLATE_ZSTD : INFLATE_PLAIN;
	w->know_kind = true;
	return 0;
}

int manifest_make(struct xfer *x, struct incoming *in, const char *config_media, int64_t config_size,
		  struct fail *f)
{
	bool docker = !strcmp(config_media, MEDIA_DOCKER_CONFIG);
	auto_json json_t *m = json_object();
	auto_free char *text = NULL;
	json_t *layers = json_array();

	json_object_set_new(m, "schemaVersion", json_integer(2));
	json_object_set_new(m, "mediaType", json_string(docker ? MEDIA_DOCKER_MANIFEST : MEDIA_OCI_MANIFEST));
	json_object_set_new(m, "config", descriptor_json(config_media, &in->config, config_size));
	json_object_set_new(m, "layers", layers);
	for (size_t i = 0; i < in->layers.n; i++) {
		struct layer_want *w = &in->layers.v[i];
		int r = learn_kind(x, w, f);

		if (r < 0)
			return r;
		w->media_type = layer_media(w->kind, docker);
		json_array_append_new(layers, descriptor_json(w->media_type, &w->got_blob, w->got_size));
	}
	text = jsonf_text(m, 0);
	return blob_add(&x->temp, text, strlen(text), NULL, &in->manifest, f);
}
