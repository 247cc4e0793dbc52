// SPDX-License-Identifier: Apache-2.0
#include "registry/auth.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"
#include "registry/helper.h"
#include "registry/paths.h"

enum { AUTHFILE_MAX = 1 << 20, SECRET_MAX = 64 << 10 };

static int base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

/* Decoded text, NULL when TEXT is no base64 or holds a NUL. Padding may be missing. Caller frees. */
static char *base64_decode(const char *text)
{
	struct str s = STR_INIT(SECRET_MAX);
	size_t n = strcspn(text, "=");
	unsigned bits = 0, have = 0;

	/* docker pads what it encodes with NULs at times. */
	for (size_t i = 0; i < n; i++) {
		int d = base64_digit(text[i]);

		if (d < 0) {
			str_done(&s);
			return NULL;
		}
		bits = (bits << 6 | (unsigned)d) & 0xffff;
		have += 6;
		if (have >= 8) {
			have -= 8;
			str_addc(&s, (char)(bits >> have & 0xff));
		}
	}
	while (s.len && !s.s[s.len - 1])
		s.len--;
	if (strspn(text + n, "=") != strlen(text + n) || str_failed(&s) ||
	    (s.len && memchr(s.s, '\0', s.len))) {
		str_done(&s);
		return NULL;
	}
	return str_take(&s);
}

char *auth_basic(const struct auth *a)
{
	auto_free char *plain = mem_printf("%s:%s", a->user, a->password);
	size_t n = strlen(plain);
	char *out = mem_alloc(n / 3 * 4 + 5);

	EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)plain, (int)n);
	OPENSSL_cleanse(plain, n);
	return out;
}

static int split_creds(const char *text, struct auth *a)
{
	const char *colon = strchr(text, ':');

	if (!colon || colon == text)
		return -EINVAL;
	a->user = mem_strndup(text, (size_t)(colon - text));
	a->password = mem_strdup(colon + 1);
	return 0;
}

/* One entry of "auths": {"auth": ..., "identitytoken": ...}. 1, 0 when it is empty, -errno. */
static int read_entry(const json_t *entry, const char *key, struct auth *ret, struct fail *f)
{
	const char *token = json_string_value(json_object_get(entry, "identitytoken"));
	const char *auth = json_string_value(json_object_get(entry, "auth"));
	auto_free char *plain = NULL;
	int r;

	if (token && *token)
		ret->identity_token = mem_strdup(token);
	if (!auth || !*auth)
		return token && *token;
	plain = base64_decode(auth);
	r = plain ? split_creds(plain, ret) : -EINVAL;
	if (plain)
		OPENSSL_cleanse(plain, strlen(plain));
	if (r < 0) {
		auto_str struct str seen = STR_INIT(1024);
		auto_free char *cut = mem_strndup(key, 200);

		str_add_escaped(&seen, cut);
		auth_done(ret);
		return refuse(f, EBADMSG, "the 'auth' of '%s' is not 'user:password' in base64",
			      str_cstr(&seen));
	}
	return 1;
}

/* A key of an older file, "https://host/v1/", as "host". Caller frees. */
static char *bare_host(const char *key)
{
	const char *p = strstr(key, "://");
	size_t n;

	p = p ? p + 3 : key;
	n = strcspn(p, "/");
	if (!strcmp(p + n, "/v1") || !strcmp(p + n, "/v1/") || !strcmp(p + n, "/v2") ||
	    !strcmp(p + n, "/v2/") || !strcmp(p + n, "/"))
		return mem_strndup(p, n);
	return mem_strdup(p);
}

static bool is_docker_hub(const char *host)
{
	return str_eq(host, "docker.io") || str_eq(host, "index.docker.io") ||
	       str_eq(host, "registry-1.docker.io");
}

/* What "docker login" wrote: the host alone, in any of its spellings. */
static int lookup_host(const json_t *auths, const char *registry, struct auth *ret, struct fail *f)
{
	const char *key;
	json_t *entry;

	json_object_foreach((json_t *)auths, key, entry)
	{
		auto_free char *host = bare_host(key);
		int r;

		if (!str_eq(host, registry) && !(is_docker_hub(host) && is_docker_hub(registry)))
			continue;
		r = read_entry(entry, key, ret, f);
		if (r)
			return r;
	}
	return 0;
}

int auth_lookup(const json_t *file, bool legacy, const char *registry, const char *repo,
		struct auth *ret, struct fail *f)
{
	const json_t *auths = legacy ? file : json_object_get(file, "auths");
	auto_free char *key = repo ? mem_printf("%s/%s", registry, repo) : mem_strdup(registry);

	*ret = (struct auth){ 0 };
	if (auths && !json_is_object(auths) && !json_is_null(auths))
		return refuse(f, EBADMSG, "'auths' is not an object");
	for (;;) {
		const json_t *entry = json_object_get(auths, key);
		char *slash = strrchr(key, '/');
		int r = entry ? read_entry(entry, key, ret, f) : 0;

		if (r)
			return r;
		if (!slash)
			return lookup_host(auths, registry, ret, f);
		*slash = '\0';
	}
}

