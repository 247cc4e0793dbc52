// SPDX-License-Identifier: Apache-2.0
/* Credentials: which of a file's keys fits, which file is asked, what a 401 asks for. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "registry/auth.h"
#include "registry/challenge.h"
#include "registry/url.h"
#include "tests/lib/files.h"

#include <cmocka.h>
#undef fail /* our own is meant */

/* host:h, ns:n, repo:r, hub:h, old:o in base64 */
static const char file[] =
	"{\"auths\":{\"q.io\":{\"auth\":\"aG9zdDpo\"},\"q.io/ns\":{\"auth\":\"bnM6bg==\"},"
	"\"q.io/ns/repo\":{\"auth\":\"cmVwbzpy\"},"
	"\"https://index.docker.io/v1/\":{\"auth\":\"aHViOmg=\"},"
	"\"https://old.io/v1/\":{\"auth\":\"b2xkOm8\"},"
	"\"tok.io\":{\"auth\":\"\",\"identitytoken\":\"abc\"},\"empty.io\":{},"
	"\"pad.io\":{\"auth\":\"dTpwAAA=\"},\"colon.io\":{\"auth\":\"dTphOmI=\"}}}";

static void test_lookup(void **state)
{
	static const struct {
		const char *registry, *repo, *user, *password;
	} rows[] = {
		{ "q.io", "ns/repo", "repo", "r" }, { "q.io", "ns/repo/deeper", "repo", "r" },
		{ "q.io", "ns/other", "ns", "n" }, { "q.io", "x", "host", "h" },
		{ "q.io", "nsx", "host", "h" }, { "q.io", NULL, "host", "h" },
		{ "docker.io", "library/alpine", "hub", "h" }, { "old.io", "x", "old", "o" },
		{ "evil-q.io", "x", NULL, NULL }, { "q.io.evil.io", "x", NULL, NULL },
		{ "q.io:5000", "x", NULL, NULL }, { "empty.io", "x", NULL, NULL },
		{ "pad.io", "x", "u", "p" }, { "colon.io", "x", "u", "a:b" },
	};
	auto_json json_t *j = json_loads(file, 0, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct auth a;
		struct fail f = { 0 };
		int r = auth_lookup(j, false, rows[i].registry, rows[i].repo, &a, &f);

		assert_int_equal(r, rows[i].user ? 1 : 0);
		if (rows[i].user) {
			assert_string_equal(a.user, rows[i].user);
			assert_string_equal(a.password, rows[i].password);
		}
		auth_done(&a);
	}
}

static void test_token_and_basic(void **state)
{
	auto_json json_t *j = json_loads(file, 0, NULL);
	auto_free char *basic = NULL;
	struct auth a;
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(auth_lookup(j, false, "tok.io", "x", &a, &f), 1);
	assert_string_equal(a.identity_token, "abc");
	assert_null(a.user);
	auth_done(&a);
	assert_int_equal(auth_lookup(j, false, "q.io", "x", &a, &f), 1);
	basic = auth_basic(&a);
	assert_string_equal(basic, "aG9zdDpo");
	auth_done(&a);
}

