// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* our own is meant */
#include <zlib.h>
#include <zstd.h>

#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "storage/unpack/inflate.h"

struct input {
	struct str s;
	size_t at, step;
};

static ssize_t source(void *ctx, void *buf, size_t len, struct fail *f)
{
	struct input *in = ctx;
	size_t n = in->s.len - in->at;

	(void)f;
	n = n < in->step ? n : in->step;
	n = n < len ? n : len;
	memcpy(buf, in->s.s + in->at, n);
	in->at += n;
	return (ssize_t)n;
}

/* One member or frame of N bytes that repeat TEXT. */
static void add_text(struct str *s, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		str_addc(s, text[i % strlen(text)]);
}

static void add_gzip(struct str *s, const struct str *plain)
{
	auto_free unsigned char *buf = mem_alloc(plain->len + 1024);
	z_stream z = { .next_in = (unsigned char *)plain->s, .avail_in = (unsigned)plain->len,
		       .next_out = buf, .avail_out = (unsigned)plain->len + 1024 };

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	str_addn(s, buf, z.total_out);
	deflateEnd(&z);
}

static void add_zstd(struct str *s, const struct str *plain)
{
	size_t room = ZSTD_compressBound(plain->len), n;
	auto_free char *buf = mem_alloc(room);

	n = ZSTD_compress(buf, room, plain->s, plain->len, 3);
	assert_false(ZSTD_isError(n));
	str_addn(s, buf, n);
}

/* Reads it all in pieces of LEN; the result is the number of bytes or -errno. */
static ssize_t inflate_all(struct input *in, size_t len, struct str *out, bool *trailing, struct fail *f)
{
	auto_inflate struct inflate *z = inflate_new(source, in);
	auto_free char *buf = mem_alloc(len);
	ssize_t n;

	while ((n = inflate_read(z, buf, len, f)) > 0)
		str_addn(out, buf, (size_t)n);
	if (trailing)
		*trailing = inflate_trailing(z);
	return n < 0 ? n : (ssize_t)out->len;
}

enum kind { PLAIN, GZIP, GZIP2, GZIP_ZEROS, GZIP_GARBAGE, ZSTD, ZSTD2, SKIPPABLE, KINDS };

static void make(enum kind k, struct str *s, const struct str *plain)
{
	static const char skippable[] = "\x50\x2a\x4d\x18\x04\0\0\0abcd";

	switch (k) {
	case PLAIN: str_addn(s, plain->s, plain->len); break;
	case GZIP2: add_gzip(s, plain); /* fall through */
	case GZIP: add_gzip(s, plain); break;
	case GZIP_ZEROS: add_gzip(s, plain); str_addn(s, "\0\0\0\0\0\0\0", 7); break;
	case GZIP_GARBAGE: add_gzip(s, plain); str_add(s, "garbage"); break;
	case SKIPPABLE: str_addn(s, skippable, 12); add_zstd(s, plain); break;
	case ZSTD2: add_zstd(s, plain); /* fall through */
	default: add_zstd(s, plain); break;
	}
}

static void gives_back_what_was_put_in(void **state)
{
	static const size_t sizes[] = { 1, 511, 70000, 3000000 }, steps[] = { 1, 4099, 1 << 20 };

	(void)state;
	for (int k = 0; k < KINDS; k++)
		for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
			for (size_t j = 0; j < ARRAY_LEN(steps); j++) {
				auto_str struct str plain = STR_INIT(8 << 20), out = STR_INIT(8 << 20);
				struct input in = { .s = STR_INIT(8 << 20), .step = steps[j] };
				size_t times = k == GZIP2 || k == ZSTD2 ? 2 : 1;
				struct fail f = { 0 };
				bool trailing;

				if (sizes[i] > 100000 && steps[j] == 1)
					continue;
				add_text(&plain, "some text, again and again, ", sizes[i]);
				make((enum kind)k, &in.s, &plain);
				assert_int_equal(inflate_all(&in, 65536, &out, &trailing, &f), times * plain.len);
				assert_memory_equal(out.s + (times - 1) * plain.len, plain.s, plain.len);
				assert_int_equal(trailing, k == GZIP_GARBAGE);
				/* All of the input is seen: a digest of it is complete. */
				assert_int_equal(in.at, in.s.len);
				str_done(&in.s);
			}
}

