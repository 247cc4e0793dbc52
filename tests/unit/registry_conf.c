// SPDX-License-Identifier: Apache-2.0
/* registries.conf: which places are asked for a name, in which order. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "registry/conf.h"
#include "tests/lib/files.h"

#include <cmocka.h>
#undef fail /* our own is meant */

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char config[] =
	"unqualified-search-registries = ['quay.io']\n"
	"short-name-mode = 'enforcing'\n"
	"[[registry]]\nlocation = 'docker.io'\n"
	"[[registry.mirror]]\nlocation = 'mirror.local:5000/hub'\ninsecure = true\n"
	"[[registry.mirror]]\nlocation = 'second.local'\npull-from-mirror = 'digest-only'\n"
	"[[registry.mirror]]\nlocation = 'third.local'\npull-from-mirror = 'tag-only'\n"
	"[[registry]]\nprefix = 'q.io/a'\nlocation = 'other.io/b'\n"
	"[[registry]]\nprefix = 'q.io/a/secret'\nlocation = 'q.io/a/secret'\nblocked = true\n"
	"[[registry]]\nprefix = '*.wild.io'\ninsecure = true\n"
	"[[registry]]\nprefix = '*.moved.io'\nlocation = 'new.io/all'\n"
	"[[registry]]\nlocation = 'plain.io:5000'\ninsecure = true\n"
	"[[registry]]\nlocation = 'plain.io'\n"
	"[[registry]]\nlocation = 'only.io'\nmirror-by-digest-only = true\n"
	"[[registry.mirror]]\nlocation = 'm.only.io'\n"
	"[aliases]\nfedora = 'registry.fedoraproject.org/fedora'\n\"me/x\" = 'q.io/me/x'\n";

/* "host/repo[!][ ...]": '!' is insecure, '+' a mirror. Caller frees. */
static char *places(const struct registry_conf *c, const char *name, struct fail *f)
{
	struct str s = STR_INIT(4096);
	struct endpoints e;
	auto_ref struct ref r = { 0 };

	assert_int_equal(ref_parse(name, &r, f), 0);
	if (conf_endpoints(c, &r, &e, f) < 0)
		return mem_strdup(f->msg);
	for (size_t i = 0; i < e.n; i++)
		str_addf(&s, "%s%s/%s%s%s", i ? " " : "", e.v[i].host, e.v[i].repo,
			 e.v[i].insecure ? "!" : "", e.v[i].mirror ? "+" : "");
	endpoints_done(&e);
	return str_take(&s);
}

static void test_endpoints(void **state)
{
	static const struct {
		const char *name, *want;
	} rows[] = {
		{ "alpine", "mirror.local:5000/hub/library/alpine!+ third.local/library/alpine+ "
			    "docker.io/library/alpine" },
		{ "alpine@sha256:" HEX, "mirror.local:5000/hub/library/alpine!+ "
					"second.local/library/alpine+ docker.io/library/alpine" },
		{ "quay.io/x", "quay.io/x" },
		{ "q.io/a", "other.io/b" },
		{ "q.io/a/x:1", "other.io/b/x" },
		{ "q.io/ab", "q.io/ab" },
		{ "q.io/a/secret", "'q.io/a/secret' is blocked in registries.conf" },
		{ "q.io/a/secret/x", "'q.io/a/secret/x' is blocked in registries.conf" },
		{ "a.wild.io/x", "a.wild.io/x!" },
		{ "a.b.wild.io:99/x", "a.b.wild.io:99/x!" },
		{ "wild.io/x", "wild.io/x" },
		{ "evil.io/a.wild.io", "evil.io/a.wild.io" },
		{ "a.moved.io/x/y", "new.io/all/x/y" },
		{ "plain.io:5000/x", "plain.io:5000/x!" },
		{ "plain.io/x", "plain.io/x" },
		{ "only.io/x:1", "only.io/x" },
		{ "only.io/x@sha256:" HEX, "m.only.io/x+ only.io/x" },
	};
	struct registry_conf c = { 0 };
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(conf_merge(&c, config, strlen(config), "r.conf", &f), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fail g = { 0 };
		auto_free char *got = places(&c, rows[i].name, &g);

		assert_string_equal(got, rows[i].want);
	}
	conf_done(&c);
}

