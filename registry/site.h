/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_SITE_H
#define REGISTRY_SITE_H

#include <pthread.h>

#include "registry/auth.h"
#include "registry/certs.h"
#include "registry/challenge.h"
#include "registry/client.h"
#include "registry/conf.h"
#include "registry/http.h"

/*
 * One place where the image may lie (the registry, or a mirror) with all that is known of
 * how to speak to it: TLS or not, its certificates, our credentials, the current token.
 * Safe among threads.
 */
struct site {
	struct endpoint endpoint;
	char *api_host;		/* docker.io is served by another name */
	bool insecure;
	struct certs certs;
	struct http_pool *pool;	/* the handle's */
	const struct registry_opts *opts;	/* the handle's */

	pthread_mutex_t lock;	/* of all below */
	bool plain;		/* it speaks http */
	struct auth auth;
	bool has_auth;
	char *authorization;	/* the header's value that worked last, or NULL */
	int64_t expires;	/* time_monotonic() when it ends, 0: never */
};

/* Takes ENDPOINT over. */
int site_init(struct site *s, struct endpoint *endpoint, const struct registry_opts *opts,
	      struct http_pool *pool, struct fail *f) MUST_USE;
void site_done(struct site *s);

/*
 * One exchange: Q without url, authorization and tls, which are the site's. PATH is what
 * comes after "https://host/v2/". Finds out about plain http, logs in when asked (401).
 * Returns as http_fetch; a 401 that remains is an answer like any other.
 */
int site_fetch(struct site *s, const char *path, struct http_request *q, struct http_response *ret,
	       struct fail *f) MUST_USE;

/* Says what an answer that is not wanted means; WHAT is the user's word for the thing asked. */
int site_refuse(struct site *s, const char *what, const struct http_response *resp,
		struct fail *f) MUST_USE;

/* "https://host/" as it is spoken to now. Caller frees. */
char *site_url(struct site *s, const char *path) MUST_USE;
void site_warn(const struct site *s, const char *fmt, ...) PRINTF_LIKE(2, 3);

/*
 * Gets an authorization for CHALLENGE, with the site's lock held. 0: s->authorization is
 * new; 1: there is none to be had; or -errno.
 */
int token_get(struct site *s, const struct challenge *challenge, struct fail *f) MUST_USE;

#endif
