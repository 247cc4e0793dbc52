// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "pkg/util/mem.h"
#include "registry/handle.h"

/* So much between two cuts, and the tries are counted anew. */
enum { PROGRESS_MIN = 1 << 20, URLS_MAX = 4 };

struct blob {
	const struct descriptor *d;
	char name[24];		/* "blob 0123456789ab" */
	uint64_t at;		/* the next byte that the sink gets */
	uint64_t retried_at;
	bool stopped;		/* by the sink */
	int (*sink)(void *ctx, const void *data, size_t n);
	void *ctx;
};

static int blob_sink(void *ctx, const void *data, size_t n)
{
	struct blob *b = ctx;
	int r = b->sink(b->ctx, data, n);

	if (r < 0)
		b->stopped = true;
	else
		b->at += n;
	return r;
}

static struct http_request request_of(struct blob *b)
{
	struct http_request q = { .offset = b->at, .max = (uint64_t)b->d->size, .sink = blob_sink,
				  .ctx = b };

	return q;
}

/* After a cut: may it be tried once more? */
static bool again(struct blob *b, struct registry *r, size_t i, struct retry *t, int e,
		  const struct http_response *resp, struct fail *f)
{
	if (b->at - b->retried_at >= PROGRESS_MIN) {
		*t = registry_retry(r, i);
		b->retried_at = b->at;
	}
	return retry_wait(t, e, resp, b->name, f);
}

static bool is_whole(const struct blob *b)
{
	return b->at == (uint64_t)b->d->size;
}

static int from_site(struct blob *b, struct registry *r, size_t i, struct fail *f)
{
	struct site *s = &r->sites[i];
	struct retry t = registry_retry(r, i);
	char digest[DIGEST_TEXT_MAX];
	auto_free char *path = mem_printf("%s/blobs/%s", s->endpoint.repo,
					  digest_format(&b->d->digest, digest));

	for (;;) {
		auto_http_response struct http_response resp = { 0 };
		struct http_request q = request_of(b);
		int e = site_fetch(s, path, &q, &resp, f);

		/* Cut after the last byte: nothing is missing. */
		if (e < 0 && is_whole(b) && resp.fault == HTTP_FAULT_TRANSIENT) {
			fail_clear(f);
			return 0;
		}
		if (b->stopped)
			return e;
		if (again(b, r, i, &t, e, &resp, f))
			continue;
		if (e < 0)
			return fail_in(f, e, "get %s", b->name);
		if (resp.status == 200 || resp.status == 206)
			return 0;
		return site_refuse(s, b->name, &resp, f);
	}
}

/*
 * Layers that may not be distributed lie elsewhere (image-spec, descriptor.md, "urls").
 * The digest guards the content; no credentials of ours go there.
 */
static int from_url(struct blob *b, struct registry *r, const char *url, struct fail *f)
{
	struct site *s = &r->sites[registry_first(r)];
	struct certs none = s->certs;
	struct http_tls tls = { .verify = !s->insecure, .certs = &none, .host = s->endpoint.host };
	auto_http_response struct http_response resp = { 0 };
	struct http_request q = request_of(b);
	int e;

	none.cert = none.key = NULL;
	q.url = url;
	q.tls = &tls;
	if (strncasecmp(url, "https://", 8) && (!s->insecure || strncasecmp(url, "http://", 7)))
		return refuse(f, EPROTO, "%s: its address elsewhere is not https", b->name);
	e = http_fetch(r->pool, &q, &resp, f);
	if (e < 0)
		return fail_in(f, e, "get %s", b->name);
	if (resp.status != 200 && resp.status != 206)
		return refuse(f, resp.status == 404 ? ENOENT : EIO, "get %s: its address elsewhere answers %ld",
			      b->name, resp.status);
	return 0;
}

static int from_urls(struct blob *b, struct registry *r, struct fail *f)
{
	char *const *urls = b->d->urls;
	int e = -ENOENT;

	for (size_t i = 0; urls && urls[i] && i < URLS_MAX; i++) {
		fail_clear(f);
		e = from_url(b, r, urls[i], f);
		if (e >= 0 || b->stopped)
			return e;
	}
	return e;
}

int registry_blob(struct registry *r, const struct descriptor *d, uint64_t offset,
		  int (*sink)(void *ctx, const void *data, size_t n), void *ctx, struct fail *f)
{
	struct blob b = { .d = d, .at = offset, .retried_at = offset, .sink = sink, .ctx = ctx };

	memcpy(b.name, "blob ", 5);
	memcpy(b.name + 5, d->digest.hex, 12);
	if (d->size < 0 || offset > (uint64_t)d->size)
		return refuse(f, EINVAL, "%s: the offset lies beyond its end", b.name);
	if (is_whole(&b))
		return 0;
	for (size_t i = registry_first(r);; i++) {
		int e = from_site(&b, r, i, f);

		if (e >= 0)
			return 0;
		if (e == -ENOENT && d->urls)
			return from_urls(&b, r, f);
		if (b.stopped || !registry_next(r, i, f))
			return e;
	}
}
