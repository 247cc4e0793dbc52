// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/tag.h"

#include <errno.h>
#include <string.h>

#include "pkg/engine/event.h"
#include "pkg/oci/ref.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "storage/image.h"

int tag_parse(const char *text, struct ref *ret, struct fail *f)
{
	auto_free char *full = ref_is_short(text) ? mem_printf("localhost/%s", text) : mem_strdup(text);
	int r = ref_parse(full, ret, f);

	if (r == 0 && digest_is_set(&ret->digest)) {
		ref_done(ret);
		r = refuse(f, EINVAL, "%.300s: tag by digest not supported", text);
	}
	return r;
}

static int give_name(struct engine *e, const struct image *i, const char *text, struct fail *f)
{
	auto_ref struct ref name = { 0 };
	auto_free char *full = NULL;
	int r = tag_parse(text, &name, f);

	if (r == 0)
		r = image_name_set(&e->store, &name, &i->id, &i->manifest, f);
	if (r < 0)
		return r;
	full = ref_format(&name);
	event_image(&e->store, "tag", i->id.hex, full);
	return 0;
}

int engine_tag(struct engine *e, const char *image, char *const *names, struct fail *f)
{
	auto_image struct image i = { 0 };
	struct digest id;
	int r = image_find(&e->store, image, &id, NULL, f);

	if (r == 0)
		r = image_load(&e->store, &id, &i, f);
	strv_each(it, names) {
		auto_ref struct ref probe = { 0 };

		if (r == 0)
			r = tag_parse(*it, &probe, f);
	}
	strv_each(it, names)
		if (r == 0)
			r = give_name(e, &i, *it, f);
	return r;
}

/* The names of image ID, in full. */
static int names_of(struct engine *e, const struct digest *id, char ***ret, struct fail *f)
{
	struct image_list l = { 0 };
	int r = image_list_load(&e->store, &l, f);

	for (size_t i = 0; r == 0 && i < l.n; i++)
		if (digest_equal(&l.v[i].image.id, id))
			strv_add_all(ret, l.v[i].names);
	image_list_done(&l);
	return r;
}

/* Which of the image's names TYPED is: localhost's first, then docker.io's, as everywhere. */
static const char *which_name(char *const *have, const char *typed)
{
	for (int local = 1; local >= 0; local--) {
		auto_free char *text = local ? mem_printf("localhost/%s", typed) : mem_strdup(typed);
		auto_ref struct ref ref = { 0 };
		struct fail ignored = { 0 };
		auto_free char *full = NULL;

		if ((local && !ref_is_short(typed)) || ref_parse(text, &ref, &ignored) < 0)
			continue;
		full = ref_format(&ref);
		strv_each(it, have)
			if (!strcmp(*it, full))
				return *it;
	}
	return NULL;
}

static int remove_name(struct engine *e, const struct digest *id, const char *full, struct fail *f)
{
	auto_ref struct ref ref = { 0 };
	int r = ref_parse(full, &ref, f);

	if (r == 0)
		r = image_name_remove(&e->store, &ref, f);
	/* Somebody else was faster. */
	if (r == -ENOENT) {
		fail_clear(f);
		return 0;
	}
	if (r == 0)
		event_image(&e->store, "untag", id->hex, full);
	return r;
}

int engine_untag(struct engine *e, const char *image, char *const *names, struct fail *f)
{
	auto_strv char **have = NULL, **gone = NULL;
	struct digest id;
	int r = image_find(&e->store, image, &id, NULL, f);

	if (r == 0)
		r = names_of(e, &id, &have, f);
	if (r < 0)
		return r;
	if (!names)
		gone = strv_dup(have);
	strv_each(it, names) {
		const char *name = which_name(have, *it);

		if (!name)
			return refuse(f, ENOENT, "%.300s: tag not known", *it);
		strv_add(&gone, name);
	}
	strv_each(it, gone)
		if (r == 0)
			r = remove_name(e, &id, *it, f);
	return r;
}
