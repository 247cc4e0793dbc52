// SPDX-License-Identifier: Apache-2.0
#include "pkg/oci/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/util/mem.h"

enum { TEXT_MAX = 4 << 20 };

const struct field platform_fields[] = {
	FIELD_STR("architecture", struct platform, arch),
	FIELD_STR("os", struct platform, os),
	FIELD_STR("os.version", struct platform, os_version),
	FIELD_STR("variant", struct platform, variant),
	FIELD_END
};

const struct field descriptor_fields[] = {
	FIELD_STR("mediaType", struct descriptor, media_type),
	FIELD_DIGEST("digest", struct descriptor, digest),
	FIELD_MUST(FK_I64, "size", struct descriptor, size, int64_t),
	FIELD_STRV("urls", struct descriptor, urls),
	FIELD_MAP("annotations", struct descriptor, annotations),
	FIELD_OBJ("platform", struct descriptor, platform, platform_fields),
	FIELD_STR("artifactType", struct descriptor, artifact_type),
	FIELD_END
};

/* An array that the image-spec requires even when it is empty. */
#define ARRAY_KEPT(n, type, member, count, table)                                               \
	{ .name = (n), .kind = FK_ARRAY, .flags = FIELD_KEPT, .offset = offsetof(type, member), \
	  .count_offset = offsetof(type, count), .size = sizeof(*((type *)0)->member),          \
	  .sub = (table) }

const struct field index_fields[] = {
	FIELD_INT("schemaVersion", struct index, schema),
	FIELD_STR("mediaType", struct index, media_type),
	ARRAY_KEPT("manifests", struct index, manifests, n_manifests, descriptor_fields),
	FIELD_MAP("annotations", struct index, annotations),
	FIELD_END
};

const struct field manifest_fields[] = {
	FIELD_INT("schemaVersion", struct manifest, schema),
	FIELD_STR("mediaType", struct manifest, media_type),
	FIELD_OBJ("config", struct manifest, config, descriptor_fields),
	ARRAY_KEPT("layers", struct manifest, layers, n_layers, descriptor_fields),
	FIELD_MAP("annotations", struct manifest, annotations),
	FIELD_END
};

static const struct field healthcheck_fields[] = {
	FIELD_STRV("Test", struct image_healthcheck, test),
	FIELD_I64("Interval", struct image_healthcheck, interval),
	FIELD_I64("Timeout", struct image_healthcheck, timeout),
	FIELD_I64("StartPeriod", struct image_healthcheck, start_period),
	FIELD_I64("StartInterval", struct image_healthcheck, start_interval),
	FIELD_INT("Retries", struct image_healthcheck, retries),
	FIELD_END
};

static const struct field run_config_fields[] = {
	FIELD_STR("User", struct image_run_config, user),
	FIELD_SET("ExposedPorts", struct image_run_config, exposed_ports),
	FIELD_STRV("Env", struct image_run_config, env),
	FIELD_STRV("Entrypoint", struct image_run_config, entrypoint),
	FIELD_STRV("Cmd", struct image_run_config, cmd),
	FIELD_OBJ("Healthcheck", struct image_run_config, healthcheck, healthcheck_fields),
	FIELD_SET("Volumes", struct image_run_config, volumes),
	FIELD_STR("WorkingDir", struct image_run_config, working_dir),
	FIELD_STRV("OnBuild", struct image_run_config, on_build),
	FIELD_MAP("Labels", struct image_run_config, labels),
	FIELD_STR("StopSignal", struct image_run_config, stop_signal),
	FIELD_STRV("Shell", struct image_run_config, shell),
	FIELD_END
};

typedef __typeof__(((struct image_config *)0)->rootfs) rootfs_type;

static const struct field rootfs_fields[] = {
	FIELD_STR("type", rootfs_type, type),
	FIELD_KEEP(FK_STRV, "diff_ids", rootfs_type, diff_ids, char **),
	FIELD_END
};

static const struct field history_fields[] = {
	FIELD_STR("created", struct image_history, created),
	FIELD_STR("created_by", struct image_history, created_by),
	FIELD_STR("author", struct image_history, author),
	FIELD_STR("comment", struct image_history, comment),
	FIELD_BOOL("empty_layer", struct image_history, empty_layer),
	FIELD_END
};

const struct field image_config_fields[] = {
	FIELD_STR("created", struct image_config, created),
	FIELD_STR("author", struct image_config, author),
	FIELD_STR("architecture", struct image_config, arch),
	FIELD_STR("variant", struct image_config, variant),
	FIELD_STR("os", struct image_config, os),
	FIELD_STR("os.version", struct image_config, os_version),
	FIELD_STR("docker_version", struct image_config, docker_version),
	FIELD_STR("comment", struct image_config, comment),
	FIELD_OBJ("config", struct image_config, config, run_config_fields),
	FIELD_OBJ("rootfs", struct image_config, rootfs, rootfs_fields),
	FIELD_ARRAY("history", struct image_config, history, n_history, history_fields),
	FIELD_END
};