static void test_aliases(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "fedora", "registry.fedoraproject.org/fedora:latest" },
		{ "fedora:40", "registry.fedoraproject.org/fedora:40" },
		{ "fedora@sha256:" HEX, "registry.fedoraproject.org/fedora@sha256:" HEX },
		{ "me/x:1", "q.io/me/x:1" },
		{ "docker.io/fedora", "docker.io/library/fedora:latest" },
		{ "localhost/fedora", "localhost/fedora:latest" },
		{ "alpine", "docker.io/library/alpine:latest" },
	};
	static const char more[] = "[aliases]\nfedora = ''\n";
	struct registry_conf c = { 0 };
	struct ref r;
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(conf_merge(&c, config, strlen(config), "r.conf", &f), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *got = NULL;

		assert_int_equal(conf_resolve(&c, rows[i].text, &r, &f), 0);
		got = ref_format(&r);
		assert_string_equal(got, rows[i].want);
		ref_done(&r);
	}
	/* A later file takes an alias away. */
	assert_int_equal(conf_merge(&c, more, strlen(more), "later.conf", &f), 0);
	assert_int_equal(conf_resolve(&c, "fedora", &r, &f), 0);
	assert_string_equal(r.registry, "docker.io");
	ref_done(&r);
	conf_done(&c);
}

static void test_bad(void **state)
{
	static const struct {
		const char *toml, *msg;
	} rows[] = {
		{ "[[registry]]\n", "r.conf: a [[registry]] has neither prefix nor location" },
		{ "[[registry]]\nprefix = 'a.io'\n", "r.conf: the [[registry]] 'a.io' has no location" },
		{ "[[registry]]\nlocation = 1\n", "r.conf: 'location' has to be a string" },
		{ "[[registry]]\nlocation = 'a'\ninsecure = 'true'\n",
		  "r.conf: 'insecure' has to be true or false" },
		{ "[[registry]]\nprefix = 'a.*.io'\nlocation = 'x'\n",
		  "r.conf: '*' stands only at the start of a prefix, as in *.example.com" },
		{ "[[registry]]\nlocation = 'a'\n[[registry.mirror]]\n", "r.conf: a mirror has no location" },
		{ "[[registry]]\nlocation = 'a'\n[[registry.mirror]]\nlocation='m'\npull-from-mirror='x'\n",
		  "r.conf: 'pull-from-mirror' is one of all, digest-only, tag-only" },
		{ "registry = 5\n", "r.conf: 'registry' has to be an array of tables" },
		{ "[registries.search]\nregistries = []\n",
		  "r.conf: [registries.search] and its like are of version 1; version 2 has [[registry]]" },
		{ "[aliases]\na = 1\n", "r.conf: the alias 'a' has to be a string" },
		{ "[[registry]\n", "r.conf: line 1: a table's header ends in ']]'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct registry_conf c = { 0 };
		struct fail f = { 0 };

		assert_true(conf_merge(&c, rows[i].toml, strlen(rows[i].toml), "r.conf", &f) < 0);
		assert_string_equal(f.msg, rows[i].msg);
		conf_done(&c);
	}
}

static void put(const char *folder, const char *name, const char *text)
{
	assert_true(files_put(folder, name, text));
}

/* The user's file, then the drop-ins by name; a later one replaces what has the same prefix. */
static void test_files(void **state)
{
	char home[] = "/tmp/rbox-conf-XXXXXX";
	auto_free char *dropins = NULL;
	auto_free char *containers = NULL;
	auto_free char *got = NULL;
	struct registry_conf c;
	struct fail f = { 0 };

	(void)state;
	assert_non_null(mkdtemp(home));
	containers = path_join(home, ".config/containers");
	dropins = path_join(containers, "registries.conf.d");
	assert_true(path_mkdirs(AT_FDCWD, dropins, 0755) >= 0);
	setenv("HOME", home, 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("CONTAINERS_REGISTRIES_CONF");
	put(containers, "registries.conf", "[[registry]]\nlocation = 'x.test'\nblocked = true\n");
	put(dropins, "10-a.conf", "[[registry]]\nprefix = 'x.test'\nlocation = 'a.test'\n");
	put(dropins, "20-b.conf", "[[registry]]\nprefix = 'x.test'\nlocation = 'b.test'\n");
	put(dropins, "30-c.conf.off", "[[registry]]\nprefix = 'x.test'\nlocation = 'c.test'\n");
	assert_int_equal(conf_load(&c, &f), 0);
	got = places(&c, "x.test/y", &f);
	assert_string_equal(got, "b.test/y");
	conf_done(&c);

	setenv("CONTAINERS_REGISTRIES_CONF", "/nonexistent/r.conf", 1);
	assert_int_equal(conf_load(&c, &f), -ENOENT);
	assert_string_equal(f.msg, "CONTAINERS_REGISTRIES_CONF names '/nonexistent/r.conf', which does "
				   "not exist");
	unsetenv("CONTAINERS_REGISTRIES_CONF");
	assert_int_equal(file_remove_tree(AT_FDCWD, home), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_endpoints), cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_bad), cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
