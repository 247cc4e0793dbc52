// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "registry/handle.h"
#include "registry/url.h"

enum { PAGE_BODY_MAX = 4 << 20, PAGES_MAX = 1000, TAGS_TIMEOUT_S = 120 };

static bool tag_ok(const char *tag)
{
	size_t n = strlen(tag);

	return n && n <= 128 && *tag != '.' && *tag != '-' &&
	       strspn(tag, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == n;
}

/* What else a registry sends is no tag that could be asked for. */
static int add_page(const struct http_response *resp, struct str *all, size_t *count, struct fail *f)
{
	auto_json json_t *j = jsonf_parse(str_cstr(&resp->body), resp->body.len, PAGE_BODY_MAX, "tags", f);
	const json_t *tags = json_object_get(j, "tags");
	json_t *tag;
	size_t i;

	if (!j)
		return -f->code;
	if (tags && !json_is_array(tags) && !json_is_null(tags))
		return refuse(f, EBADMSG, "tags: 'tags' is not an array");
	json_array_foreach(tags, i, tag)
	{
		if (!json_is_string(tag) || !tag_ok(json_string_value(tag)))
			continue;
		if (++*count > REGISTRY_TAGS_MAX)
			return refuse(f, E2BIG, "more than %d tags", REGISTRY_TAGS_MAX);
		str_addf(all, "%s\n", json_string_value(tag));
	}
	return 0;
}

/*
 * The next page's path below /v2/ (Link: <URL>; rel="next"; distribution-spec, "Listing
 * tags"), NULL when this was the last. An address elsewhere is none. Caller frees.
 */
static char *next_page(struct site *s, const struct http_response *resp)
{
	auto_free char *base = site_url(s, "");
	auto_free char *target = NULL;
	auto_free char *url = NULL;
	const char *end;

	if (!resp->link || *resp->link != '<' || !strstr(resp->link, "next"))
		return NULL;
	end = strchr(resp->link, '>');
	if (!end)
		return NULL;
	target = mem_strndup(resp->link + 1, (size_t)(end - resp->link - 1));
	url = url_resolve(base, target);
	if (!url || !str_starts(url, base))
		return NULL;
	return mem_strdup(url + strlen(base));
}

static int get_page(struct registry *r, size_t i, const char *path, struct http_response *resp,
		    struct fail *f)
{
	struct site *s = &r->sites[i];
	struct retry again = registry_retry(r, i);
	auto_free char *name = ref_name(&r->ref);

	for (;;) {
		struct http_request q = { .accept = "application/json", .max = PAGE_BODY_MAX,
					  .timeout_s = TAGS_TIMEOUT_S };
		int e = site_fetch(s, path, &q, resp, f);

		if (retry_wait(&again, e, resp, name, f))
			continue;
		if (e < 0)
			return fail_in(f, e, "list the tags of '%s'", name);
		if (resp->status == 404)
			return refuse(f, ENOENT, "there is no image '%s' at %s", name, s->endpoint.host);
		return resp->status == 200 ? 0 : site_refuse(s, name, resp, f);
	}
}

/* A mirror has what was pulled through it: only the place itself knows all. */
int registry_tags(struct registry *r, char ***ret, struct fail *f)
{
	size_t i = r->n_sites - 1, count = 0;
	struct site *s = &r->sites[i];
	auto_str struct str all = STR_INIT((size_t)REGISTRY_TAGS_MAX * 130);
	auto_free char *path = mem_printf("%s/tags/list?n=1000", s->endpoint.repo);

	for (int page = 0; path && page < PAGES_MAX; page++) {
		auto_http_response struct http_response resp = { 0 };
		int e = get_page(r, i, path, &resp, f);

		if (e >= 0)
			e = add_page(&resp, &all, &count, f);
		if (e < 0)
			return e;
		mem_replace(&path, next_page(s, &resp));
	}
	*ret = strv_split(str_cstr(&all), "\n", true);
	return 0;
}
