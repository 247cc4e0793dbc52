// SPDX-License-Identifier: Apache-2.0
/*
 * The client against real servers on loopback: tests/lib/registry-faults.py for all that
 * goes wrong, docker-registry with TLS and htpasswd for what has to go right. Run from the
 * root of the sources; python3, docker-registry, skopeo, openssl and htpasswd are needed.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pkg/util/io.h"
#include "pkg/util/spawn.h"
#include "pkg/util/time.h"
#include "registry/client.h"
#include "tests/lib/files.h"

#include <cmocka.h>
#undef fail /* our own is meant */

#define MS (TIME_SECOND / 1000)
#define DIE(...) (print_error(__VA_ARGS__), _fail(__FILE__, __LINE__))

struct server {
	pid_t pid;
	int hold;	/* its stdin: it ends when this is closed */
	char host[32], other[32];	/* "127.0.0.1:PORT" */
};

/* The state of the group: the folder of this run and the fault server. */
struct world {
	char home[256];
	struct server faults;
};

static struct server start_faults(const char *const *more)
{
	struct server s = { .hold = -EBADF };
	auto_strv char **argv = NULL;
	auto_str struct str line = STR_INIT(64);
	int in[2], out[2], port = 0, other = 0;
	struct fail f = { 0 };
	struct pollfd p;
	char c;

	strv_add(&argv, "python3");
	strv_add(&argv, "tests/lib/registry-faults.py");
	for (; *more; more++)
		strv_add(&argv, *more);
	assert_int_equal(fd_pipe(in), 0);
	assert_int_equal(fd_pipe(out), 0);
	{
		const struct spawn_fd fds[] = { { in[0], 0 }, { out[1], 1 } };
		const struct spawn how = { .program = "python3", .argv = argv, .fds = fds, .n_fds = 2,
					   .deathsig = SIGKILL };

		s.pid = spawn_start(&how, &f);
	}
	assert_string_equal(f.msg, "");
	fd_close(in[0]);
	fd_close(out[1]);
	s.hold = in[1];
	p = (struct pollfd){ .fd = out[0], .events = POLLIN };
	while (poll(&p, 1, 30000) == 1 && io_read(out[0], &c, 1) == 1 && c != '\n')
		str_addc(&line, c);
	fd_close(out[0]);
	if (sscanf(str_cstr(&line), "%d %d", &port, &other) != 2)
		DIE("tests/lib/registry-faults.py didn't start\n");
	snprintf(s.host, sizeof(s.host), "127.0.0.1:%d", port);
	snprintf(s.other, sizeof(s.other), "127.0.0.1:%d", other);
	return s;
}

static void stop(struct server *s)
{
	fd_close(s->hold);
	kill(s->pid, SIGTERM);
	(void)!spawn_wait(s->pid);
}

/* Runs ARGV to its end; a failure fails the test with what it said. */
static void run(const char *first, ...)
{
	auto_strv char **argv = NULL;
	auto_str struct str said = STR_INIT(1 << 16);
	struct spawn s = { .program = first };
	struct fail f = { 0 };
	va_list ap;
	int r;

	va_start(ap, first);
	for (const char *a = first; a; a = va_arg(ap, const char *))
		strv_add(&argv, a);
	va_end(ap);
	s.argv = argv;
	r = spawn_run(&s, &said, &f);
	if (r)
		DIE("%s: %d %s %s\n", first, r, f.msg, str_cstr(&said));
}

static int setup(void **state)
{
	static const char *const foreign[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
					       "ALL_PROXY", "no_proxy", "NO_PROXY", "CURL_CA_BUNDLE",
					       "SSL_CERT_FILE", "SSL_CERT_DIR", "XDG_RUNTIME_DIR",
					       "XDG_CONFIG_HOME", "DOCKER_CONFIG", "REGISTRY_AUTH_FILE" };
	static const char *const args[] = { "--user", "user:pass", NULL };
	struct world *w = mem_alloc(sizeof(*w));
	const char *tmp = getenv("TMPDIR");

	snprintf(w->home, sizeof(w->home), "%s/rbox-registry-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(w->home))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(foreign); i++)
		unsetenv(foreign[i]);
	setenv("HOME", w->home, 1);
	if (!files_put(w->home, "empty.conf", ""))
		return -1;
	{
		auto_free char *conf = path_join(w->home, "empty.conf");

		setenv("CONTAINERS_REGISTRIES_CONF", conf, 1);
	}
	w->faults = start_faults(args);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	stop(&w->faults);
	(void)!file_remove_tree(AT_FDCWD, w->home);
	free(w);
	return 0;
}

/* What a pull of a manifest and its blobs came to. */
struct outcome {
	int r;
	struct fail f;
	struct str warnings;	/* a line each */
	size_t layers;		/* that came and are what their digest says */
};

static void note(void *ctx, const char *text)
{
	struct outcome *o = ctx;

	str_addf(&o->warnings, "%s\n", text);
}

static int hash_sink(void *ctx, const void *data, size_t n)
{
	return EVP_DigestUpdate(ctx, data, n) ? 0 : -EIO;
}

/* The digest of what comes from OFFSET on. */
static int fetch_hashed(struct registry *r, const struct descriptor *d, uint64_t offset, char hex[65],
			struct fail *f)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned char raw[32];
	int e;

	EVP_DigestInit(md, EVP_sha256());
	e = registry_blob(r, d, offset, hash_sink, md, f);
	EVP_DigestFinal(md, raw, NULL);
	EVP_MD_CTX_free(md);
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", raw[i]);
	return e;
}

