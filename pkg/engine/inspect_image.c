// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "pkg/engine/inspect.h"
#include "pkg/oci/image.h"
#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "storage/image.h"

/* Two tags of one repository have one digest. Takes VALUE over. */
static void append_once(json_t *list, json_t *value)
{
	json_t *has;
	size_t i;

	json_array_foreach(list, i, has)
		if (json_equal(has, value)) {
			json_decref(value);
			return;
		}
	json_array_append_new(list, value);
}

/* What an image list knows that the image itself doesn't: its names. */
static int names_of(struct engine *e, const struct digest *id, json_t *tags, json_t *digests, struct fail *f)
{
	struct image_list l = { 0 };
	char text[DIGEST_TEXT_MAX];
	int r = image_list_load(&e->store, &l, f);

	for (size_t i = 0; r == 0 && i < l.n; i++) {
		if (!digest_equal(&l.v[i].image.id, id))
			continue;
		strv_each(it, l.v[i].names) {
			size_t n = strcspn(*it, "@");
			const char *colon = strrchr(*it, ':');
			auto_free char *bare = NULL;

			if ((*it)[n] == '@') {
				json_array_append_new(digests, json_string(*it));
				continue;
			}
			json_array_append_new(tags, json_string(*it));
			if (colon && !strchr(colon, '/'))
				n = (size_t)(colon - *it);
			bare = mem_strndup(*it, n);
			if (digest_is_set(&l.v[i].image.manifest))
				append_once(digests, json_sprintf("%s@%s", bare,
								  digest_format(&l.v[i].image.manifest, text)));
		}
	}
	image_list_done(&l);
	return r;
}

static json_t *layers_of(const struct image *i)
{
	char text[DIGEST_TEXT_MAX];
	json_t *a = json_array();

	for (size_t k = 0; k < i->n_layers; k++)
		json_array_append_new(a, json_string(digest_format(&i->layers[k].diff_id, text)));
	return json_pack("{s:s, s:o}", "Type", "layers", "Layers", a);
}

/* In Go a member that was not set has a value all the same: templates may ask for it. */
static json_t *with_defaults(json_t *config)
{
	json_t *o = json_pack("{s:s, s:{}, s:[], s:[], s:[], s:{}, s:s, s:{}, s:s}", "User", "", "ExposedPorts",
			      "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "", "Labels", "StopSignal", "");

	if (config)
		json_object_update(o, config);
	return o;
}

/* Templates ask for the members of a step that were not set, too. LIST may be NULL. */
static json_t *steps_of(const json_t *list)
{
	json_t *all = json_array();
	const json_t *h;
	size_t i;

	json_array_foreach(list, i, h) {
		json_t *o = json_pack("{s:O*, s:s, s:s, s:s, s:b}", "created", json_object_get(h, "created"),
				      "created_by", "", "author", "", "comment", "", "empty_layer", 0);

		json_object_update(o, (json_t *)h);
		json_array_append_new(all, o);
	}
	return all;
}

/* Docker's format has one for the image; of an OCI image it is that of the first step, as podman tells it. */
static const char *comment_of(const struct image_config *c)
{
	const char *first = c->n_history ? c->history[0].comment : NULL;

	return c->comment ? c->comment : first ? first : "";
}

/* As podman has it: the topmost layer is the image's own, and LowerDir is there when there are others. */
static json_t *driver_of(struct engine *e, const struct image *i)
{
	auto_str struct str lower = STR_INIT(1 << 20);
	json_t *data = json_object();

	for (size_t k = i->n_layers; k > 1; k--)
		str_addf(&lower, "%s%s/layers/%s/tree", lower.len ? ":" : "", e->store.path, i->layers[k - 2].key.hex);
	if (lower.len)
		json_object_set_new(data, "LowerDir", json_string(str_cstr(&lower)));
	if (i->n_layers)
		json_object_set_new(data, "UpperDir", json_sprintf("%s/layers/%s/tree", e->store.path,
								   i->layers[i->n_layers - 1].key.hex));
	return json_pack("{s:s, s:o}", "Name", "overlay", "Data", data);
}

/* Of the manifest: its media type and its annotations. */
static void manifest_of(struct engine *e, const struct image *i, char **ret_type, json_t **ret_annotations)
{
	auto_fd int fd = digest_is_set(&i->manifest) ? blob_open(&e->store, &i->manifest, &(struct fail){ 0 }) : -EBADF;
	auto_str struct str text = STR_INIT(4 << 20);
	struct manifest m = { 0 };

	*ret_type = mem_strdup(MEDIA_OCI_MANIFEST);
	*ret_annotations = NULL;
	if (fd >= 0 && io_read_all(fd, &text) == 0 &&
	    manifest_parse(str_cstr(&text), text.len, &m, &(struct fail){ 0 }) == 0) {
		if (m.media_type)
			mem_replace(ret_type, mem_strdup(m.media_type));
		*ret_annotations = jsonf_map(m.annotations);
		jsonf_done(manifest_fields, &m);
	}
	if (!*ret_annotations)
		*ret_annotations = json_object();
}

static json_t *build(struct engine *e, const struct image *i, const struct image_config *c, json_t *tags,
		     json_t *digests)
{
	auto_json json_t *whole = jsonf_write(image_config_fields, c);
	auto_json json_t *config = with_defaults(json_object_get(whole, "config"));
	json_t *annotations;
	json_t *labels = json_object_get(config, "Labels");
	char text[DIGEST_TEXT_MAX] = "";
	auto_free char *type = NULL;

	if (digest_is_set(&i->manifest))
		(void)digest_format(&i->manifest, text);
	manifest_of(e, i, &type, &annotations);
	return json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:O*, s:s, s:s, s:s, s:s, s:I, s:I, s:o, s:o, s:O*,"
			 " s:o, s:s, s:s, s:o, s:o, s:O*}",
			 "Id", i->id.hex, "Digest", text, "RepoTags", tags, "RepoDigests", digests, "Parent", "",
			 "Comment", comment_of(c), "Created", c->created ? c->created : "", "Config",
			 config, "Version", c->docker_version ? c->docker_version : "", "Author",
			 c->author ? c->author : "", "Architecture", c->arch ? c->arch : "", "Os", c->os ? c->os : "",
			 "Size", (json_int_t)i->size, "VirtualSize", (json_int_t)i->size, "GraphDriver",
			 driver_of(e, i), "RootFS", layers_of(i), "Labels", labels, "Annotations", annotations,
			 "ManifestType", type, "User", c->config.user ? c->config.user : "", "History",
			 steps_of(json_object_get(whole, "history")),
			 "NamesHistory", json_copy(tags), "Healthcheck", json_object_get(config, "Healthcheck"));
}

int inspect_image(struct engine *e, const char *text, json_t **ret, struct fail *f)
{
	auto_image struct image image = { 0 };
	struct image_config config = { 0 };
	json_t *tags, *digests;
	int r = image_open(&e->store, text, &image, &config, f);

	if (r < 0)
		return r;
	tags = json_array();
	digests = json_array();
	r = names_of(e, &image.id, tags, digests, f);
	if (r == 0) {
		*ret = build(e, &image, &config, tags, digests);
	} else {
		json_decref(tags);
		json_decref(digests);
	}
	jsonf_done(image_config_fields, &config);
	return r;
}
