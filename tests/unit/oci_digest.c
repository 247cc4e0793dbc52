// SPDX-License-Identifier: Apache-2.0
/* Digests: only what is safe as a file name gets through. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include "pkg/oci/digest.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_good(void **state)
{
	static const char *const rows[] = { "sha256:" HEX64, "sha512:" HEX64 HEX64 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct digest d, again;
		char text[DIGEST_TEXT_MAX];
		struct fail f = { 0 };

		assert_int_equal(digest_parse(rows[i], &d, &f), 0);
		assert_string_equal(digest_format(&d, text), rows[i]);
		assert_true(digest_is_set(&d));
		assert_int_equal(digest_parse(text, &again, &f), 0);
		assert_true(digest_equal(&d, &again));
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *msg;
	} rows[] = {
		{ "", "'' is not a digest (sha256:<64 hex digits>)" },
		{ HEX64, "'" HEX64 "' is not a digest (sha256:<64 hex digits>)" },
		{ "md5:00", "'md5:00': digests are sha256 or sha512 here" },
		{ ":00", "':00': digests are sha256 or sha512 here" },
		{ "sha256:", "'sha256:': 64 lower-case hex digits are wanted after 'sha256:'" },
		{ "sha256:../../../../etc/passwd",
		  "'sha256:../../../../etc/passwd': 64 lower-case hex digits are wanted after 'sha256:'" },
		{ "sha512:" HEX64, "'sha512:" HEX64 "': 128 lower-case hex digits are wanted after "
				   "'sha512:'" },
		{ "averylongname:00", "'averylongname:00' is not a digest (sha256:<64 hex digits>)" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct digest d = { 0 };
		struct fail f = { 0 };

		assert_int_equal(digest_parse(rows[i].text, &d, &f), -EINVAL);
		assert_string_equal(f.msg, rows[i].msg);
		assert_false(digest_is_set(&d));
	}
}

static void test_almost(void **state)
{
	char text[] = "sha256:" HEX64;

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		static const char wrong[] = "GA/. \n:\x80";

		for (size_t k = 0; k < sizeof(wrong) - 1; k++) {
			char kept = text[i];
			struct digest d;
			struct fail f = { 0 };

			if (wrong[k] == kept)
				continue;
			text[i] = wrong[k];
			assert_int_equal(digest_parse(text, &d, &f), -EINVAL);
			text[i] = kept;
		}
	}
}

static void test_bare_hex(void **state)
{
	struct digest d;
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(digest_parse_hex(HEX64, &d, &f), 0);
	assert_string_equal(d.algo, "sha256");
	assert_int_equal(digest_parse_hex("abc", &d, &f), -EINVAL);
}

static void test_field(void **state)
{
	struct holder {
		struct digest digest;
	};
	static const struct field fields[] = { FIELD_DIGEST("digest", struct holder, digest), FIELD_END };
	struct holder h = { 0 };
	auto_json json_t *in = json_pack("{s:s}", "digest", "sha256:" HEX64);
	auto_json json_t *out = NULL;
	auto_json json_t *empty = NULL;
	struct fail f = { 0 };

	(void)state;
	empty = jsonf_write(fields, &h);
	assert_int_equal(json_object_size(empty), 0);
	assert_int_equal(jsonf_read(fields, &h, in, &f), 0);
	out = jsonf_write(fields, &h);
	assert_true(json_equal(in, out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good), cmocka_unit_test(test_bad), cmocka_unit_test(test_almost),
		cmocka_unit_test(test_bare_hex), cmocka_unit_test(test_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
