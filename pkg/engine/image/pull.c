// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/engine/image/manifest.h"
#include "pkg/engine/image/serve.h"
#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/time.h"
#include "registry/client.h"
#include "storage/unpack/blob_writer.h"

/*
 * rbox pull: name -> index -> platform -> manifest -> config -> layers. Index, manifest and config are
 * kept byte by byte. What the store has is not asked for: a tag that hasn't moved costs one HEAD.
 */
enum { CONFIG_MAX = 4 * 1024 * 1024 };

struct pull {
	struct xfer *x;
	struct registry *registry;
	struct ref name;
	struct platform platform;
	bool platform_given;
	struct manifest manifest;
	struct image_config config;
	struct incoming in;
};

static void pull_done(struct pull *p)
{
	registry_close(p->registry);
	ref_done(&p->name);
	platform_done(&p->platform);
	jsonf_done(manifest_fields, &p->manifest);
	jsonf_done(image_config_fields, &p->config);
	incoming_done(&p->in);
}

/* ---- small blobs: from the store, else from the registry ---- */

/* The bytes of a blob of the store, if it is there and whole; -ENOENT. */
static int stored_text(const struct store *s, const struct digest *d, char **ret, size_t *ret_len)
{
	auto_str struct str text = STR_INIT(CONFIG_MAX + 1);
	struct fail ignored = { 0 };
	struct digest is;
	auto_fd int fd = blob_exists(s, d) ? blob_open(s, d, &ignored) : -ENOENT;
	void *hash;

	if (fd < 0 || io_read_all(fd, &text) < 0)
		return -ENOENT;
	hash = hash_new(d->algo);
	if (!hash)
		return -ENOENT;
	hash_add(hash, str_cstr(&text), text.len);
	hash_get(hash, d->algo, &is);
	hash_free(hash);
	if (!digest_equal(&is, d))
		return -ENOENT;
	*ret_len = text.len;
	*ret = str_take(&text);
	return 0;
}

static int text_sink(void *ctx, const void *data, size_t n)
{
	str_addn(ctx, data, n);
	return str_failed(ctx) ? -EFBIG : 0;
}

static int get_config(struct pull *p, const struct descriptor *d, char **ret, size_t *ret_len, struct fail *f)
{
	auto_str struct str text = STR_INIT(CONFIG_MAX + 1);
	int r;

	if (d->size < 0 || d->size > CONFIG_MAX)
		return refuse(f, EFBIG, "the image's config has %lld bytes, more than 4 MiB", (long long)d->size);
	if (stored_text(&p->x->store, &d->digest, ret, ret_len) < 0) {
		r = registry_blob(p->registry, d, 0, text_sink, &text, f);
		if (r < 0)
			return fail_in(f, r, "the image's config");
		*ret_len = text.len;
		*ret = str_take(&text);
	}
	/* Also for what was there: it gets its pin. */
	return blob_add(&p->x->temp, *ret, *ret_len, &d->digest, NULL, f);
}

struct document {
	char *text, *content_type;
	size_t len;
	struct digest digest;
};

static void document_done(struct document *d)
{
	free(d->text);
	free(d->content_type);
}
#define auto_document __attribute__((cleanup(document_done)))

/* WANT NULL: what the name says now. */
static int get_document(struct pull *p, const struct digest *want, struct document *ret, struct fail *f)
{
	struct registry_manifest m = { 0 };
	struct digest head, image, known;
	int r;

	if (!want && !digest_is_set(&p->name.digest) &&
	    image_name_get(&p->x->store, &p->name, &image, &known, f) == 0) {
		r = registry_digest(p->registry, &head, f);
		if (r == 0)
			want = &head;
	}
	/* No such name here, or no answer to HEAD: the manifest itself is asked for and says why. */
	fail_clear(f);
	if (!want && digest_is_set(&p->name.digest))
		want = &p->name.digest;
	if (want && stored_text(&p->x->store, want, &ret->text, &ret->len) == 0) {
		ret->digest = *want;
	} else {
		r = registry_manifest(p->registry, want, &m, f);
		if (r < 0)
			return r;
		*ret = (struct document){ mem_take(&m.text), mem_take(&m.content_type), m.len, m.digest };
		registry_manifest_done(&m);
	}
	return blob_add(&p->x->temp, ret->text, ret->len, &ret->digest, NULL, f);
}