/*
 * Found by the fuzzer of streams: ISA-L 2.30 refused a member ("its checksum is wrong", "its blocks make no sense") whose
 * header has an extra field, as estargz's last member has, and came in two pieces.
 */
static void headers_come_in_pieces(void **state)
{
	unsigned char extra[] = "SG\x02\0ab", name[] = "layer.tar", comment[] = "none", buf[4096];
	gz_header head = { .extra = extra, .extra_len = 6, .name = name, .comment = comment, .hcrc = 1 };
	char text[] = "some text";
	z_stream z = { .next_in = (unsigned char *)text, .avail_in = 9, .next_out = buf, .avail_out = sizeof(buf) };

	(void)state;
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflateSetHeader(&z, &head), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	for (size_t step = 1; step <= z.total_out; step++) {
		auto_str struct str out = STR_INIT(8 << 20);
		struct input in = { .s = STR_INIT(8192), .step = step };
		struct fail f = { 0 };

		for (int i = 0; i < 2; i++)
			str_addn(&in.s, buf, z.total_out);
		if (inflate_all(&in, 65536, &out, NULL, &f) < 0)
			print_error("in steps of %zu: %s\n", step, f.msg);
		assert_string_equal(str_cstr(&out), "some textsome text");
		str_done(&in.s);
	}
	deflateEnd(&z);
}

static void every_cut_is_an_error(void **state)
{
	static const enum kind kinds[] = { GZIP, ZSTD };

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		auto_str struct str plain = STR_INIT(8 << 20), whole = STR_INIT(8 << 20);

		add_text(&plain, "x yz", 3000);
		make(kinds[k], &whole, &plain);
		for (size_t n = 6; n < whole.len; n++) {
			auto_str struct str out = STR_INIT(8 << 20);
			struct input in = { .s = STR_INIT(8 << 20), .step = 1 << 20 };
			struct fail f = { 0 };

			str_addn(&in.s, whole.s, n);
			assert_int_equal(inflate_all(&in, 65536, &out, NULL, &f), -EBADMSG);
			assert_string_equal(f.msg, kinds[k] == GZIP ? "the gzip stream ends too soon" :
								      "the zstd stream ends too soon");
			str_done(&in.s);
		}
	}
}

static void says_what_is_wrong(void **state)
{
	static const struct { const char *bytes; size_t n; const char *msg; } rows[] = {
		{ "\xfd" "7zXZ\0abc", 9, "the archive is compressed with xz: gzip, zstd and plain tar are read" },
		{ "BZh91AY&SY", 10, "the archive is compressed with bzip2: gzip, zstd and plain tar are read" },
		{ "\x1f\x8b\x09\0\0\0\0\0\0\0aaaa", 14, "the gzip stream is broken: its header makes no sense" },
		{ "\x1f\x8b\x08\0\0\0\0\0\0\0\xff\xff", 12, "the gzip stream is broken: its blocks make no sense" },
		{ "\x1f\x8b\x08\x80\0\0\0\0\0\0\0\0", 12, "the gzip stream is broken: its header makes no sense" },
		{ "\x1f\x8b\x08\x02\0\0\0\0\0\0\1\1", 12, "the gzip stream is broken: its header's checksum is wrong" },
		{ "\x1f\x8b\x08\x08\0\0\0\0\0\0name", 14, "the gzip stream ends too soon" },
		{ "\x28\xb5\x2f\xfd\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 20,
		  "the zstd stream is broken: Unsupported frame parameter" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_str struct str out = STR_INIT(8 << 20);
		struct input in = { .s = STR_INIT(1024), .step = 100 };
		struct fail f = { 0 };

		str_addn(&in.s, rows[i].bytes, rows[i].n);
		assert_true(inflate_all(&in, 65536, &out, NULL, &f) < 0);
		assert_string_equal(f.msg, rows[i].msg);
		str_done(&in.s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back_what_was_put_in),
		cmocka_unit_test(headers_come_in_pieces),
		cmocka_unit_test(every_cut_is_an_error),
		cmocka_unit_test(says_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
