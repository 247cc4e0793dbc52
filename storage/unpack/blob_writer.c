// SPDX-License-Identifier: Apache-2.0
#include "storage/unpack/blob_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"

void *hash_new(const char *algo)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	if (c && EVP_DigestInit_ex(c, strcmp(algo, "sha512") ? EVP_sha256() : EVP_sha512(), NULL) == 1)
		return c;
	EVP_MD_CTX_free(c);
	return NULL;
}

void hash_add(void *hash, const void *data, size_t n)
{
	/* Fails only for a context that was never initialised. */
	(void)EVP_DigestUpdate(hash, data, n);
}

void hash_get(void *hash, const char *algo, struct digest *ret)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	(void)EVP_DigestFinal_ex(hash, md, &n);
	memset(ret, 0, sizeof(*ret));
	snprintf(ret->algo, sizeof(ret->algo), "%s", algo);
	for (unsigned i = 0; i < n && 2 * i + 2 < sizeof(ret->hex); i++)
		snprintf(ret->hex + 2 * (size_t)i, 3, "%02x", md[i]);
}

void hash_free(void *hash)
{
	EVP_MD_CTX_free(hash);
}

static const char *algo_of(const struct blob_writer *w)
{
	return digest_is_set(&w->expected) ? w->expected.algo : "sha256";
}

int blob_writer_init(struct blob_writer *w, struct store_temp *t, const struct digest *expected,
		     int64_t size, struct fail *f)
{
	memset(w, 0, sizeof(*w));
	w->temp = t;
	w->size = size;
	w->fd = -EBADF;
	if (expected)
		w->expected = *expected;
	w->hash = hash_new(algo_of(w));
	if (!w->hash)
		return refuse(f, ENOMEM, "start a %s", algo_of(w));
	/* Named by the writer's own address: unique among the threads that share the folder. */
	snprintf(w->name, sizeof(w->name), "blob-%p", (void *)w);
	w->fd = fd_open(t->dir_fd, w->name, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);
	if (w->fd < 0)
		return fail(f, -w->fd, "make a temporary blob in the store");
	return 0;
}

int blob_writer_add(struct blob_writer *w, const void *data, size_t n, struct fail *f)
{
	char text[DIGEST_TEXT_MAX];
	int r;

	if (w->size >= 0 && (int64_t)n > w->size - w->written)
		return refuse(f, EFBIG, "blob %s is larger than the %lld bytes its descriptor promises",
			      digest_format(&w->expected, text), (long long)w->size);
	hash_add(w->hash, data, n);
	r = io_write_full(w->fd, data, n);
	if (r < 0)
		return fail(f, -r, "write a blob into the store");
	w->written += (int64_t)n;
	return 0;
}

static int blob_verify(struct blob_writer *w, struct digest *ret, struct fail *f)
{
	char want[DIGEST_TEXT_MAX], got[DIGEST_TEXT_MAX];

	hash_get(w->hash, algo_of(w), ret);
	if (w->size >= 0 && w->written != w->size)
		return refuse(f, EBADMSG, "blob %s has %lld bytes, its descriptor promises %lld",
			      digest_format(digest_is_set(&w->expected) ? &w->expected : ret, want),
			      (long long)w->written, (long long)w->size);
	if (digest_is_set(&w->expected) && !digest_equal(&w->expected, ret))
		return refuse(f, EBADMSG, "blob %s: its bytes have the digest %s",
			      digest_format(&w->expected, want), digest_format(ret, got));
	return 0;
}

int blob_writer_commit(struct blob_writer *w, struct digest *ret, struct fail *f)
{
	struct digest d;
	int r = blob_verify(w, &d, f);

	if (r < 0)
		return r;
	if (ret)
		*ret = d;
	return blob_commit(w->temp, w->name, &d, f);
}

void blob_writer_done(struct blob_writer *w)
{
	if (w->fd >= 0)
		(void)unlinkat(w->temp->dir_fd, w->name, 0);
	w->fd = fd_close(w->fd);
	hash_free(w->hash);
	w->hash = NULL;
}

int blob_add(struct store_temp *t, const void *data, size_t n, const struct digest *expected,
	     struct digest *ret, struct fail *f)
{
	const char *algo = expected && digest_is_set(expected) ? expected->algo : "sha256";
	char want[DIGEST_TEXT_MAX], got[DIGEST_TEXT_MAX];
	void *hash = hash_new(algo);
	struct digest d;

	if (!hash)
		return refuse(f, ENOMEM, "start a %s", algo);
	hash_add(hash, data, n);
	hash_get(hash, algo, &d);
	hash_free(hash);
	if (expected && digest_is_set(expected) && !digest_equal(expected, &d))
		return refuse(f, EBADMSG, "blob %s: its bytes have the digest %s",
			      digest_format(expected, want), digest_format(&d, got));
	if (ret)
		*ret = d;
	return blob_put(t, data, n, &d, f);
}