static int fetch_layers(struct registry *r, const struct registry_manifest *m, struct outcome *o)
{
	struct manifest parsed;
	char hex[65];
	int e = manifest_parse(m->text, m->len, &parsed, &o->f);

	for (size_t i = 0; !e && i < parsed.n_layers; i++) {
		e = fetch_hashed(r, &parsed.layers[i], 0, hex, &o->f);
		if (!e)
			assert_string_equal(hex, parsed.layers[i].digest.hex);
		o->layers += !e;
	}
	jsonf_done(manifest_fields, &parsed);
	return e;
}

/* Registry, manifest, layers. Release with outcome_done. */
static struct outcome pull(const char *host, const char *name, struct registry_opts opts)
{
	struct outcome o = { .warnings = STR_INIT(1 << 16) };
	auto_free char *whole = mem_printf("%s/%s", host, name);
	struct registry_manifest m = { 0 };
	auto_registry struct registry *r = NULL;
	auto_ref struct ref ref = { 0 };

	opts.warn = note;
	opts.warn_ctx = &o;
	opts.retry_delay = opts.retry_delay ? opts.retry_delay : 5 * MS;
	o.r = registry_resolve(whole, &ref, &o.f);
	if (!o.r)
		o.r = registry_open(&ref, &opts, &r, &o.f);
	if (!o.r)
		o.r = registry_manifest(r, NULL, &m, &o.f);
	if (!o.r)
		o.r = fetch_layers(r, &m, &o);
	registry_manifest_done(&m);
	return o;
}

static void outcome_done(struct outcome *o)
{
	str_done(&o->warnings);
}

/* TEXT with each "@" replaced by HOST. Caller frees. */
static char *with_host(const char *text, const char *host)
{
	struct str s = STR_INIT(8192);

	for (; *text; text++) {
		if (*text == '@')
			str_add(&s, host);
		else
			str_addc(&s, *text);
	}
	return str_take(&s);
}

#define BLOB "blob e78bf1ab9e18"
#define TOP "sha256:26b41c1443dd2131deb32ae6770e8fe5db599a4587ad9829fab289b0bf9a7a90"

struct row {
	const char *name;
	int r;
	const char *msg, *warnings;	/* '@' is the host; NULL: not looked at */
};

static const struct row good_rows[] = {
	{ "plain/a:1", 0, "", "" },
	{ "html/a:1", 0, "", "" },
	{ "silent/a:1", 0, "", "" },
	{ "token/a/b/c:1", 0, "", "" },
	{ "stale/a:1", 0, "", "" },
	{ "redirect/a:1", 0, "", "" },
	{ "foreign/a:1", 0, "", "" },
	{ "plain/b@" TOP, 0, "", "" },
	{ "cut/a:1", 0, "",
	  BLOB ": the connection to @ broke: transfer closed with 2097152 bytes remaining to read; "
	  "trying again in 0.0 s (1 of 3)\n"
	  BLOB ": the connection to @ broke: transfer closed with 1048576 bytes remaining to read; "
	  "trying again in 0.0 s (1 of 3)\n" },
	{ "norange/a:1", 0, "",
	  BLOB ": the connection to @ broke: transfer closed with 2097152 bytes remaining to read; "
	  "trying again in 0.0 s (1 of 3)\n" },
	{ "flaky/a:1", 0, "",
	  "@/flaky/a:1: the registry answers 503; trying again in 0.0 s (1 of 3)\n"
	  "@/flaky/a:1: the registry answers 503; trying again in 0.0 s (2 of 3)\n"
	  BLOB ": the registry answers 503; trying again in 0.0 s (1 of 3)\n"
	  BLOB ": the registry answers 503; trying again in 0.0 s (2 of 3)\n" },
	{ "few/a:1", 0, "", "@ allows 3 more pulls for now; credentials for @ (--creds, or auth.json) allow more\n" },
	{ "limit/a:1", 0, "",
	  "@/limit/a:1: the registry answers 429; trying again in 1.0 s (1 of 3)\n"
	  BLOB ": the registry answers 429; trying again in 1.0 s (1 of 3)\n" },
};