/* ---- from the name to the manifest ---- */

static int from_index(struct pull *p, const struct document *d, struct document *ret, struct fail *f)
{
	const struct descriptor *best;
	struct index index = { 0 };
	enum manifest_kind kind;
	int r = index_parse(d->text, d->len, &index, f);

	if (r == 0)
		r = index_choose(&index, &p->platform, &best, f);
	if (r == 0)
		r = get_document(p, &best->digest, ret, f);
	if (r == 0 && best->size > 0 && (int64_t)ret->len != best->size)
		r = refuse(f, EBADMSG, "the manifest has %zu bytes, the index promises %lld", ret->len,
			   (long long)best->size);
	if (r == 0)
		r = manifest_kind(ret->text, ret->len, ret->content_type, &kind, f);
	if (r == 0 && kind != MANIFEST_IMAGE)
		r = refuse(f, EBADMSG, "an index within an index");
	if (r == 0)
		p->in.index = d->digest;
	jsonf_done(index_fields, &index);
	return r;
}

static int get_manifest(struct pull *p, struct fail *f)
{
	auto_document struct document top = { 0 }, child = { 0 };
	const struct document *d = &top;
	enum manifest_kind kind;
	int r = get_document(p, NULL, &top, f);

	if (r == 0)
		r = manifest_kind(top.text, top.len, top.content_type, &kind, f);
	if (r == 0 && kind == MANIFEST_INDEX) {
		r = from_index(p, &top, &child, f);
		d = &child;
	}
	if (r < 0)
		return r;
	p->in.manifest = d->digest;
	return manifest_parse(d->text, d->len, &p->manifest, f);
}

static void check_platform(struct pull *p)
{
	if (!p->config.os || !p->config.arch || digest_is_set(&p->in.index))
		return;
	if (str_eq(p->config.os, p->platform.os) && str_eq(p->config.arch, p->platform.arch))
		return;
	event_warning(&p->x->events, "image platform (%.40s/%.40s) does not match the expected platform (%s/%s)",
		      p->config.os, p->config.arch, p->platform.os, p->platform.arch);
}

static int get_image(struct pull *p, struct fail *f)
{
	auto_free char *text = NULL;
	size_t len = 0;
	int r = get_manifest(p, f);

	if (r < 0)
		return r;
	p->in.config = p->manifest.config.digest;
	r = get_config(p, &p->manifest.config, &text, &len, f);
	if (r == 0)
		r = image_config_parse(text, len, &p->config, f);
	if (r < 0)
		return r;
	check_platform(p);
	r = incoming_from_config(p->x, &p->config, &p->in, f);
	return r == 0 ? incoming_take_layers(&p->in, &p->manifest, f) : r;
}

static int layer_source(void *ctx, size_t i, blob_sink *sink, void *sink_ctx, struct fail *f)
{
	struct pull *p = ctx;

	return registry_blob(p->registry, &p->manifest.layers[i], 0, sink, sink_ctx, f);
}

/* A name with a digest is kept by the digest alone, as podman does. */
static int save(struct pull *p, struct fail *f)
{
	auto_free char *full = NULL;
	struct ref name = p->name;
	int r;

	if (digest_is_set(&name.digest))
		name.tag = NULL;
	full = ref_format(&name);
	r = incoming_save(p->x, &p->in, &name, 1, f);
	if (r == 0)
		event_image(&p->x->events, p->in.config.hex, full);
	return r;
}

static int transfer(struct pull *p, struct fail *f)
{
	int r = get_image(p, f);

	if (r < 0)
		return r;
	p->in.layers.source = layer_source;
	p->in.layers.source_ctx = p;
	r = layers_fetch(&p->in.layers, f);
	return r == 0 ? save(p, f) : r;
}

/* ---- what was asked for ---- */

