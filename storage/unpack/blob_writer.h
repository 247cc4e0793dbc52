/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_UNPACK_BLOB_WRITER_H
#define STORAGE_UNPACK_BLOB_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "pkg/oci/digest.h"
#include "storage/store.h"

/*
 * A blob on its way into the store: bytes are hashed while they are written to a file of
 * a store_temp, and nothing is to be seen in blobs/ before blob_writer_commit has found
 * size and digest right.
 *
 *	blob_writer_init(&w, temp, &expected, size, f)   EXPECTED may be NULL, SIZE -1: not known
 *	blob_writer_add(&w, data, n, f)                  refuses bytes past SIZE at once
 *	blob_writer_commit(&w, ret_digest, f)            fsync, into blobs/<algo>/<hex>
 *	blob_writer_done(&w)                             always; takes away what was not committed
 *
 * Two processes may write the same blob at once: the second finds the first one's file, which
 * has the same bytes, and succeeds (blob_commit).
 */
struct blob_writer {
	struct store_temp *temp;
	struct digest expected;	/* not set: whatever comes is sha256 */
	int64_t size;		/* as promised, or -1 */
	int64_t written;
	int fd;
	void *hash;		/* EVP_MD_CTX */
	char name[40];		/* in the temp folder */
};

int blob_writer_init(struct blob_writer *w, struct store_temp *t, const struct digest *expected,
		     int64_t size, struct fail *f) MUST_USE;
int blob_writer_add(struct blob_writer *w, const void *data, size_t n, struct fail *f) MUST_USE;
/* *RET gets the digest; may be NULL. */
int blob_writer_commit(struct blob_writer *w, struct digest *ret, struct fail *f) MUST_USE;
void blob_writer_done(struct blob_writer *w);
#define auto_blob __attribute__((cleanup(blob_writer_done)))

/* A small blob that is in memory already: a manifest, a config. EXPECTED and RET may be NULL. */
int blob_add(struct store_temp *t, const void *data, size_t n, const struct digest *expected,
	     struct digest *ret, struct fail *f) MUST_USE;

/* sha256 of a stream, for what isn't written as a blob (a layer's tar). */
void *hash_new(const char *algo);
void hash_add(void *hash, const void *data, size_t n);
void hash_get(void *hash, const char *algo, struct digest *ret);
void hash_free(void *hash);

#endif
