// SPDX-License-Identifier: Apache-2.0
#include "registry/site.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "pkg/util/time.h"

void site_warn(const struct site *s, const char *fmt, ...)
{
	char text[FAIL_MSG_MAX];
	va_list ap;

	if (!s->opts->warn)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	s->opts->warn(s->opts->warn_ctx, text);
}

static bool is_insecure(const struct site *s)
{
	switch (s->opts->tls) {
	case REGISTRY_TLS_VERIFY:
		return false;
	case REGISTRY_TLS_ANY:
		return true;
	case REGISTRY_TLS_CONF:
		break;
	}
	return s->endpoint.insecure;
}

int site_init(struct site *s, struct endpoint *endpoint, const struct registry_opts *opts,
	      struct http_pool *pool, struct fail *f)
{
	struct auth_opts auth = { .authfile = opts->authfile, .creds = opts->creds,
				  .warn = opts->warn, .warn_ctx = opts->warn_ctx };
	int r;

	*s = (struct site){ .endpoint = *endpoint, .opts = opts, .pool = pool };
	*endpoint = (struct endpoint){ 0 };
	pthread_mutex_init(&s->lock, NULL);
	s->insecure = is_insecure(s);
	s->api_host = mem_strdup(str_eq(s->endpoint.host, "docker.io") ? "registry-1.docker.io" :
									 s->endpoint.host);
	/* What was typed is meant for the registry that was typed, not for a mirror of it. */
	if (s->endpoint.mirror)
		auth.creds = NULL;
	r = auth_find(&auth, s->endpoint.host, s->endpoint.repo, &s->auth, f);
	if (r < 0)
		return r;
	s->has_auth = r > 0;
	return certs_load(opts->cert_dir, s->endpoint.host, &s->certs, f);
}

void site_done(struct site *s)
{
	free(s->endpoint.host);
	free(s->endpoint.repo);
	free(s->api_host);
	certs_done(&s->certs);
	auth_done(&s->auth);
	free(s->authorization);
	if (s->opts)
		pthread_mutex_destroy(&s->lock);
	*s = (struct site){ 0 };
}

static char *url_locked(struct site *s, const char *path)
{
	return mem_printf("%s://%s/v2/%s", s->plain ? "http" : "https", s->api_host, path);
}

char *site_url(struct site *s, const char *path)
{
	char *url;

	pthread_mutex_lock(&s->lock);
	url = url_locked(s, path);
	pthread_mutex_unlock(&s->lock);
	return url;
}

/* The authorization to send now; NULL when there is none. Caller frees. */
static char *authorization_of(struct site *s)
{
	char *value = NULL;

	pthread_mutex_lock(&s->lock);
	if (s->expires && time_monotonic() >= s->expires) {
		mem_free_ptr(&s->authorization);
		s->expires = 0;
	}
	value = mem_strdup(s->authorization);
	pthread_mutex_unlock(&s->lock);
	return value;
}

/* USED was refused. 0: another one is there now; 1: none is to be had; or -errno. */
static int log_in(struct site *s, const char *used, const struct http_response *resp, struct fail *f)
{
	struct challenge c;
	int r;

	challenge_parse(resp->challenges, &c);
	pthread_mutex_lock(&s->lock);
	/* Another thread may have got a new one since. */
	r = s->authorization && !str_eq(used, s->authorization) ? 0 : token_get(s, &c, f);
	pthread_mutex_unlock(&s->lock);
	challenge_done(&c);
	return r;
}

/* True when it has now been found out that the site speaks plain http, and may. */
static bool try_plain(struct site *s, bool was_plain, const struct http_response *resp)
{
	if (!s->insecure || was_plain || resp->fault != HTTP_FAULT_NOT_TLS)
		return false;
	pthread_mutex_lock(&s->lock);
	s->plain = true;
	pthread_mutex_unlock(&s->lock);
	return true;
}

int site_fetch(struct site *s, const char *path, struct http_request *q, struct http_response *ret,
	       struct fail *f)
{
	struct http_tls tls = { .verify = !s->insecure, .certs = &s->certs, .host = s->endpoint.host };

