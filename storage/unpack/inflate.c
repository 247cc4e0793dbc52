// SPDX-License-Identifier: Apache-2.0
#include "storage/unpack/inflate.h"

#include <errno.h>
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "pkg/util/mem.h"

#ifdef RBOX_FUZZ
enum { IN_SIZE = 4096, WINDOW_LOG_MAX = 16 };	/* a fuzzer is to meet its end, in little time */
#else
enum { IN_SIZE = 256 * 1024, WINDOW_LOG_MAX = 27 };
#endif
enum { MAGIC_MAX = 6, GZIP_HEADER_MAX = IN_SIZE / 2 };

/* The flags of a gzip header: RFC 1952, 2.3.1. */
enum { FHCRC = 2, FEXTRA = 4, FNAME = 8, FCOMMENT = 16, FRESERVED = 0xe0 };

struct inflate {
	inflate_source *source;
	void *ctx;
	enum inflate_kind kind;
	bool started, eof;
	bool over;		/* the last member or frame ended; what follows is ignored */
	bool inside;		/* a member or frame has begun and not ended */
	bool trailing;
	int64_t total_in, total_out;
	unsigned char *in;
	size_t at, len;		/* what of IN is still to be used */
	struct inflate_state gz;
	ZSTD_DStream *zstd;
};

struct inflate *inflate_new(inflate_source *source, void *ctx)
{
	struct inflate *z = mem_alloc(sizeof(*z));

	z->source = source;
	z->ctx = ctx;
	z->in = mem_alloc(IN_SIZE);
	return z;
}

void inflate_free(struct inflate *z)
{
	if (!z)
		return;
	ZSTD_freeDStream(z->zstd);
	free(z->in);
	free(z);
}

void inflate_free_ptr(struct inflate **z)
{
	inflate_free(*z);
	*z = NULL;
}

enum inflate_kind inflate_kind_of(const struct inflate *z)
{
	return z->kind;
}

bool inflate_trailing(const struct inflate *z)
{
	return z->trailing;
}

int64_t inflate_total_in(const struct inflate *z)
{
	return z->total_in;
}

/* Makes at least WANT bytes of input lie at z->at unless the stream ends before. */
static int fill(struct inflate *z, size_t want, struct fail *f)
{
	if (z->at == z->len)
		z->at = z->len = 0;
	if (z->at && z->len - z->at < want) {
		memmove(z->in, z->in + z->at, z->len - z->at);
		z->len -= z->at;
		z->at = 0;
	}
	while (z->len - z->at < want && !z->eof) {
		ssize_t n = z->source(z->ctx, z->in + z->len, IN_SIZE - z->len, f);

		if (n < 0)
			return (int)n;
		z->eof = n == 0;
		z->len += (size_t)n;
		z->total_in += n;
	}
	return 0;
}

static bool begins(const struct inflate *z, const char *magic, size_t n)
{
	return z->len - z->at >= n && !memcmp(z->in + z->at, magic, n);
}

static bool is_zstd(const struct inflate *z)
{
	/* 0x184D2A5? little-endian: a skippable frame (RFC 8878, 3.1.2). */
	return begins(z, "\x28\xb5\x2f\xfd", 4) ||
	       (z->len - z->at >= 4 && (z->in[z->at] & 0xf0) == 0x50 &&
		!memcmp(z->in + z->at + 1, "\x2a\x4d\x18", 3));
}

static int gzip_need(struct inflate *z, size_t n, struct fail *f)
{
	int r = n <= GZIP_HEADER_MAX ? fill(z, n, f) :
				       refuse(f, EBADMSG, "the gzip stream is broken: its header has no end");

	if (r < 0)
		return r;
	return z->len - z->at >= n ? 0 : refuse(f, EBADMSG, "the gzip stream ends too soon");
}