/* The helper that credHelpers names for REGISTRY, and what it knows the registry as. */
static const char *helper_of(const json_t *file, const char *registry, const char **ret_server)
{
	const json_t *helpers = json_object_get(file, "credHelpers");
	const char *key;
	json_t *name;

	json_object_foreach((json_t *)helpers, key, name)
	{
		auto_free char *host = bare_host(key);

		if (!str_eq(host, registry) && !(is_docker_hub(host) && is_docker_hub(registry)))
			continue;
		*ret_server = key;
		return json_string_value(name);
	}
	return NULL;
}

static int ask_helper(const char *name, const char *server, const char *path, struct auth *ret, struct fail *f)
{
	int r = helper_get(name, server, ret, f);

	if (r > 0)
		ret->source = mem_printf("docker-credential-%s, named in %s", name, path);
	return r < 0 ? fail_in(f, r, "credentials for %s", server) : r;
}

/*
 * "credsStore": docker's default helper for all that no other line is about. podman doesn't know it, so
 * one that is missing (left behind by a removed desktop) is no failure.
 */
static int ask_store(const struct auth_opts *o, const json_t *file, const char *path, const char *registry,
		     struct auth *ret, struct fail *f)
{
	const char *name = json_string_value(json_object_get(file, "credsStore"));
	auto_free char *text = NULL;
	int r;

	if (!name || !*name)
		return 0;
	r = ask_helper(name, is_docker_hub(registry) ? "https://index.docker.io/v1/" : registry, path, ret, f);
	if (r != -ENOENT)
		return r;
	text = mem_printf("'%s' names the credential helper '%.60s', which is not in PATH: going on without its "
			  "credentials", path, name);
	fail_clear(f);
	if (o->warn)
		o->warn(o->warn_ctx, text);
	return 0;
}

struct authfile {
	const char *path;
	bool legacy, needed;	/* ~/.dockercfg's format; missing is an error */
};

static int search_file(const struct auth_opts *o, const struct authfile *a, const char *registry,
		       const char *repo, struct auth *ret, struct fail *f)
{
	auto_str struct str text = STR_INIT(AUTHFILE_MAX);
	auto_json json_t *file = NULL;
	const char *helper = NULL, *server = NULL;
	int r = file_read_linked(AT_FDCWD, a->path, &text);

	if ((r == -ENOENT || r == -ENOTDIR) && !a->needed)
		return 0;
	/* /run/containers and the like may be another user's: no credentials there, no error. */
	if (r == -EACCES && !a->needed)
		return 0;
	if (r < 0)
		return fail(f, -r, "read the credentials in '%s'", a->path);
	if (!text.len)
		return 0;
	file = jsonf_parse(text.s, text.len, AUTHFILE_MAX, a->path, f);
	OPENSSL_cleanse(text.s, text.len);
	if (!file)
		return -f->code;
	if (!a->legacy)
		helper = helper_of(file, registry, &server);
	if (helper && *helper)
		return ask_helper(helper, server, a->path, ret, f);
	r = auth_lookup(file, a->legacy, registry, repo, ret, f);
	if (r < 0)
		return fail_in(f, r, "credentials in '%s'", a->path);
	if (r)
		ret->source = mem_strdup(a->path);
	return r || a->legacy ? r : ask_store(o, file, a->path, registry, ret, f);
}

static char *runtime_authfile(void)
{
	char *path = paths_runtime("containers/auth.json");

	return path ? path : mem_printf("/run/containers/%u/auth.json", getuid());
}

static int search_known(const struct auth_opts *o, const char *registry, const char *repo,
			struct auth *ret, struct fail *f)
{
	auto_free char *runtime = runtime_authfile();
	auto_free char *config = paths_config("containers/auth.json");
	auto_free char *docker = paths_env("DOCKER_CONFIG") ?
				 path_join(paths_env("DOCKER_CONFIG"), "config.json") :
				 paths_home(".docker/config.json");
	auto_free char *cfg = paths_home(".dockercfg");
	const struct authfile files[] = {
		{ .path = runtime }, { .path = config }, { .path = docker },
		{ .path = cfg, .legacy = true },
	};

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		int r = files[i].path ? search_file(o, &files[i], registry, repo, ret, f) : 0;

		if (r)
			return r;
	}
	return 0;
}

int auth_find(const struct auth_opts *o, const char *registry, const char *repo, struct auth *ret,
	      struct fail *f)
{
	struct authfile named = { .path = o->authfile, .needed = true };

	*ret = (struct auth){ 0 };
	if (o->creds) {
		if (split_creds(o->creds, ret) < 0)
			return refuse(f, EINVAL, "--creds wants user:password");
		ret->source = mem_strdup("--creds");
		ret->explicit_creds = true;
		return 1;
	}
	if (!named.path)
		named.path = paths_env("REGISTRY_AUTH_FILE");
	if (named.path)
		return search_file(o, &named, registry, repo, ret, f);
	return search_known(o, registry, repo, ret, f);
}

static void wipe(char *secret)
{
	if (secret)
		OPENSSL_cleanse(secret, strlen(secret));
	free(secret);
}

void auth_done(struct auth *a)
{
	free(a->user);
	wipe(a->password);
	wipe(a->identity_token);
	free(a->source);
	*a = (struct auth){ 0 };
}
