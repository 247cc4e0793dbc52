// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/images.h"

#include <stdlib.h>
#include <string.h>

#include "pkg/engine/filter.h"
#include "pkg/engine/summary.h"
#include "pkg/oci/image.h"
#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "storage/ctr.h"
#include "storage/image.h"

static const char *const keys[] = { "id", "before", "since", "after", "dangling", "label", "label!", "reference",
				    "until", "readonly", "intermediate", "containers", "digest", NULL };

struct entry {
	const struct image_entry *image;
	struct image_config config;
	int64_t created;
	int containers;		/* that were made of it */
};

static int64_t created_of(const struct image_config *c, const struct image *i)
{
	int64_t t;

	return c->created && time_parse(c->created, 0, &t) == 0 && t > 0 ? t : i->added;
}

static bool match_id(const char *v, const void *ctx)
{
	return str_starts(((const struct entry *)ctx)->image->image.id.hex, v);
}

static bool match_dangling(const char *v, const void *ctx)
{
	bool want = true;

	return str_to_bool(v, &want) == 0 && want == (strv_len(((const struct entry *)ctx)->image->names) == 0);
}

static bool match_until(const char *v, const void *ctx)
{
	int64_t t;

	return time_parse(v, time_now(), &t) == 0 && ((const struct entry *)ctx)->created < t;
}

/* A shell pattern against the name, or its last part: "alpine", "*:latest", "docker.io/library/a*". */
static bool glob(const char *p, const char *s)
{
	for (; *p; p++, s++) {
		if (*p == '*') {
			while (*s && !glob(p + 1, s))
				s++;
			return *s || !p[1];
		}
		if (!*s || (*p != '?' && *p != *s))
			return false;
	}
	return !*s;
}

static bool name_fits(const char *pattern, const char *name)
{
	auto_free char *untagged = mem_strdup(name);
	char *colon = strrchr(untagged, ':');

	if (strchr(untagged, '@'))
		*strchr(untagged, '@') = '\0';
	else if (colon && !strchr(colon, '/'))
		*colon = '\0';
	/* As typed, or after any leading part of the path. */
	for (const char *p = name, *u = untagged; p; ) {
		if (glob(pattern, p) || (u && glob(pattern, u)))
			return true;
		p = strchr(p, '/');
		u = u ? strchr(u, '/') : NULL;
		if (p)
			p++;
		if (u)
			u++;
	}
	return false;
}

static bool match_reference(const char *v, const void *ctx)
{
	strv_each(it, ((const struct entry *)ctx)->image->names)
		if (name_fits(v, *it))
			return true;
	return false;
}

static bool match_false(const char *v, const void *ctx)
{
	bool want = true;

	(void)ctx;
	return str_to_bool(v, &want) == 0 && !want;
}

static bool match_digest(const char *v, const void *ctx)
{
	const struct image *i = &((const struct entry *)ctx)->image->image;
	char text[DIGEST_TEXT_MAX];

	return digest_is_set(&i->manifest) && str_starts(digest_format(&i->manifest, text), v);
}

static bool match_containers(const char *v, const void *ctx)
{
	bool want = true;

	return str_to_bool(v, &want) == 0 && want == (((const struct entry *)ctx)->containers > 0);
}

/* The image id of each container; one that can't be read is passed over. */
static int images_of_containers(struct engine *e, char ***ret, struct fail *f)
{
	auto_strv char **ids = NULL;
	int r = ctr_list(&e->store, &ids, f);

	*ret = NULL;
	strv_each(it, ids) {
		struct fail ignored = { 0 };
		struct summary s = { 0 };
		auto_fd int dir = ctr_open(&e->store, *it, &ignored);

		if (dir >= 0 && summary_load(dir, &s, &ignored) == 0 && s.image_id)
			strv_add(ret, s.image_id);
		summary_done(&s);
	}
	return r;
}

static int edge(struct engine *e, char *const *filters, const char *key, int64_t *ret, struct fail *f)
{
	size_t n = strlen(key);

	strv_each(it, filters) {
		auto_image struct image image = { 0 };
		struct image_config config = { 0 };
		int r;

		if (strncmp(*it, key, n) || (*it)[n] != '=')
			continue;
		r = image_open(&e->store, *it + n + 1, &image, &config, f);
		if (r < 0)
			return fail_in(f, r, "filter %s", *it);
		*ret = created_of(&config, &image);
		jsonf_done(image_config_fields, &config);
	}
	return 0;
}

static bool wanted(const struct entry *e, const struct images_opts *o)
{
	char *const *fl = o->filters;

	return (!o->name || match_reference(o->name, e)) && filter_any(fl, "id", match_id, e) &&
	       filter_any(fl, "dangling", match_dangling, e) && filter_any(fl, "until", match_until, e) &&
	       filter_any(fl, "digest", match_digest, e) && filter_any(fl, "containers", match_containers, e) &&
	       filter_any(fl, "reference", match_reference, e) && filter_any(fl, "readonly", match_false, e) &&
	       filter_any(fl, "intermediate", match_false, e) && filter_labels(fl, e->config.config.labels);
}