/* Over a text that ends with a NUL; *N is where it begins after z->at, then what follows it. */
static int gzip_text(struct inflate *z, size_t *n, struct fail *f)
{
	int r;

	do
		r = gzip_need(z, *n + 1, f);
	while (r == 0 && z->in[z->at + (*n)++]);
	return r;
}

/*
 * A member's header, as a whole: ISA-L 2.30 loses its place in one with an extra field, a name
 * and a comment that comes in several pieces, such as lies across the end of our buffer.
 */
static int gzip_header(struct inflate *z, struct fail *f)
{
	size_t n = 10;
	const unsigned char *h;
	int r = gzip_need(z, n, f), flags;

	if (r < 0)
		return r;
	flags = z->in[z->at + 3];
	if (z->in[z->at + 2] != 8 || (flags & FRESERVED))
		return refuse(f, EBADMSG, "the gzip stream is broken: its header makes no sense");
	if (flags & FEXTRA) {
		r = gzip_need(z, n + 2, f);
		if (r < 0)
			return r;
		h = z->in + z->at + n;
		n += 2 + (size_t)(h[0] | h[1] << 8);
	}
	if (flags & FNAME)
		r = gzip_text(z, &n, f);
	if (r == 0 && (flags & FCOMMENT))
		r = gzip_text(z, &n, f);
	if (r == 0)
		r = gzip_need(z, n + (flags & FHCRC ? 2 : 0), f);
	if (r < 0)
		return r;
	h = z->in + z->at;
	if ((flags & FHCRC) && (crc32_gzip_refl(0, h, n) & 0xffff) != (unsigned)(h[n] | h[n + 1] << 8))
		return refuse(f, EBADMSG, "the gzip stream is broken: its header's checksum is wrong");
	z->at += n + (flags & FHCRC ? 2 : 0);
	z->gz.crc_flag = ISAL_GZIP_NO_HDR_VER;
	z->inside = true;
	return 0;
}