static const struct row bad_rows[] = {
	{ "plain/a:2", -ENOENT, "there is no image '@/plain/a:2' at @", "" },
	{ "broken/a:1", -EIO, "@/broken/a:1: @ answers 500 (UNKNOWN: the disk is on fire)", NULL },
	{ "denied/a:1", -EACCES, "@/denied/a:1: @ denies access without a login (DENIED: requested access "
				 "to the resource is denied\\x1b[2J)", "" },
	{ "private/a:1", -EACCES, "@/private/a:1: @ denies access without a login (UNAUTHORIZED: "
				  "authentication required)", "" },
	{ "basic/a:1", -EACCES, "@/basic/a:1: @ denies access without a login (UNAUTHORIZED: "
				"authentication required)", "" },
	{ "realm/a:1", -EPROTO, "get '@/realm/a:1': @ sends logins to 'ftp://x/token', which is not https",
	  "" },
	{ "limitlong/a:1", -EBUSY, "@/limitlong/a:1: @ has had too many requests from here (429), to be "
				   "tried again in 3600 s (TOOMANYREQUESTS: slow down)", "" },
	{ "limitbare/a:1", -EBUSY, "@/limitbare/a:1: @ has had too many requests from here (429) "
				   "(TOOMANYREQUESTS: slow down)", "" },
	{ "lie/a:1", -EBADMSG, "get '@/lie/a:1': the manifest is not what @ says: "
	  "sha256:f41f3fa625ff120ddca7ef456bf66371ecea23c129f4e4c32367101edb516cf8 is wanted, " TOP " came",
	  "" },
	{ "endless/a:1", -EFBIG, "get '@/endless/a:1': the server sends more than the 4194304 bytes due",
	  "" },
	{ "toomuch/a:1", -EFBIG, "get " BLOB ": the server sends 3145729 bytes where at most 3145728 are due",
	  "" },
	{ "short/a:1", -ECONNRESET, "get " BLOB ": the server sent 3145718 of 3145728 bytes", NULL },
	{ "trap/a:1", -EIO, BLOB ": the place that @ redirects to answers 401 (UNAUTHORIZED: tell me your "
			    "secret)", "" },
	{ "loop/a:1", -ELOOP, "get " BLOB ": the server redirects more than 10 times", "" },
};

static void check_rows(const struct world *w, const struct row *rows, size_t n)
{
	const struct registry_opts opts = { .tls = REGISTRY_TLS_ANY };

	for (size_t i = 0; i < n; i++) {
		const char *host = w->faults.host;
		/* '@' before a digest is itself. */
		auto_free char *msg = with_host(rows[i].msg, host);
		auto_free char *warnings = with_host(rows[i].warnings ? rows[i].warnings : "", host);
		struct outcome o = pull(host, rows[i].name, opts);

		assert_string_equal(o.f.msg, msg);
		assert_int_equal(o.r, rows[i].r);
		assert_int_equal(o.layers, rows[i].r ? 0 : 1);
		if (rows[i].warnings)
			assert_string_equal(str_cstr(&o.warnings), warnings);
		outcome_done(&o);
	}
}

static void test_good(void **state)
{
	check_rows(*state, good_rows, ARRAY_LEN(good_rows));
}

static void test_bad(void **state)
{
	check_rows(*state, bad_rows, ARRAY_LEN(bad_rows));
}

/* A digest that was asked for and other bytes: named by both digests. */
static void test_swapped(void **state)
{
	struct world *w = *state;
	struct outcome o = pull(w->faults.host, "swap/a@" TOP,
				(struct registry_opts){ .tls = REGISTRY_TLS_ANY });

	assert_int_equal(o.r, -EBADMSG);
	assert_non_null(strstr(o.f.msg, "the manifest is not what its digest says: " TOP " is wanted, sha256:"));
	outcome_done(&o);
}