static void test_bad(void **state)
{
	static const struct {
		const char *json, *msg;
	} rows[] = {
		{ "{\"auths\":[]}", "'auths' is not an object" },
		{ "{\"auths\":{\"q.io\":{\"auth\":\"!!\"}}}",
		  "the 'auth' of 'q.io' is not 'user:password' in base64" },
		{ "{\"auths\":{\"q.io\":{\"auth\":\"YWJj\"}}}",
		  "the 'auth' of 'q.io' is not 'user:password' in base64" },
		{ "{\"auths\":{\"q.io\":{\"auth\":\"YQBiOmM=\"}}}",
		  "the 'auth' of 'q.io' is not 'user:password' in base64" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_json json_t *j = json_loads(rows[i].json, 0, NULL);
		struct auth a;
		struct fail f = { 0 };

		assert_true(auth_lookup(j, false, "q.io", "x", &a, &f) < 0);
		assert_string_equal(f.msg, rows[i].msg);
		assert_null(a.user);
	}
}

static void put(const char *folder, const char *name, const char *text)
{
	assert_true(files_put(folder, name, text));
}

static void note(void *ctx, const char *text)
{
	mem_replace(ctx, mem_strdup(text));
}

static void expect(const struct auth_opts *o, const char *registry, const char *user)
{
	struct auth a;
	struct fail f = { 0 };
	int r = auth_find(o, registry, "x", &a, &f);

	assert_string_equal(f.msg, "");
	assert_int_equal(r, user ? 1 : 0);
	if (user)
		assert_string_equal(a.user, user);
	auth_done(&a);
}

#define ENTRY(host, b64) "{\"auths\":{\"" host "\":{\"auth\":\"" b64 "\"}}}"

static void test_files(void **state)
{
	char home[] = "/tmp/rbox-auth-XXXXXX";
	auto_free char *said = NULL;
	auto_free char *runtime = NULL;
	auto_free char *named = NULL;
	struct auth_opts o = { .warn = note, .warn_ctx = &said };
	struct auth a;
	struct fail f = { 0 };

	(void)state;
	assert_non_null(mkdtemp(home));
	runtime = path_join(home, "run");
	named = path_join(home, "named.json");
	setenv("HOME", home, 1);
	setenv("XDG_RUNTIME_DIR", runtime, 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("DOCKER_CONFIG");
	unsetenv("REGISTRY_AUTH_FILE");
	put(home, ".dockercfg", "{\"https://q.io/v1/\":{\"auth\":\"b2xkOm8=\"}}");
	expect(&o, "q.io", "old");
	put(home, ".docker/config.json", ENTRY("q.io", "aHViOmg="));
	expect(&o, "q.io", "hub");
	put(home, ".config/containers/auth.json", ENTRY("q.io", "bnM6bg=="));
	expect(&o, "q.io", "ns");
	put(home, "run/containers/auth.json", ENTRY("q.io", "cmVwbzpy"));
	expect(&o, "q.io", "repo");
	expect(&o, "other.io", NULL);
	put(home, "named.json", ENTRY("other.io", "aG9zdDpo"));
	o.authfile = named;
	expect(&o, "q.io", NULL);
	expect(&o, "other.io", "host");
	o.creds = "me:secret:more";
	expect(&o, "q.io", "me");
	assert_null(said);

	o.creds = "nocolon";
	assert_int_equal(auth_find(&o, "q.io", "x", &a, &f), -EINVAL);
	assert_string_equal(f.msg, "--creds wants user:password");
	fail_clear(&f);
	o.creds = NULL;
	o.authfile = "/nonexistent/auth.json";
	assert_int_equal(auth_find(&o, "q.io", "x", &a, &f), -ENOENT);
	assert_string_equal(f.msg, "read the credentials in '/nonexistent/auth.json': "
				   "No such file or directory");
	assert_int_equal(file_remove_tree(AT_FDCWD, home), 0);
}

static void script(const char *home, const char *name, const char *text)
{
	auto_free char *path = path_join(home, name);

	put(home, name, text);
	assert_int_equal(chmod(path, 0755), 0);
}

static void expect_fail(const struct auth_opts *o, const char *registry, const char *message)
{
	struct fail f = { 0 };
	struct auth a;

	assert_true(auth_find(o, registry, "x", &a, &f) < 0);
	assert_string_equal(f.msg, message);
	auth_done(&a);
}

static void test_helper(void **state)
{
	char home[] = "/tmp/rbox-auth-XXXXXX";
	auto_free char *said = NULL;
	auto_free char *path = NULL;
	auto_free char *want = NULL;
	auto_free char *before = mem_strdup(getenv("PATH"));
	struct auth_opts o = { .warn = note, .warn_ctx = &said };

	(void)state;
	assert_non_null(mkdtemp(home));
	path = path_join(home, "auth.json");
	script(home, "docker-credential-good",
	       "#!/bin/sh\n[ $1 = get ] || exit 9\nread x\n"
	       "case $x in none.io) echo credentials not found in native keychain; exit 1;;\n"
	       "tok.io) echo '{\"Username\":\"<token>\",\"Secret\":\"abc\"}';;\n"
	       "empty.io) echo '{\"Username\":\"\",\"Secret\":\"\"}';;\n"
	       "*) echo '{\"ServerURL\":\"'$x'\",\"Username\":\"by-'$x'\",\"Secret\":\"s\"}';; esac\n");
	script(home, "docker-credential-bad", "#!/bin/sh\nprintf 'no \\033[1mdaemon\\nmore'\nexit 3\n");
	script(home, "docker-credential-loud", "#!/bin/sh\nwhile :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done\n");
	script(home, "docker-credential-odd", "#!/bin/sh\necho '[1]'\n");
	setenv("PATH", home, 1);
	put(home, "auth.json", "{\"credHelpers\":{\"a.io\":\"good\",\"none.io\":\"good\",\"tok.io\":\"good\","
	    "\"empty.io\":\"good\",\"bad.io\":\"bad\",\"loud.io\":\"loud\",\"odd.io\":\"odd\","
	    "\"gone.io\":\"gone\",\"evil.io\":\"../x\",\"https://index.docker.io/v1/\":\"good\"},"
	    "\"auths\":{\"a.io\":{\"auth\":\"aG9zdDpo\"},\"q.io\":{\"auth\":\"aG9zdDpo\"}}}");
	o.authfile = path;
	expect(&o, "q.io", "host");
	expect(&o, "a.io", "by-a.io");	/* before "auths" */
	expect(&o, "docker.io", "by-https://index.docker.io/v1/");
	expect(&o, "none.io", NULL);
	expect(&o, "empty.io", NULL);
	expect_fail(&o, "bad.io", "credentials for bad.io: 'docker-credential-bad get' for bad.io ended with status 3: "
		    "no \\x1b[1mdaemon");
	expect_fail(&o, "loud.io", "credentials for loud.io: 'docker-credential-loud get' answers with more than "
		    "65536 bytes");
	expect_fail(&o, "odd.io", "credentials for odd.io: 'docker-credential-odd get' answers without Username and "
		    "Secret");
	expect_fail(&o, "gone.io", "credentials for gone.io: the credential helper 'docker-credential-gone' is not in "
		    "PATH");
	expect_fail(&o, "evil.io", "credentials for evil.io: '../x' is no name of a credential helper");
	assert_null(said);
	put(home, "auth.json", "{\"credsStore\":\"good\",\"auths\":{\"q.io\":{\"auth\":\"aG9zdDpo\"}}}");
	expect(&o, "q.io", "host");
	expect(&o, "b.io", "by-b.io");
	put(home, "auth.json", "{\"credsStore\":\"desktop\"}");
	want = mem_printf("'%s' names the credential helper 'desktop', which is not in PATH: going on without its "
			  "credentials", path);
	expect(&o, "b.io", NULL);
	assert_string_equal(said, want);
	setenv("PATH", before, 1);
	assert_int_equal(file_remove_tree(AT_FDCWD, home), 0);
}

static void test_challenge(void **state)
{
	static const struct {
		const char *value;
		enum auth_scheme scheme;
		const char *realm, *service, *scope;
	} rows[] = {
		{ "Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:x:pull,push\"",
		  AUTH_SCHEME_BEARER, "https://a/t", "s", "repository:x:pull,push" },
		{ "bearer realm=https://a/t", AUTH_SCHEME_BEARER, "https://a/t", NULL, NULL },
		{ "Basic realm=\"x \\\"y\\\"\"", AUTH_SCHEME_BASIC, "x \"y\"", NULL, NULL },
		{ "Basic", AUTH_SCHEME_BASIC, NULL, NULL, NULL },
		{ "Basic realm=\"b\", Bearer realm=\"https://a\" , service=s", AUTH_SCHEME_BEARER,
		  "https://a", "s", NULL },
		{ "Bearer realm=\"https://a\", Basic realm=\"b\"", AUTH_SCHEME_BEARER, "https://a", NULL,
		  NULL },
		{ "Bearer service=\"s\"", AUTH_SCHEME_NONE, NULL, NULL, NULL },
		{ "Negotiate abc==", AUTH_SCHEME_NONE, NULL, NULL, NULL },
		{ "Bearer realm=\"unfinished", AUTH_SCHEME_BEARER, "unfinished", NULL, NULL },
		{ "\"\"\",,,===", AUTH_SCHEME_NONE, NULL, NULL, NULL },
		{ "", AUTH_SCHEME_NONE, NULL, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *values[] = { (char *)rows[i].value, NULL };
		struct challenge c;

		challenge_parse(values, &c);
		assert_int_equal(c.scheme, rows[i].scheme);
		if (c.scheme) {
			assert_true(str_eq(c.realm, rows[i].realm));
			assert_true(str_eq(c.service, rows[i].service));
			assert_true(str_eq(c.scope, rows[i].scope));
		}
		challenge_done(&c);
	}
}

static void test_loopback(void **state)
{
	static const char *const here[] = { "http://localhost/", "https://LOCALHOST:5/", "http://127.0.0.1:9",
					    "http://127.1.2.3/x", "https://[::1]:5000/x" };
	static const char *const far[] = { "http://localhost.evil/", "http://127.0.0.1.evil/", "http://128.0.0.1/",
					   "https://[::2]/", "https://x/127.0.0.1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(here); i++)
		assert_true(url_is_loopback(here[i]));
	for (size_t i = 0; i < ARRAY_LEN(far); i++)
		assert_false(url_is_loopback(far[i]));
}

static void test_resolve(void **state)
{
	static const struct {
		const char *base, *location, *want;
	} rows[] = {
		{ "https://a/v2/x/blobs/y?z", "/b", "https://a/b" },
		{ "https://a:5/v2/x", "c?d=e", "https://a:5/v2/c?d=e" },
		{ "https://a/", "//b/c", "https://b/c" },
		{ "https://a/", "https://u:p@b/c#f", "https://b/c" },
		{ "https://a/", "http://[::1]:5/c", "http://[::1]:5/c" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *got = url_resolve(rows[i].base, rows[i].location);

		assert_string_equal(got, rows[i].want);
	}
	assert_null(url_resolve("https://a/", NULL));
	assert_null(url_resolve("https://a/", "https://b:99999/"));
}

static void test_origin(void **state)
{
	(void)state;
	assert_true(url_same_origin("https://a/x", "https://A:443/y"));
	assert_true(url_same_origin("http://[::1]:80/", "http://[::1]/"));
	assert_false(url_same_origin("https://a/", "http://a/"));
	assert_false(url_same_origin("https://a/", "https://a:444/"));
	assert_false(url_same_origin("https://a/", "https://a.b/"));
	assert_false(url_same_origin("https://a@b/", "https://a/"));
	assert_false(url_same_origin("nonsense", "nonsense"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup), cmocka_unit_test(test_token_and_basic),
		cmocka_unit_test(test_bad), cmocka_unit_test(test_files), cmocka_unit_test(test_helper),
		cmocka_unit_test(test_challenge), cmocka_unit_test(test_origin),
		cmocka_unit_test(test_loopback), cmocka_unit_test(test_resolve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