static int start(struct inflate *z, struct fail *f)
{
	int r = fill(z, MAGIC_MAX, f);

	if (r < 0)
		return r;
	z->started = true;
	if (begins(z, "\xfd" "7zXZ\0", 6) || begins(z, "BZh", 3))
		return refuse(f, EPROTONOSUPPORT, "the archive is compressed with %s: gzip, zstd and plain "
			      "tar are read", z->in[z->at] == 'B' ? "bzip2" : "xz");
	if (begins(z, "\x1f\x8b", 2)) {
		z->kind = INFLATE_GZIP;
		isal_inflate_init(&z->gz);
		return gzip_header(z, f);
	}
	if (is_zstd(z)) {
		z->kind = INFLATE_ZSTD;
		z->zstd = ZSTD_createDStream();
		if (!z->zstd || ZSTD_isError(ZSTD_DCtx_setParameter(z->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
			return refuse(f, ENOMEM, "start zstd");
	}
	return 0;
}

static const char *gzip_error(int r)
{
	switch (r) {
	case ISAL_INVALID_WRAPPER:
	case ISAL_UNSUPPORTED_METHOD:
		return "its header makes no sense";
	case ISAL_INCORRECT_CHECKSUM:
		return "its checksum is wrong";
	case ISAL_INVALID_LOOKBACK:
	case ISAL_INVALID_BLOCK:
	case ISAL_INVALID_SYMBOL:
		return "its blocks make no sense";
	default:
		return "it can't be inflated";
	}
}

/* After a member: another one, or what gzip(1) ignores. */
static int gzip_next_member(struct inflate *z, struct fail *f)
{
	int r = fill(z, 2, f);

	if (r < 0)
		return r;
	z->inside = false;
	if (begins(z, "\x1f\x8b", 2)) {
		isal_inflate_reset(&z->gz);
		return gzip_header(z, f);
	}
	z->over = true;
	return 0;
}

static ssize_t gzip_some(struct inflate *z, void *buf, size_t len, struct fail *f)
{
	uint32_t room = len > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)len;
	int r = fill(z, 1, f);

	if (r < 0)
		return r;
	z->gz.next_in = z->in + z->at;
	z->gz.avail_in = (uint32_t)(z->len - z->at);
	z->gz.next_out = buf;
	z->gz.avail_out = room;
	r = isal_inflate(&z->gz);
	if (r < 0)
		return refuse(f, EBADMSG, "the gzip stream is broken: %s", gzip_error(r));
	z->at = z->len - z->gz.avail_in;
	if (z->gz.block_state == ISAL_BLOCK_FINISH) {
		r = gzip_next_member(z, f);
		if (r < 0)
			return r;
	} else if (z->gz.avail_out == room && z->at == z->len && z->eof) {
		return refuse(f, EBADMSG, "the gzip stream ends too soon");
	}
	return room - z->gz.avail_out;
}

static ssize_t zstd_some(struct inflate *z, void *buf, size_t len, struct fail *f)
{
	ZSTD_outBuffer out = { buf, len, 0 };
	ZSTD_inBuffer in;
	size_t left;
	int r = fill(z, 1, f);

	if (r < 0)
		return r;
	if (z->at == z->len && !z->inside) {
		z->over = true;
		return 0;
	}
	in = (ZSTD_inBuffer){ z->in + z->at, z->len - z->at, 0 };
	left = ZSTD_decompressStream(z->zstd, &out, &in);
	if (ZSTD_isError(left))
		return refuse(f, EBADMSG, "the zstd stream is broken: %s", ZSTD_getErrorName(left));
	z->at += in.pos;
	z->inside = left != 0;
	if (z->inside && out.pos == 0 && z->at == z->len && z->eof)
		return refuse(f, EBADMSG, "the zstd stream ends too soon");
	return (ssize_t)out.pos;
}

static ssize_t plain_some(struct inflate *z, void *buf, size_t len, struct fail *f)
{
	size_t n = z->len - z->at;
	ssize_t r;

	if (n) {
		n = n < len ? n : len;
		memcpy(buf, z->in + z->at, n);
		z->at += n;
		return (ssize_t)n;
	}
	r = z->eof ? 0 : z->source(z->ctx, buf, len, f);
	if (r < 0)
		return r;
	z->over = r == 0;
	z->total_in += r;
	return r;
}

/* What follows the last member is read to its end, so that a digest of the input sees it all. */
static int drain(struct inflate *z, struct fail *f)
{
	for (;;) {
		for (; z->at < z->len; z->at++)
			z->trailing |= z->in[z->at] != 0;
		if (z->eof)
			return 0;
		int r = fill(z, 1, f);

		if (r < 0)
			return r;
	}
}

static int judge_ratio(struct inflate *z, struct fail *f)
{
	if (z->total_out < INFLATE_FREE || z->total_out / INFLATE_RATIO <= z->total_in)
		return 0;
	return refuse(f, EFBIG, "%lld compressed bytes gave %lld already: more than %d to 1 is taken for a "
		      "bomb", (long long)z->total_in, (long long)z->total_out, INFLATE_RATIO);
}

ssize_t inflate_read(struct inflate *z, void *buf, size_t len, struct fail *f)
{
	size_t done = 0;
	int r = z->started ? 0 : start(z, f);

	while (r == 0 && done < len && !z->over) {
		char *at = (char *)buf + done;
		ssize_t n = z->kind == INFLATE_GZIP ? gzip_some(z, at, len - done, f) :
			    z->kind == INFLATE_ZSTD ? zstd_some(z, at, len - done, f) :
						      plain_some(z, at, len - done, f);

		if (n < 0)
			return n;
		done += (size_t)n;
		z->total_out += n;
		if (z->kind != INFLATE_PLAIN)
			r = judge_ratio(z, f);
	}
	if (r == 0 && z->over)
		r = drain(z, f);
	return r < 0 ? r : (ssize_t)done;
}