static void test_bad_range(void **state)
{
	struct world *w = *state;
	auto_free char *name = mem_printf("%s/badrange/a:1", w->faults.host);
	struct registry_opts opts = { .tls = REGISTRY_TLS_ANY };
	struct descriptor d = { .size = 3 << 20 };
	auto_registry struct registry *r = NULL;
	auto_ref struct ref ref = { 0 };
	struct fail f = { 0 };
	char hex[65];

	assert_int_equal(digest_parse("sha256:e78bf1ab9e182f9cd87a25e175e008ddbe9605afa76cf4681c03897659bb4c0e",
				      &d.digest, &f), 0);
	assert_int_equal(ref_parse(name, &ref, &f), 0);
	assert_int_equal(registry_open(&ref, &opts, &r, &f), 0);
	assert_int_equal(fetch_hashed(r, &d, 1000, hex, &f), -EPROTO);
	assert_string_equal(f.msg, "get " BLOB ": the server sends another range than was asked for");
	fail_clear(&f);
	assert_int_equal(fetch_hashed(r, &d, (3 << 20) + 1, hex, &f), -EINVAL);
	assert_string_equal(f.msg, BLOB ": the offset lies beyond its end");
}

/* From an offset on, with and without a server that knows ranges: the same bytes. */
static void test_offset(void **state)
{
	static const char *const names[] = { "plain/o", "norange/o", "redirect/o" };
	struct world *w = *state;
	char first[65] = "", hex[65];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		auto_free char *name = mem_printf("%s/%s:1", w->faults.host, names[i]);
		struct registry_opts opts = { .tls = REGISTRY_TLS_ANY };
		struct registry_manifest m;
		struct manifest parsed;
		auto_registry struct registry *r = NULL;
		auto_ref struct ref ref = { 0 };
		struct fail f = { 0 };

		assert_int_equal(ref_parse(name, &ref, &f), 0);
		assert_int_equal(registry_open(&ref, &opts, &r, &f), 0);
		assert_int_equal(registry_manifest(r, NULL, &m, &f), 0);
		assert_int_equal(manifest_parse(m.text, m.len, &parsed, &f), 0);
		assert_int_equal(fetch_hashed(r, &parsed.layers[0], (3 << 20) - 70000, hex, &f), 0);
		if (!*first)
			memcpy(first, hex, sizeof(first));
		assert_string_equal(hex, first);
		jsonf_done(manifest_fields, &parsed);
		registry_manifest_done(&m);
	}
}

static int stop_sink(void *ctx, const void *data, size_t n)
{
	(void)data;
	*(size_t *)ctx += n;
	return -ECANCELED;
}

static void test_stopped(void **state)
{
	struct world *w = *state;
	auto_free char *name = mem_printf("%s/plain/a:1", w->faults.host);
	struct registry_opts opts = { .tls = REGISTRY_TLS_ANY };
	struct descriptor d = { .size = 3 << 20 };
	auto_registry struct registry *r = NULL;
	auto_ref struct ref ref = { 0 };
	struct fail f = { 0 };
	size_t got = 0;

	assert_int_equal(digest_parse("sha256:e78bf1ab9e182f9cd87a25e175e008ddbe9605afa76cf4681c03897659bb4c0e",
				      &d.digest, &f), 0);
	assert_int_equal(ref_parse(name, &ref, &f), 0);
	assert_int_equal(registry_open(&ref, &opts, &r, &f), 0);
	assert_int_equal(registry_blob(r, &d, 0, stop_sink, &got, &f), -ECANCELED);
	assert_string_equal(f.msg, "the transfer was stopped");
	assert_in_range(got, 1, 1 << 20);
}

static void test_digest_by_head(void **state)
{
	struct world *w = *state;
	auto_free char *name = mem_printf("%s/token/h:1", w->faults.host);
	struct registry_opts opts = { .tls = REGISTRY_TLS_ANY };
	auto_registry struct registry *r = NULL;
	auto_ref struct ref ref = { 0 };
	struct digest d;
	char text[DIGEST_TEXT_MAX];
	struct fail f = { 0 };

	assert_int_equal(ref_parse(name, &ref, &f), 0);
	assert_int_equal(registry_open(&ref, &opts, &r, &f), 0);
	assert_int_equal(registry_ping(r, &f), 0);
	assert_int_equal(registry_digest(r, &d, &f), 0);
	assert_string_equal(digest_format(&d, text), TOP);
}

static void test_tags(void **state)
{
	struct world *w = *state;
	auto_free char *name = mem_printf("%s/token/tags", w->faults.host);
	struct registry_opts opts = { .tls = REGISTRY_TLS_ANY };
	auto_registry struct registry *r = NULL;
	auto_ref struct ref ref = { 0 };
	auto_strv char **tags = NULL;
	auto_free char *all = NULL;
	struct fail f = { 0 };

	assert_int_equal(ref_parse(name, &ref, &f), 0);
	assert_int_equal(registry_open(&ref, &opts, &r, &f), 0);
	assert_int_equal(registry_tags(r, &tags, &f), 0);
	all = strv_join(tags, " ");
	assert_string_equal(all, "a b c");
}

