// SPDX-License-Identifier: Apache-2.0
/* Images, their names, and what a user finds by what he types. */
#include "tests/unit/store_image.h"

#include "storage/dir.h"

static void remove_name(struct env *e, const char *text, int want)
{
	auto_ref struct ref name = { 0 };
	struct fail f = { 0 };

	assert_int_equal(ref_parse(text, &name, &f), 0);
	assert_int_equal(image_name_remove(&e->store, &name, &f), want);
}

static void test_find(void **state)
{
	struct env *e = *state;
	struct fail f = { 0 };
	struct digest one, two, three, m1 = env_digest("a", 1), m2 = env_digest("a", 2);

	env_ok(env_image(&e->store, "1de", 1, &one, &f), &f);	/* id 1de1000... */
	env_ok(env_image(&e->store, "1de", 2, &two, &f), &f);	/* id 1de2000... */
	env_ok(env_image(&e->store, "fee", 3, &three, &f), &f);
	env_ok(env_name(&e->store, "alpine", &one, &m1, &f), &f);
	env_ok(env_name(&e->store, "alpine:3", &two, &m2, &f), &f);
	env_ok(env_name(&e->store, "localhost/mine", &two, &m2, &f), &f);
	env_ok(env_name(&e->store, "mine", &one, &m1, &f), &f);
	env_ok(env_name(&e->store, "quay.io/me/tool:v1", &three, &m1, &f), &f);
	env_ok(env_name(&e->store, "fee3", &one, &m1, &f), &f);

	const char *dangling = "2222222222222222222222222222222222222222222222222222222222222222";
	const struct {
		const char *text;
		const struct digest *want;
		const char *name, *msg;
	} rows[] = {
		{ "alpine", &one, "docker.io/library/alpine:latest" },
		{ "alpine:latest", &one, "docker.io/library/alpine:latest" },
		{ "docker.io/alpine:3", &two, "docker.io/library/alpine:3" },
		{ "mine", &two, "localhost/mine:latest" },
		{ "docker.io/mine", &one, "docker.io/library/mine:latest" },
		{ "tool:v1", &three, "quay.io/me/tool:v1" },
		{ "me/tool:v1", &three, "quay.io/me/tool:v1" },
		{ "tool", NULL, NULL, "tool: image not known" },
		{ "ool:v1", NULL, NULL, "ool:v1: image not known" },
		{ "quay.io/tool:v1", NULL, NULL, "quay.io/tool:v1: image not known" },
		{ "fee3", &one, "docker.io/library/fee3:latest" },	/* a name before an id */
		{ "fee", &three, NULL },
		{ "f", &three, NULL },
		{ "1de1", &one, NULL },
		{ "sha256:1de2", &two, NULL },
		{ one.hex, &one, NULL },
		{ "1de", NULL, NULL, "image ID '1de' is ambiguous: it starts 1de1000 and 1de2000" },
		{ dangling, NULL, NULL,
		  "2222222222222222222222222222222222222222222222222222222222222222: image not known" },
		{ "sha256:99", NULL, NULL, "sha256:99: image not known" },
		{ "nope:1", NULL, NULL, "nope:1: image not known" },
		{ "Nope", NULL, NULL, "'Nope' is not an image name: the repository must be lower case" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *name = NULL;
		struct digest got;
		int r;

		fail_clear(&f);
		r = image_find(&e->store, rows[i].text, &got, &name, &f);
		if (rows[i].want) {
			env_ok(r, &f);
			assert_string_equal(got.hex, rows[i].want->hex);
			if (rows[i].name)
				assert_string_equal(name, rows[i].name);
			else
				assert_null(name);
		} else {
			assert_true(r < 0);
			assert_string_equal(f.msg, rows[i].msg);
		}
	}
}

static void test_find_digest(void **state)
{
	struct env *e = *state;
	struct fail f = { 0 };
	struct digest one, got, m1 = env_digest("a", 1), other = env_digest("a", 7);
	auto_free char *by_tag = mem_printf("alpine:9@sha256:%s", m1.hex);
	auto_free char *by_name = mem_printf("alpine@sha256:%s", other.hex);
	auto_free char *by_manifest = mem_printf("sha256:%s", m1.hex);
	auto_free char *name = NULL;
	auto_free char *want = mem_printf("docker.io/library/alpine@sha256:%s", m1.hex);

	env_ok(env_image(&e->store, "1de", 1, &one, &f), &f);
	env_ok(env_name(&e->store, "alpine", &one, &m1, &f), &f);
	env_ok(image_find(&e->store, by_tag, &got, &name, &f), &f);
	assert_string_equal(name, want);
	assert_int_equal(image_find(&e->store, by_name, &got, NULL, &f), -ENOENT);
	fail_clear(&f);
	env_ok(env_name(&e->store, by_name, &one, &other, &f), &f);
	env_ok(image_find(&e->store, by_name, &got, NULL, &f), &f);
	env_ok(image_find(&e->store, by_manifest, &got, NULL, &f), &f);
	assert_string_equal(got.hex, one.hex);
}

static void test_names(void **state)
{
	struct env *e = *state;
	struct fail f = { 0 };
	struct digest one, two, m1 = env_digest("a", 1);
	struct image_list l;
	auto_fd int refs = store_dir(&e->store, "refs", &f);
	auto_strv char **left = NULL;

	env_ok(env_image(&e->store, "1de", 1, &one, &f), &f);
	env_ok(env_image(&e->store, "1de", 2, &two, &f), &f);
	env_ok(env_name(&e->store, "b/x-y:1", &one, &m1, &f), &f);
	env_ok(env_name(&e->store, "b/x:1", &one, &m1, &f), &f);
	env_ok(env_name(&e->store, "[::1]:5000/z", &one, &m1, &f), &f);
	env_ok(image_list_load(&e->store, &l, &f), &f);
	assert_int_equal(l.n, 2);
	assert_int_equal(strv_len(l.v[0].names), 3);
	assert_string_equal(l.v[0].names[0], "[::1]:5000/z:latest");
	assert_string_equal(l.v[0].names[1], "docker.io/b/x-y:1");
	assert_string_equal(l.v[0].names[2], "docker.io/b/x:1");
	assert_int_equal(strv_len(l.v[0].manifests), 3);
	assert_null(l.v[1].names);
	assert_null(l.broken);
	image_list_done(&l);

	/* Empty folders go with the last name in them. */
	remove_name(e, "b/x:1", 0);
	remove_name(e, "b/x:1", -ENOENT);
	remove_name(e, "b/x-y:1", 0);
	assert_int_equal(dir_list(refs, ".", &left), 0);
	assert_int_equal(strv_len(left), 1);
	assert_string_equal(left[0], "[::1]:5000");

	/* No name for what isn't there. */
	one = env_digest("dead", 1);
	assert_int_equal(env_name(&e->store, "x", &one, &m1, &f), -ENOENT);
	assert_string_equal(f.msg, "name 'docker.io/library/x:latest': the image dead10000000 is not known");
}

static void test_broken(void **state)
{
	struct env *e = *state;
	struct fail f = { 0 };
	struct digest one, m1 = env_digest("a", 1);
	auto_free char *bad = NULL;
	auto_fd int images = store_dir(&e->store, "images", &f);
	auto_fd int refs = store_dir(&e->store, "refs", &f);
	auto_fd int there = dir_make(refs, "q.io/b");
	struct image_list l;

	env_ok(env_image(&e->store, "1de", 1, &one, &f), &f);
	env_ok(env_name(&e->store, "good", &one, &m1, &f), &f);
	bad = mem_printf("%s.json", env_digest("bad", 1).hex);
	assert_int_equal(file_replace(images, bad, "", 0, 0600, 0), 0);
	assert_int_equal(file_replace(there, ":tag", "{}", 2, 0600, 0), 0);
	env_ok(image_list_load(&e->store, &l, &f), &f);
	assert_int_equal(l.n, 1);
	assert_int_equal(strv_len(l.broken), 2);
	assert_string_equal(l.broken[1], "refs/q.io/b:tag");
	image_list_done(&l);
	/* gc puts the file away, and nothing else suffers. */
	env_ok(gc_run(&e->store, &f), &f);
	assert_int_equal(faccessat(images, bad, F_OK, 0), -1);
	assert_int_equal(env_check_images(&e->store), 1); /* the name is still told */
}

static void test_save_wants_parts(void **state)
{
	struct env *e = *state;
	struct fail f = { 0 };
	struct image i = { .id = env_digest("1d", 1) };
	struct digest d = env_digest("1d", 1);
	auto_free char *want = mem_printf("save image 1d1000000000: the blob sha256:%s is missing", d.hex);

	assert_int_equal(image_save(&e->store, &i, &f), -ENOENT);
	assert_string_equal(f.msg, want);
}

static void test_remove(void **state)
{
	struct env *e = *state;
	struct fail f = { 0 };
	struct digest one, two, got, m1 = env_digest("a", 1), low = env_digest("bfff", 0);
	struct digest top = env_digest("b", 1), blob = env_digest("c", 1);
	struct image_config config;

	env_ok(env_image(&e->store, "1de", 1, &one, &f), &f);
	env_ok(env_image(&e->store, "1de", 2, &two, &f), &f);
	env_ok(env_name(&e->store, "a", &one, &m1, &f), &f);
	env_ok(env_name(&e->store, "q.io/b:c", &one, &m1, &f), &f);
	env_ok(image_load_config(&e->store, &one, &config, &f), &f);
	assert_string_equal(config.arch, "amd64");
	jsonf_done(image_config_fields, &config);

	env_ok(image_remove(&e->store, &one, &f), &f);
	assert_int_equal(image_find(&e->store, "q.io/b:c", &got, NULL, &f), -ENOENT);
	fail_clear(&f);
	assert_int_equal(image_remove(&e->store, &one, &f), -ENOENT);
	fail_clear(&f);
	/* Still there until gc; the shared layer stays after it too. */
	assert_true(layer_exists(&e->store, &top));
	env_ok(gc_run(&e->store, &f), &f);
	assert_false(layer_exists(&e->store, &top));
	assert_false(blob_exists(&e->store, &blob));
	assert_false(blob_exists(&e->store, &one));
	assert_true(layer_exists(&e->store, &low));
	assert_int_equal(env_check_images(&e->store), 0);
	env_swept(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_find, env_setup, env_teardown),
		cmocka_unit_test_setup_teardown(test_find_digest, env_setup, env_teardown),
		cmocka_unit_test_setup_teardown(test_names, env_setup, env_teardown),
		cmocka_unit_test_setup_teardown(test_broken, env_setup, env_teardown),
		cmocka_unit_test_setup_teardown(test_save_wants_parts, env_setup, env_teardown),
		cmocka_unit_test_setup_teardown(test_remove, env_setup, env_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
