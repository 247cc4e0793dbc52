// SPDX-License-Identifier: Apache-2.0
/* Which image a user means. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"
#include "storage/dir.h"
#include "storage/image.h"
#include "storage/name.h"

enum { ID_LEN = 64 };

/* What a step of the search says besides 0 (found) and -errno (recorded). */
enum { NOT_FOUND = 1 };

static bool is_hex(const char *s)
{
	return *s && strspn(s, "0123456789abcdef") == strlen(s);
}

static bool has_image(const struct store *s, const struct digest *id)
{
	auto_free char *path = mem_printf("images/%s.json", id->hex);
	auto_fd int fd = path_open_beneath(s->root_fd, path, O_PATH, 0);

	return fd >= 0;
}

static int unknown(const char *text, struct fail *f)
{
	auto_free char *cut = mem_strndup(text, 300);
	struct str shown = STR_INIT(2048);
	auto_free char *name = NULL;

	str_add_escaped(&shown, cut);
	name = str_take(&shown);
	return refuse(f, ENOENT, "%s: image not known", name);
}

static int by_id_prefix(const struct store *s, const char *prefix, struct digest *ret, struct fail *f)
{
	auto_strv char **files = NULL;
	const char *found = NULL;
	size_t n = strlen(prefix);
	int r = dir_list(s->root_fd, "images", &files);

	if (r < 0)
		return fail(f, -r, "read '%s/images'", s->path);
	strv_each(it, files) {
		if (!str_starts(*it, prefix) || !str_ends(*it, ".json") ||
		    strlen(*it) != ID_LEN + strlen(".json"))
			continue;
		if (found)
			return refuse(f, EEXIST, "image ID '%s' is ambiguous: it starts %.*s and %.*s",
				      prefix, (int)n + 4, found, (int)n + 4, *it);
		found = *it;
	}
	if (!found)
		return NOT_FOUND;
	{
		auto_free char *hex = mem_strndup(found, ID_LEN);

		return digest_parse_hex(hex, ret, f);
	}
}

/* NAME with a digest is also the image whose manifest or index it is, under a tag of the same repository. */
static int by_repo_digest(const struct store *s, const struct ref *want, struct digest *ret,
			  struct fail *f)
{
	struct name_list names;
	int r = name_list_load(s, &names, f);
	bool found = false;

	for (size_t i = 0; r == 0 && !found && i < names.n; i++) {
		const struct name *n = &names.v[i];
		auto_image struct image image = { 0 };
		struct fail why = { 0 };

		if (!str_eq(n->ref.registry, want->registry) || !str_eq(n->ref.repo, want->repo))
			continue;
		if (image_load(s, &n->image, &image, &why) < 0)
			continue;
		found = digest_equal(&n->manifest, &want->digest) ||
			digest_equal(&image.manifest, &want->digest) ||
			digest_equal(&image.index, &want->digest);
		if (found)
			*ret = n->image;
	}
	name_list_done(&names);
	return r < 0 ? r : found ? 0 : NOT_FOUND;
}

/* One complete name. */
static int by_name(const struct store *s, const char *text, struct digest *ret, char **ret_name,
		   struct fail *f)
{
	auto_ref struct ref ref = { 0 };
	int r = ref_parse(text, &ref, f);

	if (r < 0)
		return r;
	/* With both, the digest is what counts: a tag may have moved on. */
	if (digest_is_set(&ref.digest))
		mem_replace(&ref.tag, NULL);
	r = name_read(s, &ref, ret, NULL, f);
	if (r == 0 && !has_image(s, ret))
		r = -ENOENT;
	if (r == -ENOENT && !f->code)
		r = digest_is_set(&ref.digest) ? by_repo_digest(s, &ref, ret, f) : NOT_FOUND;
	if (r == 0 && ret_name)
		*ret_name = ref_format(&ref);
	return r;
}

/* "alpine" is also quay.io/me/alpine:latest when nothing nearer bears the name, as in podman. */
static int by_last_parts(const struct store *s, const char *text, struct digest *ret,
			 char **ret_name, struct fail *f)
{
	auto_free char *local = mem_printf("localhost/%s", text);
	auto_ref struct ref want = { 0 };
	struct name_list names;
	int r = ref_parse(local, &want, f);
	bool found = false;

	if (r < 0)
		return r;
	r = name_list_load(s, &names, f);
	for (size_t i = 0; r == 0 && !found && want.tag && i < names.n; i++) {
		auto_free char *whole = ref_name(&names.v[i].ref);
		auto_free char *tail = mem_printf("/%s", want.repo);

		if (!str_eq(names.v[i].ref.tag, want.tag) || !str_ends(whole, tail) ||
		    !has_image(s, &names.v[i].image))
			continue;
		found = true;
		*ret = names.v[i].image;
		if (ret_name)
			*ret_name = ref_format(&names.v[i].ref);
	}
	name_list_done(&names);
	return r < 0 ? r : found ? 0 : NOT_FOUND;
}

/* "sha256:<hex or a part of it>": an id, else the digest of a manifest. */
static int by_digest(const struct store *s, const char *hex, struct digest *ret, struct fail *f)
{
	struct image_list all;
	struct digest want;
	int r = is_hex(hex) ? by_id_prefix(s, hex, ret, f) : NOT_FOUND;
	bool found = false;

	if (r != NOT_FOUND || !is_hex(hex) || strlen(hex) != ID_LEN)
		return r;
	r = digest_parse_hex(hex, &want, f);
	if (r == 0)
		r = image_list_load(s, &all, f);
	if (r < 0)
		return r;
	for (size_t i = 0; !found && i < all.n; i++) {
		found = digest_equal(&all.v[i].image.manifest, &want) ||
			digest_equal(&all.v[i].image.index, &want);
		if (found)
			*ret = all.v[i].image.id;
	}
	image_list_done(&all);
	return found ? 0 : NOT_FOUND;
}

/* The order is podman's: a whole id, names (localhost first), the start of an id, ends of names. */
static int search(const struct store *s, const char *text, struct digest *ret, char **ret_name,
		  struct fail *f)
{
	bool is_short = ref_is_short(text);
	int r = NOT_FOUND;

	if (str_starts(text, "sha256:"))
		return by_digest(s, text + strlen("sha256:"), ret, f);
	if (is_hex(text) && strlen(text) == ID_LEN)
		return by_id_prefix(s, text, ret, f);
	if (is_short) {
		auto_free char *local = mem_printf("localhost/%s", text);

		r = by_name(s, local, ret, ret_name, f);
		if (r < 0 && f->code != EINVAL)
			return r;
		/* A wrong name is judged as the user typed it, below. */
		if (r < 0) {
			fail_clear(f);
			r = NOT_FOUND;
		}
	}
	if (r == NOT_FOUND)
		r = by_name(s, text, ret, ret_name, f);
	if (r == NOT_FOUND && is_hex(text))
		r = by_id_prefix(s, text, ret, f);
	if (r == NOT_FOUND && is_short)
		r = by_last_parts(s, text, ret, ret_name, f);
	return r;
}

int image_find(const struct store *s, const char *text, struct digest *ret, char **ret_name,
	       struct fail *f)
{
	int r;

	if (ret_name)
		*ret_name = NULL;
	r = search(s, text, ret, ret_name, f);
	return r == NOT_FOUND ? unknown(text, f) : r;
}