static void expect(const struct world *w, const char *name, struct registry_opts opts, int r,
		   const char *msg, const char *warnings)
{
	auto_free char *want = with_host(msg, w->faults.host);
	auto_free char *warned = with_host(warnings, w->faults.host);
	struct outcome o;

	opts.tls = REGISTRY_TLS_ANY;
	o = pull(w->faults.host, name, opts);
	assert_string_equal(o.f.msg, want);
	assert_int_equal(o.r, r);
	assert_string_equal(str_cstr(&o.warnings), warned);
	outcome_done(&o);
}

static void test_credentials(void **state)
{
	struct world *w = *state;
	auto_free char *path = path_join(w->home, "auth.json");
	auto_free char *stale = with_host("{\"auths\":{\"@\":{\"auth\":\"dXNlcjp3cm9uZw==\"}}}", w->faults.host);
	auto_free char *good = with_host("{\"auths\":{\"@/private\":{\"auth\":\"dXNlcjpwYXNz\"}}}",
					 w->faults.host);
	auto_free char *oauth = with_host("{\"auths\":{\"@\":{\"identitytoken\":\"refresh-me\"}}}",
					  w->faults.host);
	auto_free char *dropped = mem_printf("@ refuses the credentials of '%s': going on without "
					     "them\n", path);
	struct registry_opts right = { .creds = "user:pass" }, wrong = { .creds = "user:no" };
	struct registry_opts file = { .authfile = path };

	expect(w, "private/c:1", right, 0, "", "");
	expect(w, "basic/c:1", right, 0, "", "");
	expect(w, "token/c:1", wrong, -EACCES, "get '@/token/c:1': @ refuses the credentials given by --creds",
	       "");
	expect(w, "basic/c:1", wrong, -EACCES, "get '@/basic/c:1': @ refuses the credentials given by --creds",
	       "");
	assert_true(files_put(w->home, "auth.json", good));
	expect(w, "private/c:1", file, 0, "", "");
	assert_true(files_put(w->home, "auth.json", oauth));
	expect(w, "private/c:1", file, 0, "", "");
	/* What anybody may pull isn't broken by stale credentials. */
	assert_true(files_put(w->home, "auth.json", stale));
	expect(w, "token/c:1", file, 0, "", dropped);
	expect(w, "private/c:1", file, -EACCES, "@/private/c:1: @ denies access without a login "
						"(UNAUTHORIZED: authentication required)", dropped);
	expect(w, "basic/c:1", file, -EACCES, "@/basic/c:1: @ denies access without a login "
					      "(UNAUTHORIZED: authentication required)", dropped);
}

static void test_mirrors(void **state)
{
	struct world *w = *state;
	auto_free char *conf = path_join(w->home, "mirrors.conf");
	auto_free char *empty = mem_strdup(getenv("CONTAINERS_REGISTRIES_CONF"));
	auto_free char *text = with_host(
		"[[registry]]\nprefix = 'x.test'\nlocation = '@/plain'\ninsecure = true\n"
		"[[registry.mirror]]\nlocation = '@/broken'\ninsecure = true\n"
		"[[registry]]\nprefix = 'y.test'\nlocation = '@/nothing/here'\ninsecure = true\n"
		"[[registry.mirror]]\nlocation = '@/cut'\ninsecure = true\n"
		"[[registry]]\nprefix = 'z.test'\nlocation = '@/plain'\nblocked = true\n", w->faults.host);
	auto_free char *broken = with_host("x.test/m:1: @ answers 500 (UNKNOWN: the disk is on fire); trying @\n",
					   w->faults.host);
	struct outcome o;

	assert_true(files_put(w->home, "mirrors.conf", text));
	setenv("CONTAINERS_REGISTRIES_CONF", conf, 1);
	o = pull("x.test", "m:1", (struct registry_opts){ 0 });
	assert_string_equal(o.f.msg, "");
	assert_int_equal(o.layers, 1);
	assert_string_equal(str_cstr(&o.warnings), broken);
	outcome_done(&o);

	/* The mirror cuts the blob and the place itself lacks nothing of it: one goes on for the other. */
	o = pull("y.test", "m:1", (struct registry_opts){ 0 });
	assert_string_equal(o.f.msg, "");
	assert_int_equal(o.layers, 1);
	assert_non_null(strstr(str_cstr(&o.warnings), "; trying "));
	outcome_done(&o);

	o = pull("z.test", "m:1", (struct registry_opts){ 0 });
	assert_string_equal(o.f.msg, "'z.test/m' is blocked in registries.conf");
	outcome_done(&o);
	/* --tls-verify=true is stronger than the file. */
	o = pull("x.test", "m:1", (struct registry_opts){ .tls = REGISTRY_TLS_VERIFY });
	assert_int_equal(o.r, -EPROTO);
	assert_non_null(strstr(o.f.msg, "speaks plain http, not TLS"));
	outcome_done(&o);
	setenv("CONTAINERS_REGISTRIES_CONF", empty, 1);
}

