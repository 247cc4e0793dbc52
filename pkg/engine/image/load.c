// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/engine/image/archive.h"
#include "pkg/engine/image/manifest.h"
#include "pkg/engine/image/serve.h"
#include "pkg/util/mem.h"
#include "storage/unpack/blob_writer.h"

/*
 * rbox load: an oci-archive (oci-layout and index.json; what docker save makes since 25 is one,
 * too) or a docker-archive (manifest.json). Names are kept whole.
 */
struct load {
	struct xfer *x;
	struct archive *archive;
	const struct member **blobs;	/* of the image at hand, by layer */
	size_t loaded;
};

static int layer_source(void *ctx, size_t i, blob_sink *sink, void *sink_ctx, struct fail *f)
{
	struct load *l = ctx;

	return archive_copy(l->archive, l->blobs[i], sink, sink_ctx, f);
}

static int fetch(struct load *l, struct incoming *in, struct fail *f)
{
	in->layers.source = layer_source;
	in->layers.source_ctx = l;
	return layers_fetch(&in->layers, f);
}

/* ---- names ---- */

static void refs_done(struct ref *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ref_done(&v[i]);
}

/* A name that makes no sense is no reason to lose the image. */
static void add_name(struct load *l, const char *name, bool local, struct ref *v, size_t *n)
{
	auto_free char *full = local && ref_is_short(name) ? mem_printf("localhost/%s", name) :
							     mem_strdup(name);
	struct fail f = { 0 };

	if (ref_parse(full, &v[*n], &f) < 0)
		event_warning(&l->x->events, "the name in the archive is left out: %s", f.msg);
	else
		++*n;
}

static int save(struct load *l, const struct incoming *in, char *const *names, bool local, struct fail *f)
{
	struct ref *v = mem_array(strv_len(names) + 1, sizeof(*v));
	size_t n = 0;
	int r;

	strv_each(it, names)
		add_name(l, *it, local, v, &n);
	r = incoming_save(l->x, in, v, n, f);
	for (size_t i = 0; r == 0 && i < n; i++) {
		auto_free char *full = ref_format(&v[i]);

		event_image(&l->x->events, in->config.hex, full);
	}
	if (r == 0 && !n)
		event_image(&l->x->events, in->config.hex, NULL);
	l->loaded += r == 0;
	refs_done(v, n);
	free(v);
	return r;
}

/* ---- oci-archive ---- */

static int oci_blob(struct load *l, const struct descriptor *d, char **ret, size_t *ret_len, struct fail *f)
{
	auto_free char *name = mem_printf("blobs/%s/%s", d->digest.algo, d->digest.hex);
	auto_free char *text = NULL;
	int r = archive_read(l->archive, name, &text, ret_len, f);

	if (r < 0)
		return r;
	if ((int64_t)*ret_len != d->size)
		return refuse(f, EBADMSG, "'%s' has %zu bytes, its descriptor promises %lld", name, *ret_len,
			      (long long)d->size);
	r = blob_add(&l->x->temp, text, *ret_len, &d->digest, NULL, f);
	if (r == 0)
		*ret = mem_take(&text);
	return r;
}

static int oci_layers(struct load *l, const struct manifest *m, struct incoming *in, struct fail *f)
{
	int r = incoming_take_layers(in, m, f);

	l->blobs = mem_array(m->n_layers + 1, sizeof(*l->blobs));
	for (size_t i = 0; r == 0 && i < m->n_layers; i++) {
		auto_free char *name = mem_printf("blobs/%s/%s", m->layers[i].digest.algo,
						  m->layers[i].digest.hex);

		l->blobs[i] = archive_find(l->archive, name);
		/* It need not be there when the store has it; asking for it says so. */
		if (!l->blobs[i] && !blob_exists(&l->x->store, &m->layers[i].digest))
			r = refuse(f, ENOENT, "the archive holds no '%s'", name);
	}
	if (r == 0)
		r = fetch(l, in, f);
	free(l->blobs);
	l->blobs = NULL;
	return r;
}

