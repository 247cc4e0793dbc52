// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "registry/handle.h"

enum { MANIFEST_MAX = 4 << 20, MANIFEST_TIMEOUT_S = 120 };

static const char accept_manifests[] = MEDIA_OCI_INDEX ", " MEDIA_OCI_MANIFEST ", "
				       MEDIA_DOCKER_LIST ", " MEDIA_DOCKER_MANIFEST;

int registry_hash(const char *algo, const void *data, size_t len, struct digest *ret, struct fail *f)
{
	unsigned char raw[EVP_MAX_MD_SIZE];
	char text[DIGEST_TEXT_MAX];
	unsigned n = 0;
	size_t at;

	if (!EVP_Digest(data, len, raw, &n, str_eq(algo, "sha512") ? EVP_sha512() : EVP_sha256(), NULL))
		return refuse(f, EIO, "libcrypto can't compute a %s", algo);
	at = (size_t)snprintf(text, sizeof(text), "%s:", algo);
	for (unsigned i = 0; i < n && at + 2 < sizeof(text); i++, at += 2)
		snprintf(text + at, sizeof(text) - at, "%02x", raw[i]);
	return digest_parse(text, ret, f);
}

/* TEXT must be what WANT says; WHO said so. */
static int check_digest(const struct digest *want, const struct str *text, const char *who,
			struct fail *f)
{
	char a[DIGEST_TEXT_MAX], b[DIGEST_TEXT_MAX];
	struct digest have;
	int r = registry_hash(want->algo, str_cstr(text), text->len, &have, f);

	if (r < 0 || digest_equal(want, &have))
		return r;
	return refuse(f, EBADMSG, "the manifest is not what %s says: %s is wanted, %s came", who,
		      digest_format(want, a), digest_format(&have, b));
}

static int keep(const struct digest *want, struct http_response *resp, const char *host,
		struct registry_manifest *ret, struct fail *f)
{
	struct digest claimed;
	int r;

	r = want ? check_digest(want, &resp->body, "its digest", f) : 0;
	if (r < 0)
		return r;
	if (resp->digest) {
		r = digest_parse(resp->digest, &claimed, f);
		if (r >= 0)
			r = check_digest(&claimed, &resp->body, host, f);
		if (r < 0)
			return r;
	}
	if (want)
		ret->digest = *want;
	else
		r = registry_hash("sha256", str_cstr(&resp->body), resp->body.len, &ret->digest, f);
	if (r < 0)
		return r;
	ret->len = resp->body.len;
	ret->text = str_take(&resp->body);
	ret->content_type = mem_take(&resp->content_type);
	return 0;
}

/* "alpine:3.20" or "alpine@sha256:..." as errors name it. Caller frees. */
static char *name_of(const struct registry *r, const struct digest *want)
{
	char text[DIGEST_TEXT_MAX];
	auto_free char *base = ref_name(&r->ref);

	return want ? mem_printf("%s@%s", base, digest_format(want, text)) :
		      mem_printf("%s:%s", base, r->ref.tag);
}

static char *path_of(const struct registry *r, const struct site *s, const struct digest *want)
{
	char text[DIGEST_TEXT_MAX];

	return mem_printf("%s/manifests/%s", s->endpoint.repo,
			  want ? digest_format(want, text) : r->ref.tag);
}

static int refuse_manifest(struct site *s, const char *name, const struct http_response *resp,
			   struct fail *f)
{
	if (resp->status == 404)
		return refuse(f, ENOENT, "there is no image '%s' at %s", name, s->endpoint.host);
	return site_refuse(s, name, resp, f);
}

/* docker.io: "ratelimit-remaining: 3;w=21600". Said before it hurts. */
static void warn_limit(const struct site *s, const struct http_response *resp)
{
	unsigned long left = resp->ratelimit ? strtoul(resp->ratelimit, NULL, 10) : 100;

	if (left <= 5)
		site_warn(s, "%s allows %lu more pulls for now; credentials for %s (--creds, or auth.json) allow more",
			  s->endpoint.host, left, s->endpoint.host);
}

static int fetch(struct registry *r, size_t i, const struct digest *want,
		 struct registry_manifest *ret, struct fail *f)
{
	struct site *s = &r->sites[i];
	struct retry again = registry_retry(r, i);
	auto_free char *name = name_of(r, want);
	auto_free char *path = path_of(r, s, want);

	for (;;) {
		auto_http_response struct http_response resp = { 0 };
		struct http_request q = { .accept = accept_manifests, .max = MANIFEST_MAX,
					  .timeout_s = MANIFEST_TIMEOUT_S };
		int e = site_fetch(s, path, &q, &resp, f);

		if (retry_wait(&again, e, &resp, name, f))
			continue;
		if (e < 0)
			return fail_in(f, e, "get '%s'", name);
		if (resp.status != 200)
			return refuse_manifest(s, name, &resp, f);
		e = keep(want, &resp, s->endpoint.host, ret, f);
		if (e < 0)
			return fail_in(f, e, "get '%s'", name);
		registry_choose(r, s);
		warn_limit(s, &resp);
		return 0;
	}
}

int registry_manifest(struct registry *r, const struct digest *want, struct registry_manifest *ret,
		      struct fail *f)
{
	*ret = (struct registry_manifest){ 0 };
	if (!want && digest_is_set(&r->ref.digest))
		want = &r->ref.digest;
	for (size_t i = registry_first(r);; i++) {
		int e = fetch(r, i, want, ret, f);

		if (e >= 0 || !registry_next(r, i, f))
			return e;
	}
}

void registry_manifest_done(struct registry_manifest *m)
{
	free(m->text);
	free(m->content_type);
	*m = (struct registry_manifest){ 0 };
}

static int head(struct registry *r, size_t i, struct digest *ret, struct fail *f)
{
	struct site *s = &r->sites[i];
	struct retry again = registry_retry(r, i);
	auto_free char *name = name_of(r, NULL);
	auto_free char *path = path_of(r, s, NULL);

	for (;;) {
		auto_http_response struct http_response resp = { 0 };
		struct http_request q = { .accept = accept_manifests, .max = MANIFEST_MAX, .head = true,
					  .timeout_s = MANIFEST_TIMEOUT_S };
		int e = site_fetch(s, path, &q, &resp, f);

		if (retry_wait(&again, e, &resp, name, f))
			continue;
		if (e < 0)
			return fail_in(f, e, "ask for '%s'", name);
		if (resp.status != 200)
			return refuse_manifest(s, name, &resp, f);
		if (!resp.digest)
			return refuse(f, ENOTSUP, "%s doesn't tell the digest of '%s'", s->endpoint.host, name);
		return digest_parse(resp.digest, ret, f);
	}
}

int registry_digest(struct registry *r, struct digest *ret, struct fail *f)
{
	if (digest_is_set(&r->ref.digest)) {
		*ret = r->ref.digest;
		return 0;
	}
	for (size_t i = registry_first(r);; i++) {
		int e = head(r, i, ret, f);

		if (e >= 0 || !registry_next(r, i, f))
			return e;
	}
}