struct fetcher {
	struct registry *r;
	const struct descriptor *d;
	struct fail f;
	char hex[65];
	int e;
};

static void *fetch_thread(void *arg)
{
	struct fetcher *t = arg;

	t->e = fetch_hashed(t->r, t->d, 0, t->hex, &t->f);
	return NULL;
}

/* Many at once from one handle, with tokens that are good for one request only. */
static void test_threads(void **state)
{
	static const char *const names[] = { "stale/t:1", "cut/t:1", "redirect/t:1" };
	struct world *w = *state;

	for (size_t k = 0; k < ARRAY_LEN(names); k++) {
		auto_free char *name = mem_printf("%s/%s", w->faults.host, names[k]);
		struct registry_opts opts = { .tls = REGISTRY_TLS_ANY, .retry_delay = 5 * MS };
		struct fetcher t[6] = { 0 };
		pthread_t id[6];
		struct registry_manifest m;
		struct manifest parsed;
		auto_registry struct registry *r = NULL;
		auto_ref struct ref ref = { 0 };
		struct fail f = { 0 };

		assert_int_equal(ref_parse(name, &ref, &f), 0);
		assert_int_equal(registry_open(&ref, &opts, &r, &f), 0);
		assert_int_equal(registry_manifest(r, NULL, &m, &f), 0);
		assert_int_equal(manifest_parse(m.text, m.len, &parsed, &f), 0);
		for (size_t i = 0; i < ARRAY_LEN(t); i++) {
			t[i] = (struct fetcher){ .r = r, .d = &parsed.layers[0] };
			assert_int_equal(pthread_create(&id[i], NULL, fetch_thread, &t[i]), 0);
		}
		for (size_t i = 0; i < ARRAY_LEN(t); i++) {
			pthread_join(id[i], NULL);
			/* A token may be taken by another thread between two tries: only "stale" may fail. */
			if (k)
				assert_string_equal(t[i].f.msg, "");
			if (!t[i].e)
				assert_string_equal(t[i].hex, parsed.layers[0].digest.hex);
		}
		jsonf_done(manifest_fields, &parsed);
		registry_manifest_done(&m);
	}
}

static void test_nobody_there(void **state)
{
	struct world *w = *state;
	struct outcome o = pull("127.0.0.1:1", "x:1", (struct registry_opts){ .tls = REGISTRY_TLS_ANY });

	(void)w;
	assert_int_equal(o.r, -ECONNREFUSED);
	assert_string_equal(o.f.msg, "get '127.0.0.1:1/x:1': 127.0.0.1:1 refuses the connection: nothing "
				     "listens there");
	assert_string_equal(str_cstr(&o.warnings), "");
	outcome_done(&o);
	o = pull(w->faults.host, "plain/x:1", (struct registry_opts){ 0 });
	assert_int_equal(o.r, -EPROTO);
	assert_non_null(strstr(o.f.msg, "speaks plain http, not TLS"));
	assert_string_equal(o.f.hint, "pass --tls-verify=false, or set insecure = true for it in "
				      "registries.conf");
	outcome_done(&o);
}

/* The proxy of the environment is for the world, not for this machine. */
static void test_proxy(void **state)
{
	struct world *w = *state;
	struct outcome o;

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("https_proxy", "http://127.0.0.1:1", 1);
	o = pull(w->faults.host, "plain/x:1", (struct registry_opts){ .tls = REGISTRY_TLS_ANY });
	assert_string_equal(o.f.msg, "");
	outcome_done(&o);
	o = pull("far.test", "x:1", (struct registry_opts){ 0 });
	assert_int_equal(o.r, -ECONNREFUSED);
	assert_true(str_starts(o.f.msg, "get 'far.test/x:1': reach far.test through a proxy: Failed to "
					"connect to 127.0.0.1 port 1 "));
	outcome_done(&o);
	unsetenv("http_proxy");
	unsetenv("https_proxy");
}