static int take_platform(struct pull *p, struct fail *f)
{
	const char *all = xfer_text(p->x, "platform"), *os = xfer_text(p->x, "os");
	const char *arch = xfer_text(p->x, "arch"), *variant = xfer_text(p->x, "variant");
	auto_free char *text = NULL;
	struct platform here = { 0 };
	int r;

	if (all && (os || arch || variant))
		return refuse(f, EINVAL, "--platform option can not be specified with --arch, --os or --variant");
	p->platform_given = all || os || arch || variant;
	if (all || !p->platform_given)
		return platform_parse(all, &p->platform, f);
	r = platform_parse(NULL, &here, f);
	if (r < 0)
		return r;
	if (!variant && !arch)
		variant = here.variant;
	text = mem_printf("%s/%s%s%s", os ? os : here.os, arch ? arch : here.arch, variant ? "/" : "",
			  variant ? variant : "");
	platform_done(&here);
	return platform_parse(text, &p->platform, f);
}

static void warn(void *ctx, const char *text)
{
	event_warning(ctx, "%s", text);
}

static int connect_to(struct pull *p, struct fail *f)
{
	const json_t *tls = json_object_get(p->x->request, "tls");
	struct registry_opts o = {
		.tls = json_is_true(tls) ? REGISTRY_TLS_VERIFY : json_is_false(tls) ? REGISTRY_TLS_ANY :
										      REGISTRY_TLS_CONF,
		.authfile = xfer_text(p->x, "authfile"), .creds = xfer_text(p->x, "creds"),
		.cert_dir = xfer_text(p->x, "cert_dir"),
		.retries = (int)json_integer_value(json_object_get(p->x->request, "retry")),
		.retry_delay = json_integer_value(json_object_get(p->x->request, "retry_delay")),
		.warn = warn, .warn_ctx = &p->x->events,
	};

	return registry_open(&p->name, &o, &p->registry, f);
}

/* 1: there is a local image and the policy is content with it (it was reported). */
static int local_suffices(struct pull *p, const char *text, struct fail *f)
{
	const char *policy = xfer_text(p->x, "policy");
	auto_free char *name = NULL;
	struct digest id;
	int r;

	if (!policy || !strcmp(policy, "always") || !strcmp(policy, "newer"))
		return 0;
	r = image_find(&p->x->store, text, &id, &name, f);
	if (r == 0) {
		event_image(&p->x->events, id.hex, name);
		return 1;
	}
	if (r != -ENOENT || !strcmp(policy, "never"))
		return r;
	fail_clear(f);
	return 0;
}

/* "newer" goes on with what is there when the registry can't be reached or says no. */
static int fall_back(struct pull *p, const char *text, int r, struct fail *f)
{
	struct fail why = *f, none = { 0 };
	auto_free char *name = NULL;
	struct digest id;

	if (!str_eq(xfer_text(p->x, "policy"), "newer") ||
	    image_find(&p->x->store, text, &id, &name, &none) < 0)
		return r;
	event_warning(&p->x->events, "the local image is kept: %s", why.msg);
	fail_clear(f);
	event_image(&p->x->events, id.hex, name);
	return 0;
}

static int pull_one(struct pull *p, const char *text, struct fail *f)
{
	auto_free char *full = NULL;
	int r = take_platform(p, f);

	if (r == 0)
		r = local_suffices(p, text, f);
	if (r)
		return r < 0 ? r : 0;
	r = registry_resolve(text, &p->name, f);
	if (r < 0)
		return r;
	full = ref_format(&p->name);
	event_note(&p->x->events, "Trying to pull %s...", full);
	r = connect_to(p, f);
	if (r == 0)
		r = transfer(p, f);
	return r < 0 ? fall_back(p, text, r, f) : 0;
}

int pull_serve(struct xfer *x, struct fail *f)
{
	struct pull p = { .x = x };
	const char *text = xfer_text(x, "image");
	int r;

	if (!text)
		return refuse(f, EINVAL, "no image is named");
	if (str_starts(text, "docker://"))
		text += strlen("docker://");
	r = pull_one(&p, text, f);
	pull_done(&p);
	return r < 0 ? fail_in(f, r, "pull '%.300s'", text) : 0;
}
