// SPDX-License-Identifier: Apache-2.0
/*
 * Docker's token authentication (distribution, docs/spec/auth/token.md and oauth.md): a
 * token is asked for at the realm that the 401 names, with the credentials or without.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "pkg/util/time.h"
#include "registry/retry.h"
#include "registry/site.h"
#include "registry/url.h"

enum {
	TOKEN_BODY_MAX = 256 << 10,
	TOKEN_TIMEOUT_S = 60,
	LIFE_DEFAULT_S = 60,	/* token.md: "expires_in ... defaults to 60 seconds" */
	LIFE_MARGIN_S = 5,
};

static void add_param(struct str *s, const char *name, const char *value)
{
	auto_free char *escaped = value ? url_escape(value) : NULL;

	if (escaped)
		str_addf(s, "%s%s=%s", s->len && !strchr("?&", s->s[s->len - 1]) ? "&" : "", name, escaped);
}

/* What we may do with the repository, as the registry says it, else as the spec spells it. */
static char *scope_of(const struct site *s, const struct challenge *c)
{
	if (c->scope)
		return mem_strdup(c->scope);
	return s->endpoint.repo ? mem_printf("repository:%s:pull", s->endpoint.repo) : NULL;
}

/* Credentials for a TLS registry never travel in plain text, whatever its realm says. */
static int check_realm(const struct site *s, const char *realm, struct fail *f)
{
	auto_str struct str seen = STR_INIT(1024);
	auto_free char *cut = mem_strndup(realm, 200);

	str_add_escaped(&seen, cut);
	if (!strncasecmp(realm, "https://", 8))
		return 0;
	if (!strncasecmp(realm, "http://", 7) && s->insecure)
		return 0;
	return refuse(f, EPROTO, "%s sends logins to '%s', which is not https", s->endpoint.host,
		      str_cstr(&seen));
}

static char *query_url(const struct site *s, const struct challenge *c)
{
	auto_free char *scope = scope_of(s, c);
	struct str url = STR_INIT(16 << 10);

	str_addf(&url, "%s%s", c->realm, strchr(c->realm, '?') ? "&" : "?");
	if (s->has_auth && s->auth.user)
		add_param(&url, "account", s->auth.user);
	add_param(&url, "service", c->service);
	add_param(&url, "scope", scope);
	return str_take(&url);
}

static char *oauth_form(const struct site *s, const struct challenge *c)
{
	auto_free char *scope = scope_of(s, c);
	struct str form = STR_INIT(128 << 10);

	add_param(&form, "grant_type", "refresh_token");
	add_param(&form, "service", c->service ? c->service : "");
	add_param(&form, "client_id", "rbox");
	add_param(&form, "scope", scope ? scope : "");
	add_param(&form, "refresh_token", s->auth.identity_token);
	return str_take(&form);
}

static int exchange(struct site *s, const struct challenge *c, struct http_response *resp,
		    struct fail *f)
{
	bool oauth = s->has_auth && s->auth.identity_token;
	auto_free char *url = oauth ? mem_strdup(c->realm) : query_url(s, c);
	auto_free char *form = oauth ? oauth_form(s, c) : NULL;
	auto_free char *basic = s->has_auth && !oauth ? auth_basic(&s->auth) : NULL;
	auto_free char *authorization = basic ? mem_printf("Basic %s", basic) : NULL;
	auto_free char *home = mem_printf("%s://%s/", s->plain ? "http" : "https", s->api_host);
	struct certs certs = s->certs;
	struct http_tls tls = { .verify = !s->insecure, .certs = &certs, .host = s->endpoint.host };
	struct http_request q = { .url = url, .form = form, .authorization = authorization,
				  .accept = "application/json", .tls = &tls,
				  .max = TOKEN_BODY_MAX, .timeout_s = TOKEN_TIMEOUT_S };

	/* Our key is for the registry; the token server is another party. */
	if (!url_same_origin(url, home))
		certs.cert = certs.key = NULL;
	return http_fetch(s->pool, &q, resp, f);
}

static bool token_ok(const char *token)
{
	if (!token || !*token)
		return false;
	for (const char *c = token; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return true;
}

static int keep_token(struct site *s, const struct http_response *resp, struct fail *f)
{
	auto_json json_t *j = jsonf_parse(str_cstr(&resp->body), resp->body.len, TOKEN_BODY_MAX,
					  "token", f);
	const char *token = json_string_value(json_object_get(j, "token"));
	json_int_t life = json_integer_value(json_object_get(j, "expires_in"));

	if (!j)
		return -f->code;
	if (!token)
		token = json_string_value(json_object_get(j, "access_token"));
	if (!token_ok(token))
		return refuse(f, EPROTO, "the answer holds no token");
	if (life <= 0)
		life = LIFE_DEFAULT_S;
	if (life > 24 * 3600)
		life = 24 * 3600;
	mem_replace(&s->authorization, mem_printf("Bearer %s", token));
	s->expires = time_monotonic() +
		     (life > 2 * LIFE_MARGIN_S ? life - LIFE_MARGIN_S : life) * TIME_SECOND;
	return 0;
}

/* Stale credentials must not break what anybody may pull, nor be passed over in silence. */
static int drop_auth(struct site *s, struct fail *f)
{
	if (s->auth.explicit_creds) {
		int r = refuse(f, EACCES, "%s refuses the credentials given by --creds", s->endpoint.host);

		return r;
	}
	site_warn(s, "%s refuses the credentials of '%s': going on without them", s->endpoint.host,
		  s->auth.source);
	auth_done(&s->auth);
	s->has_auth = false;
	mem_free_ptr(&s->authorization);
	return 0;
}

static int get_bearer(struct site *s, const struct challenge *c, struct fail *f)
{
	struct retry again = { .left = s->opts->retries, .delay = s->opts->retry_delay,
			       .warn = s->opts->warn, .ctx = s->opts->warn_ctx };
	int r = check_realm(s, c->realm, f);

	while (r >= 0) {
		auto_http_response struct http_response resp = { 0 };

		r = exchange(s, c, &resp, f);
		if (retry_wait(&again, r, &resp, "token", f)) {
			r = 0;
			continue;
		}
		if (r < 0)
			return fail_in(f, r, "get a token for %s", s->endpoint.host);
		if (resp.status == 200) {
			r = keep_token(s, &resp, f);
			return r < 0 ? fail_in(f, r, "get a token for %s", s->endpoint.host) : 0;
		}
		if ((resp.status == 401 || resp.status == 403 || resp.status == 400) && s->has_auth)
			r = drop_auth(s, f);
		else if (resp.status == 401 || resp.status == 403)
			return 1;
		else
			return site_refuse(s, "get a token", &resp, f);
	}
	return r;
}

static int get_basic(struct site *s, struct fail *f)
{
	auto_free char *basic = s->has_auth && s->auth.user ? auth_basic(&s->auth) : NULL;
	auto_free char *value = basic ? mem_printf("Basic %s", basic) : NULL;

	if (!value)
		return 1;
	if (str_eq(value, s->authorization))	/* what was just refused */
		return drop_auth(s, f);
	mem_replace(&s->authorization, mem_take(&value));
	s->expires = 0;
	return 0;
}

int token_get(struct site *s, const struct challenge *c, struct fail *f)
{
	switch (c->scheme) {
	case AUTH_SCHEME_BEARER:
		return get_bearer(s, c, f);
	case AUTH_SCHEME_BASIC:
		return get_basic(s, f);
	case AUTH_SCHEME_NONE:
		break;
	}
	return 1;
}
