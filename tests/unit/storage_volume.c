// SPDX-License-Identifier: Apache-2.0
/* Volumes on disk: names, whole or not at all, who uses them; and the options of -v and --mount. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include "pkg/engine/mountopt.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "storage/volume.h"

static void test_names(void **state)
{
	static const struct { const char *name; int r; } rows[] = {
		{ "a", 0 }, { "A-b_c.d", 0 }, { "0", 0 }, { "web-data", 0 },
		{ "", -EINVAL }, { ".", -EINVAL }, { "..", -EINVAL }, { "../x", -EINVAL }, { "a/b", -EINVAL },
		{ "-a", -EINVAL }, { "_a", -EINVAL }, { ".a", -EINVAL }, { "a b", -EINVAL }, { "a\n", -EINVAL },
		{ "a:b", -EINVAL }, { "\xc3\xa4", -EINVAL },
	};
	char long_name[300];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fail f = { 0 };

		assert_int_equal(volume_check_name(rows[i].name, &f), rows[i].r);
	}
	memset(long_name, 'a', sizeof(long_name) - 1);
	for (size_t n = 254; n <= 256; n++) {
		struct fail f = { 0 };

		long_name[n] = '\0';
		assert_int_equal(volume_check_name(long_name, &f), n <= 255 ? 0 : -EINVAL);
		long_name[n] = 'a';
	}
}

static void test_options(void **state)
{
	static const struct {
		const char *v, *mount;
		const char *type, *name, *dest, *options;	/* or, with TYPE NULL, the message in OPTIONS */
	} rows[] = {
		{ "web:/data", NULL, "volume", "web", "/data", "nosuid,nodev" },
		{ "web:/data:ro", NULL, "volume", "web", "/data", "nosuid,nodev,ro" },
		{ "web:/data/:nocopy,suid", NULL, "volume", "web", "/data", "nodev,nocopy,suid" },
		{ "web:/data:dev,noexec,z", NULL, "volume", "web", "/data", "nosuid,dev,noexec,z" },
		{ "/data", NULL, "volume", NULL, "/data", "nosuid,nodev" },
		{ "/tmp:/data", NULL, "bind", NULL, "/data", "" },
		{ NULL, "type=volume,src=web,dst=/data,ro", "volume", "web", "/data", "nosuid,nodev,ro" },
		{ NULL, "type=volume,dst=/data", "volume", NULL, "/data", "nosuid,nodev" },
		{ NULL, "dst=/data,source=web", "volume", "web", "/data", "nosuid,nodev" },
		{ "web:data", NULL, NULL, NULL, NULL, "invalid container path \"data\", must be an absolute path" },
		{ "data", NULL, NULL, NULL, NULL, "invalid container path \"data\", must be an absolute path" },
		{ "web:/", NULL, NULL, NULL, NULL, "the container path '/' can't be a mount: it is the root" },
		{ "web:/x/..", NULL, NULL, NULL, NULL, "the container path '/' can't be a mount: it is the root" },
		{ "", NULL, NULL, NULL, NULL, "incorrect volume format '': SOURCE:DESTINATION[:OPTIONS]" },
		{ ":/x", NULL, NULL, NULL, NULL, "incorrect volume format ':/x': SOURCE:DESTINATION[:OPTIONS]" },
		{ "a:/x:ro:b", NULL, NULL, NULL, NULL, "incorrect volume format 'a:/x:ro:b': SOURCE:DESTINATION[:OPTIONS]" },
		{ "a/b:/x", NULL, NULL, NULL, NULL,
		  "volume 'a/b': names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument" },
		{ "web:/x:bogus", NULL, NULL, NULL, NULL, "invalid option type \"bogus\"" },
		{ "/nosuch/x:/x", NULL, NULL, NULL, NULL, "statfs /nosuch/x: no such file or directory" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *v[] = { (char *)(uintptr_t)rows[i].v, NULL }, *m[] = { (char *)(uintptr_t)rows[i].mount, NULL };
		struct run_opts o = { .volume = rows[i].v ? v : NULL, .mount = rows[i].mount ? m : NULL };
		struct container_config c = { 0 };
		auto_free char *options = NULL;
		struct fail f = { 0 };
		int r = mountopt_parse(&o, &c, &f);

		if (!rows[i].type) {
			assert_true(r < 0);
			assert_string_equal(f.msg, rows[i].options);
		} else {
			assert_int_equal(r, 0);
			assert_int_equal(c.n_mounts, 1);
			options = strv_join(c.mounts[0].options, ",");
			assert_string_equal(c.mounts[0].type, rows[i].type);
			assert_true(str_eq(c.mounts[0].name, rows[i].name));
			assert_string_equal(c.mounts[0].destination, rows[i].dest);
			assert_string_equal(options, rows[i].options);
			assert_int_equal(c.mounts[0].anonymous, !strcmp(rows[i].type, "volume") && !rows[i].name);
		}
		config_done(&c);
	}
}

static void test_store(void **state)
{
	auto_store struct store s = { .root_fd = -EBADF };
	auto_free char *path = mem_strdup("/tmp/rbox-unit-vol.XXXXXX"), *found = NULL;
	auto_volume struct volume v = { .name = mem_strdup("web") }, again = { .name = mem_strdup("web") };
	auto_volume struct volume random = { .anonymous = true }, loaded = { .name = NULL };
	auto_strv char **names = NULL, **users = NULL, **broken = NULL;
	struct fail f = { 0 };

	(void)state;
	assert_non_null(mkdtemp(path));
	assert_int_equal(store_open(path, &s, &f), 0);
	strv_add(&v.labels, "a=b");
	assert_int_equal(volume_make(&s, &v, &f), 0);
	assert_int_equal(volume_make(&s, &again, &f), -EEXIST);
	assert_string_equal(f.msg, "volume with name web already exists: volume already exists");
	fail_clear(&f);
	assert_int_equal(volume_make(&s, &random, &f), 0);
	assert_int_equal(strlen(random.name), 64);
	assert_int_equal(volume_load(&s, "web", &loaded, &f), 0);
	assert_string_equal(loaded.labels[0], "a=b");
	assert_true(volume_is_fresh(&s, "web"));
	assert_int_equal(volume_find(&s, "we", &found, &f), 0);
	assert_string_equal(found, "web");
	mem_free_ptr(&found);
	assert_int_equal(volume_find(&s, "../volumes/web", &found, &f), -ENOENT);
	fail_clear(&f);
	assert_int_equal(volume_find(&s, "", &found, &f), -ENOENT);
	assert_string_equal(f.msg, "no volume with name \"\" found: no such volume");
	fail_clear(&f);
	assert_int_equal(volume_users(&s, &users, &broken, &f), 0);
	assert_null(users);
	assert_int_equal(volume_list(&s, &names, &f), 0);
	assert_int_equal(strv_len(names), 2);
	assert_int_equal(volume_remove(&s, "web", &f), 0);
	assert_int_equal(volume_remove(&s, "web", &f), -ENOENT);
	fail_clear(&f);
	assert_int_equal(volume_remove(&s, "..", &f), -ENOENT);
	assert_false(volume_exists(&s, "web"));
	fail_clear(&f);
	assert_int_equal(file_remove_tree(AT_FDCWD, path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