/* TEXT as it may be shown: it comes from a registry. */
static char *shown(const char *text)
{
	auto_free char *cut = mem_strndup(text ? text : "", 120);
	struct str s = STR_INIT(1024);

	str_add_escaped(&s, cut);
	return str_take(&s);
}

/* A media type without its parameters ("; charset=utf-8"). */
static bool media_is(const char *text, const char *media)
{
	size_t n = strlen(media);

	return text && !strncasecmp(text, media, n) && (!text[n] || strchr("; \t", text[n]));
}

static bool is_index_media(const char *text)
{
	return media_is(text, MEDIA_OCI_INDEX) || media_is(text, MEDIA_DOCKER_LIST);
}

static bool is_manifest_media(const char *text)
{
	return media_is(text, MEDIA_OCI_MANIFEST) || media_is(text, MEDIA_DOCKER_MANIFEST);
}

static int refuse_schema1(struct fail *f)
{
	(void)refuse(f, EPROTONOSUPPORT, "the manifest is of docker's schema 1, which can't be "
					 "verified and is not supported");
	fail_hint(f, "push the image again with a docker or podman of this decade, which converts it");
	return -EPROTONOSUPPORT;
}

static int kind_by_members(const json_t *j, enum manifest_kind *ret, struct fail *f)
{
	bool manifests = json_object_get(j, "manifests");
	bool layers = json_object_get(j, "layers") || json_object_get(j, "config");

	if (!json_is_object(j))
		return refuse(f, EBADMSG, "the manifest is not a JSON object");
	if (json_object_get(j, "fsLayers") ||
	    json_integer_value(json_object_get(j, "schemaVersion")) == 1)
		return refuse_schema1(f);
	if (manifests && layers)
		return refuse(f, EBADMSG, "the manifest is ambiguous: it has the members of an index "
					  "and those of an image (CVE-2021-41190)");
	if (!manifests && !layers)
		return refuse(f, EBADMSG, "the manifest has neither 'manifests' nor 'layers'");
	*ret = manifests ? MANIFEST_INDEX : MANIFEST_IMAGE;
	return 0;
}

/*
 * A media type of the other kind is refused. One that is none of the four types is
 * passed over where it comes from HTTP ("text/plain" of some mirrors), not in the text.
 */
static int check_media(enum manifest_kind kind, const char *media, bool strict, struct fail *f)
{
	bool index = is_index_media(media), image = is_manifest_media(media);
	auto_free char *seen = shown(media);

	if (!media || !*media || (kind == MANIFEST_INDEX ? index : image))
		return 0;
	if (!strict && !index && !image)
		return 0;
	if (!index && !image)
		return refuse(f, EPROTONOSUPPORT, "manifests of the type '%s' are not supported", seen);
	return refuse(f, EBADMSG, "the manifest is %s by its members but says '%s'",
		      kind == MANIFEST_INDEX ? "an index" : "an image", seen);
}

static int kind_of(const json_t *j, const char *content_type, enum manifest_kind *ret, struct fail *f)
{
	const json_t *media;
	int r = kind_by_members(j, ret, f);

	if (r < 0)
		return r;
	media = json_object_get(j, "mediaType");
	if (media && !json_is_string(media) && !json_is_null(media))
		return refuse(f, EBADMSG, "the manifest's 'mediaType' is not a string");
	r = check_media(*ret, json_string_value(media), true, f);
	return r < 0 ? r : check_media(*ret, content_type, false, f);
}

int manifest_kind(const char *text, size_t len, const char *content_type, enum manifest_kind *ret,
		  struct fail *f)
{
	auto_json json_t *j = jsonf_parse(text, len, TEXT_MAX, "manifest", f);

	return j ? kind_of(j, content_type, ret, f) : -f->code;
}

/* Before anything is allocated by it. */
static int check_count(const json_t *j, const char *name, size_t max, struct fail *f)
{
	size_t n = json_array_size(json_object_get(j, name));

	return n <= max ? 0 : refuse(f, E2BIG, "%zu %s are more than the %zu allowed", n, name, max);
}

static int check_descriptor(const struct descriptor *d, const char *what, size_t i, struct fail *f)
{
	if (!digest_is_set(&d->digest))
		return refuse(f, EBADMSG, "%s %zu has no digest", what, i);
	if (d->size < 0)
		return refuse(f, EBADMSG, "%s %zu has a negative size", what, i);
	return 0;
}

