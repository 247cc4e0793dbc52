/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_UNPACK_INFLATE_H
#define STORAGE_UNPACK_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "pkg/util/fail.h"

/*
 * Streaming decompression; the bytes tell the kind, never a name or a media type:
 *
 *	gzip  (RFC 1952): any number of members. What follows the last member and doesn't begin
 *	      with gzip's magic is ignored, as gzip(1) does; *trailing tells when it wasn't zeros.
 *	zstd  (RFC 8878): any number of frames, skippable ones too; windows up to 128 MiB.
 *	plain anything else, passed through.
 *
 * xz and bzip2 are recognised and refused by name. Memory is bounded by the window and one
 * input buffer. A stream that ends inside a member or frame is -EBADMSG ("ends too soon").
 *
 * Bombs: after INFLATE_FREE bytes of output, more than INFLATE_RATIO bytes out per byte in
 * are refused (-EFBIG). Deflate can't pass 1032:1, and layers of real images stay far below
 * 100:1 as a whole; a zero-filled file within a layer is what the free first GiB is for.
 */
enum { INFLATE_RATIO = 200 };
#define INFLATE_FREE (INT64_C(1) << 30)

enum inflate_kind { INFLATE_PLAIN, INFLATE_GZIP, INFLATE_ZSTD };

/* Gives up to LEN bytes; 0 at the end, -errno with F set on failure. */
typedef ssize_t inflate_source(void *ctx, void *buf, size_t len, struct fail *f);

struct inflate;
struct inflate *inflate_new(inflate_source *source, void *ctx);
void inflate_free(struct inflate *z);

/* Fills BUF as far as the stream goes: fewer than LEN bytes only at the end; -errno. */
ssize_t inflate_read(struct inflate *z, void *buf, size_t len, struct fail *f) MUST_USE;

/* Valid after the first inflate_read. */
enum inflate_kind inflate_kind_of(const struct inflate *z);
bool inflate_trailing(const struct inflate *z);
int64_t inflate_total_in(const struct inflate *z);

void inflate_free_ptr(struct inflate **z);
#define auto_inflate __attribute__((cleanup(inflate_free_ptr)))

#endif