	q->tls = &tls;
	/* Plain http, a token that has expired, credentials that are refused: each once. */
	for (int round = 0;; round++) {
		auto_free char *url = site_url(s, path);
		auto_free char *authorization = authorization_of(s);
		int r;

		q->url = url;
		q->authorization = authorization;
		http_response_done(ret);
		r = http_fetch(s->pool, q, ret, f);
		if (r < 0 && try_plain(s, str_starts(url, "http:"), ret)) {
			fail_clear(f);
			continue;
		}
		if (r < 0 || ret->status != 401 || ret->elsewhere || round >= 3)
			return r;
		r = log_in(s, authorization, ret, f);
		if (r < 0)
			ret->fault = HTTP_FAULT_FINAL;
		if (r)
			return r < 0 ? r : 0;
	}
}

/* " (CODE: message)" of a registry's error body (distribution-spec, "Error codes"); may be empty. */
static void add_complaint(struct str *s, const struct http_response *resp)
{
	struct fail ignored = { 0 };
	auto_json json_t *j = jsonf_parse(str_cstr(&resp->body), resp->body.len, 0, "answer", &ignored);
	const json_t *first = json_array_get(json_object_get(j, "errors"), 0);
	const char *code = json_string_value(json_object_get(first, "code"));
	const char *message = json_string_value(json_object_get(first, "message"));
	auto_free char *cut = mem_strndup(message ? message : "", 300);
	auto_free char *cut_code = mem_strndup(code ? code : "", 60);

	if (!code && !message)
		return;
	str_add(s, " (");
	str_add_escaped(s, cut_code);
	str_add(s, code && message ? ": " : "");
	str_add_escaped(s, cut);
	str_add(s, ")");
}

static int refuse_access(struct site *s, const char *what, const char *why, struct fail *f)
{
	int r;

	pthread_mutex_lock(&s->lock);
	r = refuse(f, EACCES, "%s: %s denies access%s%s%s", what, s->endpoint.host,
		   s->has_auth ? " to the credentials of " : " without a login",
		   s->has_auth ? s->auth.source : "", why);
	pthread_mutex_unlock(&s->lock);
	fail_hint(f, "check the name's spelling; if the image is private: --creds USER:PASSWORD, or an entry for "
		  "%s in ~/.config/containers/auth.json", s->endpoint.host);
	return r;
}

/* ", to be tried again in 90 s", or nothing. Caller frees. */
static char *wait_of(const struct http_response *resp)
{
	return resp->retry_after > 0 ?
	       mem_printf(", to be tried again in %lld s", (long long)resp->retry_after) :
	       mem_strdup("");
}

static int refuse_limit(struct site *s, const char *what, const struct http_response *resp,
			const char *why, struct fail *f)
{
	auto_free char *wait = wait_of(resp);
	int r = refuse(f, EBUSY, "%s: %s has had too many requests from here (429)%s%s", what,
		       s->endpoint.host, wait, why);

	fail_hint(f, "limits are higher with credentials for %s (--creds, or auth.json), and a mirror in registries.conf "
		     "avoids them", s->endpoint.host);
	return r;
}

int site_refuse(struct site *s, const char *what, const struct http_response *resp, struct fail *f)
{
	auto_str struct str why = STR_INIT(2048);
	auto_free char *wait = wait_of(resp);

	add_complaint(&why, resp);
	if (resp->elsewhere)
		return refuse(f, EIO, "%s: the place that %s redirects to answers %ld%s%s", what,
			      s->endpoint.host, resp->status, wait, str_cstr(&why));
	switch (resp->status) {
	case 401:
	case 403:
		return refuse_access(s, what, str_cstr(&why), f);
	case 404:
		return refuse(f, ENOENT, "%s: %s has no such thing%s", what, s->endpoint.host, str_cstr(&why));
	case 429:
		return refuse_limit(s, what, resp, str_cstr(&why), f);
	default:
		return refuse(f, EIO, "%s: %s answers %ld%s%s", what, s->endpoint.host, resp->status,
			      wait, str_cstr(&why));
	}
}
