/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_HTTP_H
#define REGISTRY_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "pkg/util/fail.h"
#include "pkg/util/str.h"

/*
 * One HTTP exchange, the only user of libcurl.
 *
 * Redirects are followed here, not by libcurl: the Authorization header and the client
 * certificate go to the origin they were given for and nowhere else, and TLS is never
 * left for plain http unless the request allows it. Proxies come from the environment
 * by curl's rules (https_proxy, no_proxy, ...). Nothing is retried here: struct
 * http_response says whether trying again may help.
 *
 * A pool keeps idle connections; any number of threads may fetch from one pool.
 */
struct http_pool;
struct certs;

/* With a libcurl before 7.84 the first one is to be made before threads are started. */
struct http_pool *http_pool_new(void) MUST_USE;
void http_pool_free(struct http_pool *p);

struct http_tls {
	bool verify;			/* false: any certificate, and redirects to plain http */
	const struct certs *certs;	/* may be NULL; its client key is for HOST alone */
	const char *host;		/* host[:port] as the user wrote it */
};

struct http_request {
	const char *url;
	const char *accept;		/* the Accept header's value, or NULL */
	const char *authorization;	/* the header's value, or NULL */
	const char *form;		/* an urlencoded body to POST, or NULL: GET */
	bool head;			/* HEAD: no body is wanted */
	const struct http_tls *tls;
	/*
	 * The first byte wanted, and how large the whole may be. A server that ignores the
	 * range sends all again: the bytes before OFFSET are passed over, SINK never sees them.
	 */
	uint64_t offset, max;
	int timeout_s;			/* for all of it; 0: only stalls are timed */
	/*
	 * Gets the bytes of a 2xx answer, which then has to have MAX bytes exactly; a negative
	 * result stops the transfer and is returned. NULL: they are collected in body.
	 */
	int (*sink)(void *ctx, const void *data, size_t n);
	void *ctx;
};

enum http_fault {
	HTTP_FAULT_NONE,
	HTTP_FAULT_FINAL,	/* trying again gives the same */
	HTTP_FAULT_TRANSIENT,	/* the network or the server may recover */
	HTTP_FAULT_NOT_TLS,	/* refused, or what answered speaks no TLS */
	HTTP_FAULT_STOPPED,	/* the sink's doing */
};

struct http_response {
	long status;
	char *content_type, *digest, *location, *ratelimit;
	char *link;		/* the last Link header */
	char **challenges;	/* the values of WWW-Authenticate */
	int64_t retry_after;	/* seconds, 0: not said */
	/*
	 * The answer came from another origin than the URL's: by a redirect. Its challenges
	 * are a stranger's and must not be answered with the credentials for the URL.
	 */
	bool elsewhere;
	struct str body;	/* of an error (cut at 64 KiB), or all when there is no sink */
	enum http_fault fault;	/* why http_fetch failed */
};

/*
 * Returns 0 when an answer of any status but a redirect came whole, else -errno with
 * ret->fault set. RET is always to be released with http_response_done.
 */
int http_fetch(struct http_pool *p, const struct http_request *q, struct http_response *ret,
	       struct fail *f) MUST_USE;
void http_response_done(struct http_response *r);
#define auto_http_response __attribute__((cleanup(http_response_done)))

#endif