/* A key and a certificate for NAMES ("IP:127.0.0.1"), signed by DIR's CA. */
static void make_cert(const char *dir, const char *file, const char *names, const char *days)
{
	auto_free char *key = mem_printf("%s/%s.key", dir, file);
	auto_free char *csr = mem_printf("%s/%s.csr", dir, file);
	auto_free char *crt = mem_printf("%s/%s.pem", dir, file);
	auto_free char *ca = mem_printf("%s/certs/ca.crt", dir);
	auto_free char *ca_key = mem_printf("%s/ca.key", dir);
	auto_free char *ext = mem_printf("%s/%s.ext", dir, file);
	auto_free char *ext_name = mem_printf("%s.ext", file);
	auto_free char *san = mem_printf("subjectAltName=%s\n", names);

	assert_true(files_put(dir, ext_name, san));
	run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
	    "-keyout", key, "-out", csr, "-subj", "/CN=server", NULL);
	run("openssl", "x509", "-req", "-in", csr, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-out", crt,
	    "-days", days, "-extfile", ext, NULL);
}

static void make_ca(const char *dir)
{
	auto_free char *ca = mem_printf("%s/certs/ca.crt", dir);
	auto_free char *ca_key = mem_printf("%s/ca.key", dir);

	assert_true(files_put(dir, "certs/.keep", ""));
	run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
	    "-keyout", ca_key, "-out", ca, "-subj", "/CN=rbox test CA", "-days", "2", NULL);
}

/* The fault server with the certificate FILE. */
static struct server start_tls(const char *dir, const char *file)
{
	auto_free char *key = mem_printf("%s/%s.key", dir, file);
	auto_free char *crt = mem_printf("%s/%s.pem", dir, file);
	const char *const args[] = { "--user", "user:pass", "--tls", crt, key, NULL };

	return start_faults(args);
}

static void expect_tls(const struct server *s, const char *name, struct registry_opts opts, int r,
		       const char *msg)
{
	auto_free char *want = with_host(msg, s->host);
	struct outcome o = pull(s->host, name, opts);

	assert_string_equal(o.f.msg, want);
	assert_int_equal(o.r, r);
	outcome_done(&o);
}

static void test_tls(void **state)
{
	struct world *w = *state;
	auto_free char *certs = path_join(w->home, "certs");
	auto_free char *in_home = NULL;
	auto_free char *ca = NULL;
	auto_str struct str ca_text = STR_INIT(1 << 16);
	struct registry_opts none = { 0 }, dir = { .cert_dir = certs }, any = { .tls = REGISTRY_TLS_ANY };
	struct outcome o;
	struct server s;

	make_ca(w->home);
	make_cert(w->home, "good", "IP:127.0.0.1", "2");
	make_cert(w->home, "other", "DNS:other.test", "2");
	make_cert(w->home, "old", "IP:127.0.0.1", "-1");

	s = start_tls(w->home, "good");
	expect_tls(&s, "plain/x:1", none, -EKEYREJECTED,
		   "get '@/plain/x:1': the TLS certificate of @ is signed by an unknown authority");
	expect_tls(&s, "plain/x:1", dir, 0, "");
	expect_tls(&s, "redirect/x:1", dir, 0, "");
	expect_tls(&s, "private/x:1", (struct registry_opts){ .cert_dir = certs, .creds = "user:pass" }, 0, "");
	expect_tls(&s, "plain/x:1", any, 0, "");
	o = pull(s.host, "downgrade/x:1", dir);
	assert_int_equal(o.r, -EPROTO);
	assert_true(str_starts(o.f.msg, "get " BLOB ": the server redirects from TLS to plain http: 'http://"));
	outcome_done(&o);
	stop(&s);
	s = start_tls(w->home, "other");
	expect_tls(&s, "plain/x:1", dir, -EKEYREJECTED,
		   "get '@/plain/x:1': the TLS certificate of @ is for another host name");
	stop(&s);
	s = start_tls(w->home, "old");
	expect_tls(&s, "plain/x:1", dir, -EKEYEXPIRED,
		   "get '@/plain/x:1': the TLS certificate of @ has expired");
	in_home = mem_printf(".config/containers/certs.d/%s/mine.crt", s.host);
	ca = path_join(certs, "ca.crt");
	stop(&s);
	/* Found by its host's name, too. */
	s = start_tls(w->home, "good");
	mem_replace(&in_home, mem_printf(".config/containers/certs.d/%s/mine.crt", s.host));
	assert_int_equal(file_read(AT_FDCWD, ca, &ca_text), 0);
	assert_true(files_put(w->home, in_home, ca_text.s));
	expect_tls(&s, "token/x:1", none, 0, "");
	stop(&s);
}

