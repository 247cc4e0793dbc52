// SPDX-License-Identifier: Apache-2.0
/* Any bytes decompressed, once as they come and once in drops: both give the same, or the same refusal. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "storage/unpack/inflate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT_MAX = 64 * 1024 };

struct input {
	const uint8_t *p;
	size_t n, most;
};

static ssize_t source(void *ctx, void *buf, size_t len, struct fail *f)
{
	struct input *in = ctx;
	size_t n = in->n < in->most ? in->n : in->most;

	(void)f;
	n = n < len ? n : len;
	memcpy(buf, in->p, n);
	in->p += n;
	in->n -= n;
	return (ssize_t)n;
}

/* Up to OUT_MAX bytes into OUT, PIECE at a time. -errno, or how many. */
static ssize_t inflate_all(struct input *in, size_t piece, uint8_t *out, enum inflate_kind *ret_kind)
{
	auto_inflate struct inflate *z = inflate_new(source, in);
	int64_t total = (int64_t)in->n;
	struct fail f = { 0 };
	size_t done = 0;
	ssize_t n;

	do {
		n = inflate_read(z, out + done, piece < OUT_MAX - done ? piece : OUT_MAX - done, &f);
		if ((n < 0) != (f.code != 0))
			abort();
		done += n > 0 ? (size_t)n : 0;
	} while (n > 0 && done < OUT_MAX);
	*ret_kind = inflate_kind_of(z);
	/* Whoever hashes what comes in has seen all of it. */
	if (n == 0 && inflate_total_in(z) != total)
		abort();
	return n < 0 ? n : (ssize_t)done;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input whole = { data, size, SIZE_MAX }, drops = { data, size, 1 + size % 7 };
	auto_free uint8_t *a = mem_alloc(OUT_MAX), *b = mem_alloc(OUT_MAX);
	enum inflate_kind kind_a, kind_b;
	ssize_t n = inflate_all(&whole, OUT_MAX, a, &kind_a);
	ssize_t m = inflate_all(&drops, 1000, b, &kind_b);

	/*
	 * libzstd 1.5.4 checks the content size that a frame promises only when it has the frame as a
	 * whole, or its last block isn't empty. The layer's digest decides then.
	 */
	if (kind_a == INFLATE_ZSTD && kind_b == INFLATE_ZSTD && (n < 0) != (m < 0))
		return 0;
	if (kind_a != kind_b || n != m || (n > 0 && memcmp(a, b, (size_t)n)))
		abort();
	return 0;
}
