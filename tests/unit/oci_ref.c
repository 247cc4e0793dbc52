// SPDX-License-Identifier: Apache-2.0
/* Image names: what people type, what it means, and what is said of a wrong one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include "pkg/oci/ref.h"
#include "pkg/util/mem.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define S255 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void test_complete(void **state)
{
	static const struct {
		const char *text, *whole, *registry, *repo, *tag;
	} rows[] = {
		{ "alpine", "docker.io/library/alpine:latest", "docker.io", "library/alpine", "latest" },
		{ "alpine:3.20", "docker.io/library/alpine:3.20", "docker.io", "library/alpine", "3.20" },
		{ "library/alpine", "docker.io/library/alpine:latest", "docker.io", "library/alpine",
		  "latest" },
		{ "docker.io/alpine", "docker.io/library/alpine:latest", "docker.io",
		  "library/alpine", "latest" },
		{ "index.docker.io/me/x", "docker.io/me/x:latest", "docker.io", "me/x", "latest" },
		{ "me/x:V1", "docker.io/me/x:V1", "docker.io", "me/x", "V1" },
		{ "localhost/x", "localhost/x:latest", "localhost", "x", "latest" },
		{ "localhost:5000/x:1", "localhost:5000/x:1", "localhost:5000", "x", "1" },
		{ "localhost:5000", "docker.io/library/localhost:5000", "docker.io",
		  "library/localhost", "5000" },
		{ "[::1]:5000/x", "[::1]:5000/x:latest", "[::1]:5000", "x", "latest" },
		{ "[2001:db8::1]/a/b:c", "[2001:db8::1]/a/b:c", "[2001:db8::1]", "a/b", "c" },
		{ "quay.io/a/b/c__d-e.f", "quay.io/a/b/c__d-e.f:latest", "quay.io", "a/b/c__d-e.f",
		  "latest" },
		{ "Quay.IO:443/a", "Quay.IO:443/a:latest", "Quay.IO:443", "a", "latest" },
		{ "x@sha256:" HEX, "docker.io/library/x@sha256:" HEX, "docker.io", "library/x", NULL },
		{ "q.io/x:1@sha256:" HEX, "q.io/x:1@sha256:" HEX, "q.io", "x", "1" },
		{ "a---b", "docker.io/library/a---b:latest", "docker.io", "library/a---b", "latest" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_ref struct ref r = { 0 };
		struct ref again = { 0 };
		auto_free char *whole = NULL;
		auto_free char *name = NULL;
		struct fail f = { 0 };

		assert_int_equal(ref_parse(rows[i].text, &r, &f), 0);
		whole = ref_format(&r);
		assert_string_equal(whole, rows[i].whole);
		assert_string_equal(r.registry, rows[i].registry);
		assert_string_equal(r.repo, rows[i].repo);
		if (rows[i].tag)
			assert_string_equal(r.tag, rows[i].tag);
		else
			assert_null(r.tag);
		name = ref_name(&r);
		assert_true(!strncmp(name, whole, strlen(name)));
		/* A complete name means itself. */
		assert_int_equal(ref_parse(whole, &again, &f), 0);
		assert_string_equal(again.repo, r.repo);
		ref_done(&again);
		ref_done(&again);
	}
}

static void test_refused(void **state)
{
	static const char *const repo_why =
		"a repository's parts are lower-case letters and digits, "
		"with single '.', '_', '__' or '-' between them";
	static const char *const tag_why = "a tag has up to 128 letters, digits and '_', '.', '-', "
					   "and starts with none of '.' and '-'";
	const struct {
		const char *text, *why;
	} rows[] = {
		{ "Alpine", "the repository must be lower case" },
		{ "q.io/", "the repository is missing" },
		{ "q.io/:1", "the repository is missing" },
		{ "a//b", repo_why }, { "/a", repo_why }, { "a/", repo_why }, { "-a", repo_why },
		{ "a___b", repo_why }, { "a..b", repo_why }, { "q.io/..", repo_why },
		{ "q.io/../x", repo_why }, { "a b", repo_why },
		{ "a:", tag_why }, { "a:.b", tag_why }, { "a:-b", tag_why }, { "a:b/c:d:e", tag_why },
		{ "a:b/c", "its registry is not a host name with an optional port" },
		{ "q.io:0/a", "its registry is not a host name with an optional port" },
		{ "q.io:65536/a", "its registry is not a host name with an optional port" },
		{ "q..io/a", "its registry is not a host name with an optional port" },
		{ "-q.io/a", "its registry is not a host name with an optional port" },
		{ "q.io@evil/a", NULL },
		{ "[::1/a", "its registry is not a host name with an optional port" },
		{ "[::1]x/a", "its registry is not a host name with an optional port" },
		{ HEX, "64 hex digits are an image's id" },
		{ "https://q.io/a", "it is written without a scheme such as 'https://'" },
		{ "docker://q.io/a", "it is written without a scheme such as 'https://'" },
		{ S255, "it is longer than 255 characters" },
		{ "a:" S255, tag_why },
		{ "a\x1b[2k", repo_why },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ref r = { 0 };
		struct fail f = { 0 };

		assert_int_equal(ref_parse(rows[i].text, &r, &f), -EINVAL);
		assert_null(r.registry);
		assert_null(r.repo);
		if (rows[i].why)
			assert_non_null(strstr(f.msg, rows[i].why));
		assert_null(strchr(f.msg, '\x1b'));
	}
}

static void test_messages(void **state)
{
	static const struct {
		const char *text, *msg;
	} rows[] = {
		{ "", "an image name is wanted, not an empty text" },
		{ "Alpine:1", "'Alpine:1' is not an image name: the repository must be lower case" },
		{ "a@sha256:12", "image name 'a@sha256:12': 'sha256:12': 64 lower-case hex digits are "
				 "wanted after 'sha256:'" },
		{ "a@b@c", "image name 'a@b@c': 'b@c' is not a digest (sha256:<64 hex digits>)" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ref r = { 0 };
		struct fail f = { 0 };

		assert_int_equal(ref_parse(rows[i].text, &r, &f), -EINVAL);
		assert_string_equal(f.msg, rows[i].msg);
	}
}

static void test_short(void **state)
{
	(void)state;
	assert_true(ref_is_short("alpine"));
	assert_true(ref_is_short("alpine:3.20"));
	assert_true(ref_is_short("me/x"));
	assert_true(ref_is_short("x@sha256:" HEX));
	assert_false(ref_is_short("localhost/x"));
	assert_false(ref_is_short("docker.io/x"));
	assert_false(ref_is_short("h:5000/x"));
	assert_false(ref_is_short("[::1]/x"));
	assert_true(ref_is_short("localhostess/x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
