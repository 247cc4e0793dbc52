// SPDX-License-Identifier: Apache-2.0
#include "registry/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "registry/handle.h"

int registry_resolve(const char *text, struct ref *ret, struct fail *f)
{
	struct registry_conf conf;
	int r = conf_load(&conf, f);

	*ret = (struct ref){ 0 };
	if (r < 0)
		return r;
	r = conf_resolve(&conf, text, ret, f);
	conf_done(&conf);
	return r;
}

/* The user's callback gets one call at a time. */
static void warn_in_turn(void *ctx, const char *text)
{
	struct registry *r = ctx;

	pthread_mutex_lock(&r->warn_lock);
	r->warn(r->warn_ctx, text);
	pthread_mutex_unlock(&r->warn_lock);
}

static void copy_opts(struct registry *r, const struct registry_opts *o)
{
	r->opts = *o;
	r->opts.authfile = mem_strdup(o->authfile);
	r->opts.creds = mem_strdup(o->creds);
	r->opts.cert_dir = mem_strdup(o->cert_dir);
	r->opts.retries = !o->retries ? RETRIES_DEFAULT : o->retries < 0 ? 0 : o->retries;
	r->opts.retry_delay = o->retry_delay > 0 ? o->retry_delay : RETRY_DELAY_DEFAULT;
	r->warn = o->warn;
	r->warn_ctx = o->warn_ctx;
	r->opts.warn = o->warn ? warn_in_turn : NULL;
	r->opts.warn_ctx = r;
}

static void copy_ref(struct ref *to, const struct ref *from)
{
	to->registry = mem_strdup(from->registry);
	to->repo = mem_strdup(from->repo);
	to->tag = mem_strdup(from->tag);
	to->digest = from->digest;
}

static int open_sites(struct registry *r, struct fail *f)
{
	struct registry_conf conf;
	struct endpoints e = { 0 };
	int err = conf_load(&conf, f);

	if (err < 0)
		return err;
	err = conf_endpoints(&conf, &r->ref, &e, f);
	conf_done(&conf);
	if (err < 0)
		return err;
	r->sites = mem_array(e.n, sizeof(*r->sites));
	for (size_t i = 0; i < e.n && err >= 0; i++) {
		r->n_sites++;
		err = site_init(&r->sites[i], &e.v[i], &r->opts, r->pool, f);
	}
	endpoints_done(&e);
	return err;
}

int registry_open(const struct ref *ref, const struct registry_opts *opts, struct registry **ret,
		  struct fail *f)
{
	struct registry *r = mem_alloc(sizeof(*r));
	int err;

	pthread_mutex_init(&r->lock, NULL);
	pthread_mutex_init(&r->warn_lock, NULL);
	r->pool = http_pool_new();
	copy_ref(&r->ref, ref);
	copy_opts(r, opts);
	err = open_sites(r, f);
	if (err < 0) {
		registry_close(r);
		return err;
	}
	*ret = r;
	return 0;
}

void registry_close(struct registry *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_sites; i++)
		site_done(&r->sites[i]);
	free(r->sites);
	http_pool_free(r->pool);
	ref_done(&r->ref);
	free((char *)r->opts.authfile);
	free((char *)r->opts.creds);
	free((char *)r->opts.cert_dir);
	pthread_mutex_destroy(&r->lock);
	pthread_mutex_destroy(&r->warn_lock);
	free(r);
}

void registry_close_ptr(struct registry **r)
{
	registry_close(*r);
	*r = NULL;
}

size_t registry_first(struct registry *r)
{
	size_t chosen;

	pthread_mutex_lock(&r->lock);
	chosen = r->chosen;
	pthread_mutex_unlock(&r->lock);
	return chosen;
}

void registry_choose(struct registry *r, const struct site *s)
{
	pthread_mutex_lock(&r->lock);
	r->chosen = (size_t)(s - r->sites);
	pthread_mutex_unlock(&r->lock);
}

struct retry registry_retry(struct registry *r, size_t i)
{
	struct retry t = { .left = i + 1 < r->n_sites ? 0 : r->opts.retries,
			   .delay = r->opts.retry_delay, .warn = r->opts.warn,
			   .ctx = r->opts.warn_ctx };

	return t;
}

bool registry_next(struct registry *r, size_t i, struct fail *f)
{
	if (i + 1 >= r->n_sites)
		return false;
	/* That a mirror lacks an image is everyday; what else ails it, its owner should know. */
	if (f->code != ENOENT)
		site_warn(&r->sites[i], "%s; trying %s", f->msg, r->sites[i + 1].endpoint.host);
	fail_clear(f);
	return true;
}

int registry_ping(struct registry *r, struct fail *f)
{
	struct site *s = &r->sites[r->n_sites - 1];
	struct retry again = registry_retry(r, r->n_sites - 1);

	for (;;) {
		auto_http_response struct http_response resp = { 0 };
		struct http_request q = { .max = 64 << 10, .timeout_s = 60 };
		int e = site_fetch(s, "", &q, &resp, f);

		if (retry_wait(&again, e, &resp, s->endpoint.host, f))
			continue;
		if (e < 0)
			return fail_in(f, e, "ask %s", s->endpoint.host);
		return resp.status == 200 ? 0 : site_refuse(s, "log in", &resp, f);
	}
}