static int oci_image(struct load *l, const struct descriptor *d, const struct digest *index,
		     char *const *names, struct fail *f)
{
	auto_incoming struct incoming in = { .manifest = d->digest };
	auto_free char *text = NULL, *config_text = NULL;
	struct image_config config = { 0 };
	struct manifest m = { 0 };
	size_t len, config_len;
	int r = oci_blob(l, d, &text, &len, f);

	if (r == 0)
		r = manifest_parse(text, len, &m, f);
	if (r < 0)
		return r;
	if (index)
		in.index = *index;
	in.config = m.config.digest;
	r = oci_blob(l, &m.config, &config_text, &config_len, f);
	if (r == 0)
		r = image_config_parse(config_text, config_len, &config, f);
	if (r == 0)
		r = incoming_from_config(l->x, &config, &in, f);
	if (r == 0)
		r = oci_layers(l, &m, &in, f);
	if (r == 0)
		r = save(l, &in, names, true, f);
	jsonf_done(manifest_fields, &m);
	jsonf_done(image_config_fields, &config);
	return r;
}

static int oci_index(struct load *l, const struct descriptor *d, const char *text, size_t len,
		     char *const *names, struct fail *f)
{
	auto_free char *child = NULL;
	const struct descriptor *best;
	struct index index = { 0 };
	struct platform here = { 0 };
	enum manifest_kind kind;
	size_t child_len;
	int r = index_parse(text, len, &index, f);

	if (r == 0)
		r = platform_parse(NULL, &here, f);
	if (r == 0)
		r = index_choose(&index, &here, &best, f);
	if (r == 0)
		r = oci_blob(l, best, &child, &child_len, f);
	if (r == 0)
		r = manifest_kind(child, child_len, best->media_type, &kind, f);
	if (r == 0 && kind != MANIFEST_IMAGE)
		r = refuse(f, EBADMSG, "an index within an index within index.json");
	if (r == 0)
		r = oci_image(l, best, &d->digest, names, f);
	platform_done(&here);
	jsonf_done(index_fields, &index);
	return r;
}

static int oci_entry(struct load *l, const struct descriptor *d, struct fail *f)
{
	const char *name = strv_env_get(d->annotations, "io.containerd.image.name");
	char *names[] = { NULL, NULL };
	auto_free char *text = NULL;
	enum manifest_kind kind;
	size_t len;
	int r = oci_blob(l, d, &text, &len, f);

	if (!name)
		name = strv_env_get(d->annotations, "org.opencontainers.image.ref.name");
	names[0] = (char *)name;
	if (r == 0)
		r = manifest_kind(text, len, d->media_type, &kind, f);
	if (r < 0)
		return r;
	if (kind == MANIFEST_INDEX)
		return oci_index(l, d, text, len, names, f);
	return oci_image(l, d, NULL, names, f);
}

static int load_oci(struct load *l, struct fail *f)
{
	auto_free char *text = NULL;
	struct index index = { 0 };
	size_t len;
	int r = archive_read(l->archive, "index.json", &text, &len, f);

	if (r == 0)
		r = index_parse(text, len, &index, f);
	for (size_t i = 0; r == 0 && i < index.n_manifests; i++)
		r = oci_entry(l, &index.manifests[i], f);
	jsonf_done(index_fields, &index);
	return r;
}

/* ---- docker-archive ---- */

struct docker_image {
	char *config;
	char **tags, **layers;
};
static const struct field docker_image_fields[] = {
	FIELD_STR("Config", struct docker_image, config),
	FIELD_STRV("RepoTags", struct docker_image, tags),
	FIELD_STRV("Layers", struct docker_image, layers),
	FIELD_END
};

