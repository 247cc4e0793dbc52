/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_CLIENT_H
#define REGISTRY_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "pkg/oci/image.h"
#include "pkg/oci/ref.h"
#include "pkg/util/fail.h"

/*
 * Pulling from a registry (OCI distribution-spec 1.1, docker's token authentication).
 *
 *	registry_resolve("alpine", &opts, &ref, f);	docker.io/library/alpine:latest
 *	registry_open(&ref, &opts, &r, f);
 *	registry_manifest(r, NULL, &m, f);		by tag (or the name's digest)
 *	registry_manifest(r, &child, &m, f);		one of an index's
 *	registry_blob(r, &layer, 0, sink, ctx, f);	from any number of threads at once
 *	registry_close(r);
 *
 * A handle is for one repository. It tries the mirrors of registries.conf in order and
 * then the place itself, remembers the one that had the manifest, and keeps tokens and
 * connections. Nothing is sent before the first registry_manifest.
 *
 * Failures that may pass are retried (retry.h); a cut blob is resumed where it stopped.
 * -errno worth telling apart: ENOENT (no such image), EACCES (a login is needed or was
 * refused), EBUSY (429: the limit is reached), EBADMSG (the bytes are not what the digest
 * says), EHOSTUNREACH, ECONNREFUSED, EKEYREJECTED (TLS).
 */
struct registry;

enum registry_tls {
	REGISTRY_TLS_CONF,	/* as registries.conf says, else verified */
	REGISTRY_TLS_VERIFY,	/* --tls-verify=true: whatever registries.conf says */
	REGISTRY_TLS_ANY,	/* --tls-verify=false: any certificate, or plain http */
};

struct registry_opts {
	enum registry_tls tls;
	const char *authfile, *creds, *cert_dir;	/* NULL: not given */
	int retries;		/* after the first try; 0: the default 3, negative: none */
	int64_t retry_delay;	/* ns before the first retry, doubled each time; 0: 2 s */
	/*
	 * What the user should know though it goes on; one line without a newline. Called
	 * from the thread that found it, one call at a time; it may not use the handle. May be NULL.
	 */
	void (*warn)(void *ctx, const char *text);
	void *warn_ctx;
};

/* ref_parse, with the aliases of registries.conf for short names. Release with ref_done. */
int registry_resolve(const char *text, struct ref *ret, struct fail *f) MUST_USE;

/* REF and the strings of OPTS are copied. Reads the configuration, the credentials, the certificates. */
int registry_open(const struct ref *ref, const struct registry_opts *opts, struct registry **ret,
		  struct fail *f) MUST_USE;
void registry_close(struct registry *r);	/* NULL is fine; no thread may be in it */
void registry_close_ptr(struct registry **r);
#define auto_registry __attribute__((cleanup(registry_close_ptr)))

struct registry_manifest {
	char *text;		/* as sent; NUL-terminated for convenience */
	size_t len;
	char *content_type;	/* may be NULL; for manifest_kind() */
	struct digest digest;	/* of TEXT, computed here */
};

/*
 * Fetches the manifest WANT, or with NULL what the name says (its digest before its tag).
 * Its bytes are verified against the digest asked for and against what the registry claims.
 */
int registry_manifest(struct registry *r, const struct digest *want, struct registry_manifest *ret,
		      struct fail *f) MUST_USE;
void registry_manifest_done(struct registry_manifest *m);

/*
 * The digest that the tag has now, by HEAD (which counts against no limit). -ENOTSUP when
 * the registry doesn't say: ask for the manifest.
 */
int registry_digest(struct registry *r, struct digest *ret, struct fail *f) MUST_USE;

/*
 * Streams blob D from byte OFFSET on into SINK; exactly d->size - OFFSET bytes on success.
 * The bytes are not hashed: that is the writer's work, which sees them anyway. After a
 * failure SINK has got some of them, in order; calling again with an offset beyond those
 * goes on. A negative result of SINK stops the transfer and is returned, with a failure
 * recorded that says no more than that.
 */
int registry_blob(struct registry *r, const struct descriptor *d, uint64_t offset,
		  int (*sink)(void *ctx, const void *data, size_t n), void *ctx,
		  struct fail *f) MUST_USE;

/*
 * All tags of the repository, in the registry's order (at most REGISTRY_TAGS_MAX, else
 * -E2BIG). Free with strv_free. The tag of the handle's name has no part in it.
 */
enum { REGISTRY_TAGS_MAX = 20000 };
int registry_tags(struct registry *r, char ***ret, struct fail *f) MUST_USE;

/* GET /v2/: 0 when the registry is there and takes the credentials given or found. */
int registry_ping(struct registry *r, struct fail *f) MUST_USE;

#endif
