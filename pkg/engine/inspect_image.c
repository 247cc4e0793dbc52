// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "pkg/engine/inspect.h"
#include "pkg/oci/image.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "storage/image.h"

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
				json_array_append_new(digests, json_sprintf("%s@%s", bare,
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

static json_t *build(const struct image *i, const struct image_config *c, json_t *tags, json_t *digests)
{
	auto_json json_t *whole = jsonf_write(image_config_fields, c);
	auto_json json_t *config = with_defaults(json_object_get(whole, "config"));
	json_t *history = json_object_get(whole, "history");
	json_t *labels = json_object_get(config, "Labels");
	char text[DIGEST_TEXT_MAX] = "";

	if (digest_is_set(&i->manifest))
		(void)digest_format(&i->manifest, text);
	return json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:O*, s:s, s:s, s:s, s:s, s:I, s:I, s:o, s:O*,"
			 " s:s, s:s, s:O*, s:s}",
			 "Id", i->id.hex, "Digest", text, "RepoTags", tags, "RepoDigests", digests, "Parent", "",
			 "Comment", c->comment ? c->comment : "", "Created", c->created ? c->created : "", "Config",
			 config, "Version", c->docker_version ? c->docker_version : "", "Author",
			 c->author ? c->author : "", "Architecture", c->arch ? c->arch : "", "Os", c->os ? c->os : "",
			 "Size", (json_int_t)i->size, "VirtualSize", (json_int_t)i->size, "RootFS", layers_of(i),
			 "Labels", labels, "ManifestType", MEDIA_OCI_MANIFEST, "User",
			 c->config.user ? c->config.user : "", "History", history, "NamesHistory", "");
}

int inspect_image(struct engine *e, const char *text, json_t **ret, struct fail *f)
{
	auto_image struct image image = { 0 };
	struct image_config config = { 0 };
	json_t *tags, *digests;
	struct digest id;
	int r = image_find(&e->store, text, &id, NULL, f);

	if (r == 0)
		r = image_load(&e->store, &id, &image, f);
	if (r == 0)
		r = image_load_config(&e->store, &id, &config, f);
	if (r < 0)
		return r;
	tags = json_array();
	digests = json_array();
	r = names_of(e, &id, tags, digests, f);
	if (r == 0) {
		*ret = build(&image, &config, tags, digests);
	} else {
		json_decref(tags);
		json_decref(digests);
	}
	jsonf_done(image_config_fields, &config);
	return r;
}