static int docker_layers(struct load *l, const struct docker_image *d, struct incoming *in, struct fail *f)
{
	int r = 0;

	if (strv_len(d->layers) != in->layers.n)
		return refuse(f, EBADMSG, "manifest.json names %zu layers, the config %zu", strv_len(d->layers),
			      in->layers.n);
	l->blobs = mem_array(in->layers.n + 1, sizeof(*l->blobs));
	for (size_t i = 0; r == 0 && i < in->layers.n; i++) {
		l->blobs[i] = archive_find(l->archive, d->layers[i]);
		if (!l->blobs[i]) {
			r = refuse(f, ENOENT, "the archive holds no '%.200s'", d->layers[i]);
			break;
		}
		in->layers.v[i].blob_size = l->blobs[i]->size;
		/* What isn't compressed has the digest of its tar: known before it is read. */
		if (archive_is_plain(l->archive, l->blobs[i]))
			in->layers.v[i].blob = in->layers.v[i].diff_id;
	}
	if (r == 0)
		r = fetch(l, in, f);
	free(l->blobs);
	l->blobs = NULL;
	return r;
}

static int docker_image(struct load *l, const struct docker_image *d, struct fail *f)
{
	auto_incoming struct incoming in = { 0 };
	auto_free char *text = NULL;
	struct image_config config = { 0 };
	size_t len;
	int r;

	if (!d->config)
		return refuse(f, EBADMSG, "manifest.json names no Config");
	r = archive_read(l->archive, d->config, &text, &len, f);
	if (r == 0)
		r = image_config_parse(text, len, &config, f);
	if (r < 0)
		return r;
	r = blob_add(&l->x->temp, text, len, NULL, &in.config, f);
	if (r == 0)
		r = incoming_from_config(l->x, &config, &in, f);
	if (r == 0)
		r = docker_layers(l, d, &in, f);
	if (r == 0)
		r = manifest_make(l->x, &in, MEDIA_DOCKER_CONFIG, (int64_t)len, f);
	if (r == 0)
		r = save(l, &in, d->tags, false, f);
	jsonf_done(image_config_fields, &config);
	return r;
}

static int load_docker(struct load *l, struct fail *f)
{
	auto_free char *text = NULL;
	auto_json json_t *all = NULL;
	const json_t *one;
	size_t len, i;
	int r = archive_read(l->archive, "manifest.json", &text, &len, f);

	if (r < 0)
		return r;
	all = jsonf_parse(text, len, ARCHIVE_JSON_MAX, "manifest.json", f);
	if (!all)
		return -f->code;
	if (!json_is_array(all))
		return refuse(f, EBADMSG, "manifest.json is no array");
	json_array_foreach(all, i, one) {
		struct docker_image d = { 0 };

		r = jsonf_read(docker_image_fields, &d, one, f);
		if (r == 0)
			r = docker_image(l, &d, f);
		jsonf_done(docker_image_fields, &d);
		if (r < 0)
			return fail_in(f, r, "image %zu of manifest.json", i);
	}
	return 0;
}

#define PAYLOAD_UNKNOWN "payload does not match any of the supported image formats"

int load_serve(struct xfer *x, struct fail *f)
{
	auto_archive struct archive a = { .fd = -EBADF };
	struct load l = { .x = x, .archive = &a };
	const char *path = xfer_text(x, "input");
	int fd = xfer_input(path, f), r;

	if (fd < 0)
		return fd;
	r = archive_open(fd, &x->temp, &a, f);
	/* podman's words for what is no archive, to the letter, and why. */
	if (r == -EBADMSG)
		(void)fail_in(f, r, PAYLOAD_UNKNOWN);
	else if (r == 0 && archive_find(&a, "oci-layout") && archive_find(&a, "index.json"))
		r = load_oci(&l, f);
	else if (r == 0 && archive_find(&a, "manifest.json"))
		r = load_docker(&l, f);
	else if (r == 0) {
		r = refuse(f, EBADMSG, PAYLOAD_UNKNOWN ": neither a docker-archive (manifest.json) nor an "
			   "oci-archive (index.json)");
		fail_hint(f, "the tar of a root file system is for 'rbox import'");
	}
	if (r == 0 && !l.loaded)
		r = refuse(f, ENOENT, "it holds no image");
	return r < 0 ? fail_in(f, r, "load '%s'", path ? path : "stdin") : 0;
}
