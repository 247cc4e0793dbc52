// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/store_env.h"

#include "storage/unpack/blob_writer.h"

#define HELLO "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define OTHER "sha256:0000000000000000000000000000000000000000000000000000000000000000"
#define HELLO512 "sha512:9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca7" \
		 "2323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043"

static struct digest digest_of(const char *text)
{
	struct fail f = { 0 };
	struct digest d;

	env_ok(digest_parse(text, &d, &f), &f);
	return d;
}

/* "hello" in two pieces, against what is promised. */
static void only_what_was_promised(void **state)
{
	static const struct { const char *digest; int64_t size; const char *error; } rows[] = {
		{ HELLO, 5, NULL },
		{ HELLO, -1, NULL },
		{ NULL, -1, NULL },
		{ HELLO512, 5, NULL },
		{ HELLO, 4, "blob " HELLO " is larger than the 4 bytes its descriptor promises" },
		{ HELLO, 6, "blob " HELLO " has 5 bytes, its descriptor promises 6" },
		{ OTHER, 5, "blob " OTHER ": its bytes have the digest " HELLO },
	};
	struct env *e = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_temp struct store_temp t = { 0 };
		struct digest want = { 0 }, got = { 0 };
		struct blob_writer w;
		struct fail f = { 0 };
		int r;

		if (rows[i].digest)
			want = digest_of(rows[i].digest);
		env_ok(store_temp_new(&e->store, &t, &f), &f);
		env_ok(blob_writer_init(&w, &t, &want, rows[i].size, &f), &f);
		r = blob_writer_add(&w, "hel", 3, &f);
		if (r == 0)
			r = blob_writer_add(&w, "lo", 2, &f);
		if (r == 0)
			r = blob_writer_commit(&w, &got, &f);
		blob_writer_done(&w);
		if (rows[i].error) {
			assert_true(r < 0);
			assert_string_equal(f.msg, rows[i].error);
			assert_false(!strcmp(rows[i].digest, OTHER) && blob_exists(&e->store, &want));
		} else {
			env_ok(r, &f);
			assert_true(blob_exists(&e->store, &got));
			if (rows[i].digest)
				assert_true(digest_equal(&want, &got));
		}
	}
	env_swept(e);
}

static void small_ones_at_once(void **state)
{
	struct env *e = *state;
	auto_temp struct store_temp t = { 0 };
	struct digest want = digest_of(OTHER), got;
	struct fail f = { 0 };

	env_ok(store_temp_new(&e->store, &t, &f), &f);
	env_ok(blob_add(&t, "hello", 5, NULL, &got, &f), &f);
	want = digest_of(HELLO);
	assert_true(digest_equal(&got, &want));
	/* Twice is once. */
	env_ok(blob_add(&t, "hello", 5, &want, NULL, &f), &f);
	want = digest_of(OTHER);
	assert_true(blob_add(&t, "hello", 5, &want, NULL, &f) < 0);
	assert_string_equal(f.msg, "blob " OTHER ": its bytes have the digest " HELLO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(only_what_was_promised, env_setup, env_teardown),
		cmocka_unit_test_setup_teardown(small_ones_at_once, env_setup, env_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
