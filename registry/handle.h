/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_HANDLE_H
#define REGISTRY_HANDLE_H

#include "registry/client.h"
#include "registry/retry.h"
#include "registry/site.h"

/* What a struct registry is made of: for the files of this folder. */
struct registry {
	struct ref ref;
	struct registry_opts opts;	/* its strings are owned; warn is serialised by warn_lock */
	void (*warn)(void *ctx, const char *text);
	void *warn_ctx;
	pthread_mutex_t warn_lock;
	struct http_pool *pool;
	struct site *sites;	/* in the order to be tried, never none */
	size_t n_sites;
	pthread_mutex_t lock;
	size_t chosen;		/* the one that had the manifest */
};

/* The site to ask first; those after it are the fallbacks. */
size_t registry_first(struct registry *r);
void registry_choose(struct registry *r, const struct site *s);
/* How often site I may be tried again: a mirror gives way at once. */
struct retry registry_retry(struct registry *r, size_t i);
/* Whether another site may have what this one failed to give with F. Says so, and clears F. */
bool registry_next(struct registry *r, size_t i, struct fail *f);

/* The digest of DATA by ALGO ("sha256", "sha512"). */
int registry_hash(const char *algo, const void *data, size_t len, struct digest *ret,
		  struct fail *f) MUST_USE;

#endif