/* Reads TEXT by TABLE into a zeroed RET once it is known to be of KIND. */
static int parse_as(const char *text, size_t len, enum manifest_kind want,
		    const struct field *table, void *ret, struct fail *f)
{
	auto_json json_t *j = jsonf_parse(text, len, TEXT_MAX, "manifest", f);
	enum manifest_kind kind;
	int r;

	if (!j)
		return -f->code;
	r = kind_of(j, NULL, &kind, f);
	if (r < 0)
		return r;
	if (kind != want)
		return refuse(f, EBADMSG, "%s is wanted, but the manifest is %s",
			      want == MANIFEST_INDEX ? "an index" : "an image",
			      kind == MANIFEST_INDEX ? "an index" : "an image");
	r = check_count(j, "layers", IMAGE_LAYERS_MAX, f);
	if (r < 0)
		return r;
	r = check_count(j, "manifests", IMAGE_MANIFESTS_MAX, f);
	if (r < 0)
		return r;
	r = jsonf_read(table, ret, j, f);
	return r < 0 ? fail_in(f, r, "manifest") : 0;
}

int index_parse(const char *text, size_t len, struct index *ret, struct fail *f)
{
	int r;

	*ret = (struct index){ 0 };
	r = parse_as(text, len, MANIFEST_INDEX, index_fields, ret, f);
	for (size_t i = 0; !r && i < ret->n_manifests; i++)
		r = check_descriptor(&ret->manifests[i], "manifest", i, f);
	if (r < 0)
		jsonf_done(index_fields, ret);
	return r;
}

/* Early docker said octet-stream; what else is no image's config is a chart, a cache, a signature. */
static int check_config_media(const char *media, struct fail *f)
{
	auto_free char *seen = shown(media);

	if (!media || media_is(media, MEDIA_OCI_CONFIG) || media_is(media, MEDIA_DOCKER_CONFIG) ||
	    media_is(media, "application/octet-stream"))
		return 0;
	return refuse(f, EMEDIUMTYPE, "this is not a container image but an artifact: its config is '%s'",
		      seen);
}

static int check_manifest(const struct manifest *m, struct fail *f)
{
	int r;

	if (!digest_is_set(&m->config.digest))
		return refuse(f, EBADMSG, "the manifest has no config");
	if (m->config.size < 0 || m->config.size > TEXT_MAX)
		return refuse(f, EFBIG, "the image's config has %lld bytes, 4 MiB are allowed",
			      (long long)m->config.size);
	for (size_t i = 0; i < m->n_layers; i++) {
		r = check_descriptor(&m->layers[i], "layer", i, f);
		if (r < 0)
			return r;
	}
	return check_config_media(m->config.media_type, f);
}

int manifest_parse(const char *text, size_t len, struct manifest *ret, struct fail *f)
{
	int r;

	*ret = (struct manifest){ 0 };
	r = parse_as(text, len, MANIFEST_IMAGE, manifest_fields, ret, f);
	if (!r)
		r = check_manifest(ret, f);
	if (r < 0)
		jsonf_done(manifest_fields, ret);
	return r;
}

static int check_config(const struct image_config *c, struct fail *f)
{
	size_t i = 0;

	if (c->rootfs.type && !str_eq(c->rootfs.type, "layers"))
		return refuse(f, EPROTONOSUPPORT, "image config: a root filesystem made of layers is wanted");
	if (strv_len(c->rootfs.diff_ids) > IMAGE_LAYERS_MAX)
		return refuse(f, E2BIG, "image config: %zu layers are more than the %d allowed",
			      strv_len(c->rootfs.diff_ids), IMAGE_LAYERS_MAX);
	strv_each(it, c->rootfs.diff_ids) {
		struct digest d;
		int r = digest_parse(*it, &d, f);

		if (r < 0)
			return fail_in(f, r, "image config: rootfs.diff_ids[%zu]", i);
		i++;
	}
	return 0;
}

int image_config_parse(const char *text, size_t len, struct image_config *ret, struct fail *f)
{
	auto_json json_t *j = NULL;
	int r;

	*ret = (struct image_config){ 0 };
	j = jsonf_parse(text, len, TEXT_MAX, "image config", f);
	if (!j)
		return -f->code;
	r = jsonf_read(image_config_fields, ret, j, f);
	r = r < 0 ? fail_in(f, r, "image config") : check_config(ret, f);
	if (r < 0)
		jsonf_done(image_config_fields, ret);
	return r;
}

bool descriptor_is_layer(const struct descriptor *d)
{
	static const char *const types[] = {
		MEDIA_OCI_LAYER, MEDIA_OCI_LAYER "+gzip", MEDIA_OCI_LAYER "+zstd",
		"application/vnd.oci.image.layer.nondistributable.v1.tar",
		"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
		"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
		MEDIA_DOCKER_LAYER, MEDIA_DOCKER_LAYER ".gzip", MEDIA_DOCKER_LAYER ".zstd",
		"application/vnd.docker.image.rootfs.foreign.diff.tar",
		"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (str_eq(d->media_type, types[i]))
			return true;
	return false;
}