/* Waits for docker-registry to say in its log where it listens. */
static void await_registry(struct server *s, const char *dir, const char *log)
{
	auto_free char *path = path_join(dir, log);

	for (int i = 0; i < 300; i++) {
		auto_str struct str text = STR_INIT(1 << 20);
		const struct timespec tenth = { .tv_nsec = 100 * MS };
		const char *at;
		int port;

		if (!file_read(AT_FDCWD, path, &text)) {
			at = strstr(str_cstr(&text), "listening on 127.0.0.1:");
			if (at && sscanf(at, "listening on 127.0.0.1:%d", &port) == 1) {
				snprintf(s->host, sizeof(s->host), "127.0.0.1:%d", port);
				return;
			}
		}
		nanosleep(&tenth, NULL);
	}
	DIE("docker-registry didn't start in 30 s\n");
}

static struct server start_registry(const char *dir, const char *name, const char *more)
{
	struct server s = { .hold = -EBADF };
	auto_free char *conf_name = mem_printf("%s.yml", name);
	auto_free char *conf = path_join(dir, conf_name);
	auto_free char *log = mem_printf("%s.log", name);
	auto_free char *log_path = path_join(dir, log);
	auto_free char *text = mem_printf("version: 0.1\nlog: {level: info}\nstorage:\n  filesystem: "
					  "{rootdirectory: %s/%s}\nhttp:\n  addr: 127.0.0.1:0\n%s",
					  dir, name, more);
	auto_strv char **argv = strv_split("docker-registry serve", " ", true);
	auto_fd int out = fd_open(AT_FDCWD, log_path, O_WRONLY | O_CREAT, 0600);
	const struct spawn_fd fds[] = { { out, 1 }, { out, 2 } };
	struct spawn how = { .program = "docker-registry", .fds = fds, .n_fds = 2, .deathsig = SIGKILL };
	struct fail f = { 0 };

	assert_true(out >= 0);
	assert_true(files_put(dir, conf_name, text));
	strv_add(&argv, conf);
	how.argv = argv;
	s.pid = spawn_start(&how, &f);
	assert_string_equal(f.msg, "");
	await_registry(&s, dir, log);
	return s;
}

static void push(const char *layout, const struct server *s, const char *name, bool creds)
{
	auto_free char *from = mem_printf("oci:%s:1", layout);
	auto_free char *to = mem_printf("docker://%s/%s", s->host, name);

	run("skopeo", "--insecure-policy", "copy", "--dest-tls-verify=false",
	    creds ? "--dest-creds=user:pass" : "--dest-no-creds", from, to, NULL);
}

static void test_docker_registry(void **state)
{
	struct world *w = *state;
	auto_free char *layout = path_join(w->home, "layout");
	auto_free char *certs = path_join(w->home, "certs");
	auto_free char *htpasswd = path_join(w->home, "htpasswd");
	auto_free char *tls = mem_printf("  tls: {certificate: %s/good.pem, key: %s/good.key}\n"
					 "auth:\n  htpasswd: {realm: tests, path: %s}\n",
					 w->home, w->home, htpasswd);
	struct registry_opts any = { .tls = REGISTRY_TLS_ANY }, dir = { .cert_dir = certs };
	struct registry_opts creds = { .cert_dir = certs, .creds = "user:pass" };
	struct server s;

	run("python3", "tests/lib/registry-faults.py", "--write-layout", layout, NULL);
	s = start_registry(w->home, "plain", "");
	push(layout, &s, "a/b/c:1", false);
	expect_tls(&s, "a/b/c:1", any, 0, "");
	expect_tls(&s, "a/b/c:9", any, -ENOENT, "there is no image '@/a/b/c:9' at @");
	expect_tls(&s, "none:1", any, -ENOENT, "there is no image '@/none:1' at @");
	stop(&s);

	run("htpasswd", "-Bbc", htpasswd, "user", "pass", NULL);
	s = start_registry(w->home, "tls", tls);
	push(layout, &s, "a:1", true);
	expect_tls(&s, "a:1", creds, 0, "");
	expect_tls(&s, "a:1", dir, -EACCES,
		   "@/a:1: @ denies access without a login (UNAUTHORIZED: authentication required)");
	creds.creds = "user:wrong";
	expect_tls(&s, "a:1", creds, -EACCES, "get '@/a:1': @ refuses the credentials given by --creds");
	stop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good), cmocka_unit_test(test_bad), cmocka_unit_test(test_swapped),
		cmocka_unit_test(test_bad_range), cmocka_unit_test(test_offset),
		cmocka_unit_test(test_stopped), cmocka_unit_test(test_digest_by_head),
		cmocka_unit_test(test_tags), cmocka_unit_test(test_credentials), cmocka_unit_test(test_mirrors),
		cmocka_unit_test(test_threads), cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_proxy), cmocka_unit_test(test_tls), cmocka_unit_test(test_docker_registry),
	};

	alarm(240);	/* a server that hangs must not hang the run */
	return cmocka_run_group_tests(tests, setup, teardown);
}