/* "docker.io/library/alpine:latest" -> repository and tag; a name with a digest has the tag <none>. */
static void split_name(const char *name, char **repository, char **tag)
{
	const char *at = strchr(name, '@'), *colon = strrchr(name, ':');

	if (at) {
		*repository = mem_strndup(name, (size_t)(at - name));
		*tag = mem_strdup("<none>");
	} else if (colon && !strchr(colon, '/')) {
		*repository = mem_strndup(name, (size_t)(colon - name));
		*tag = mem_strdup(colon + 1);
	} else {
		*repository = mem_strdup(name);
		*tag = mem_strdup("<none>");
	}
}

static json_t *row_json(const struct entry *e, const char *name, const struct images_opts *o, int64_t now)
{
	const struct image *i = &e->image->image;
	char size[SIZE_HUMAN_MAX], span[TIME_HUMAN_MAX], at[TIME_TEXT_MAX], digest[DIGEST_TEXT_MAX] = "<none>";
	auto_free char *repository = NULL;
	auto_free char *tag = NULL;
	auto_free char *ago = mem_printf("%s ago", time_human(now - e->created, span));
	auto_free char *short_id = o->no_trunc ? mem_printf("sha256:%s", i->id.hex) : mem_strndup(i->id.hex, 12);
	json_t *digests = json_array();

	split_name(name ? name : "<none>", &repository, &tag);
	if (digest_is_set(&i->manifest)) {
		auto_free char *full = mem_printf("%s@%s", repository, digest_format(&i->manifest, digest));

		if (name)
			json_array_append_new(digests, json_string(full));
	}
	return json_pack("{s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:o, s:i, s:b, s:s, s:o, s:s, s:s, s:s, s:s, s:s,"
			 " s:s, s:s, s:s, s:b, s:o}",
			 "Id", i->id.hex, "ID", short_id, "ParentId", "", "RepoDigests", digests, "Created",
			 (json_int_t)(e->created / TIME_SECOND), "Size", (json_int_t)i->size, "SharedSize", (json_int_t)0,
			 "VirtualSize", (json_int_t)i->size, "Labels", jsonf_map(e->config.config.labels),
			 "Containers", e->containers, "Dangling", e->image->names == NULL, "Digest", digest, "Names",
			 jsonf_strv(e->image->names), "CreatedAt", time_format_nano(e->created, at), "CreatedSince", ago,
			 "Repository", repository, "Tag", tag, "Arch", e->config.arch ? e->config.arch : "", "Os",
			 e->config.os ? e->config.os : "", "HumanSize",
			 size_human((uint64_t)i->size, size), "CreatedTime", at, "ReadOnly", 0,
			 "History", jsonf_strv(e->image->names));
}

static int newest_first(const void *a, const void *b)
{
	int64_t x = ((const struct entry *)a)->created, y = ((const struct entry *)b)->created;

	return x < y ? 1 : x > y ? -1 : 0;
}

static void add_rows(json_t *rows, const struct entry *e, const struct images_opts *o, int64_t now)
{
	bool any = false;

	strv_each(it, e->image->names) {
		if (o->name && !name_fits(o->name, *it))
			continue;
		json_array_append_new(rows, row_json(e, *it, o, now));
		any = true;
	}
	if (!any && !o->name)
		json_array_append_new(rows, row_json(e, NULL, o, now));
}

int engine_images(struct engine *e, const struct images_opts *o, json_t **ret, struct fail *f)
{
	int64_t before = 0, since = 0, now = time_now();
	struct image_list l = { 0 };
	auto_strv char **used = NULL;
	struct entry *v;
	int r = filter_check(o->filters, keys, f);

	if (r == 0)
		r = edge(e, o->filters, "before", &before, f);
	if (r == 0)
		r = edge(e, o->filters, "since", &since, f);
	if (r == 0)
		r = edge(e, o->filters, "after", &since, f);
	if (r == 0)
		r = images_of_containers(e, &used, f);
	if (r == 0)
		r = image_list_load(&e->store, &l, f);
	if (r < 0)
		return r;
	strv_each(it, l.broken)
		e->warn("image file '%s' can't be read: rbox rmi, then pull it again", *it);
	*ret = json_array();
	v = mem_array(l.n, sizeof(*v));
	for (size_t i = 0; i < l.n; i++) {
		v[i].image = &l.v[i];
		if (image_load_config(&e->store, &l.v[i].image.id, &v[i].config, f) < 0) {
			e->warn("image %.12s: %s", l.v[i].image.id.hex, f->msg);
			fail_clear(f);
		}
		v[i].created = created_of(&v[i].config, &l.v[i].image);
		strv_each(it, used)
			v[i].containers += str_eq(*it, l.v[i].image.id.hex);
	}
	if (l.n)
		qsort(v, l.n, sizeof(*v), newest_first);
	for (size_t i = 0; i < l.n; i++) {
		if ((!before || v[i].created < before) && (!since || v[i].created > since) && wanted(&v[i], o))
			add_rows(*ret, &v[i], o, now);
		jsonf_done(image_config_fields, &v[i].config);
	}
	free(v);
	image_list_done(&l);
	return 0;
}
