// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/env.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pkg/oci/image.h"
#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"

enum { ENV_FILE_MAX = 4 << 20 };

static int add_one(const char *entry, char ***env, struct fail *f)
{
	const char *value;
	size_t len = strlen(entry);

	if (*entry == '=' || !*entry)
		return refuse(f, EINVAL, "invalid environment variable '%.60s': the name is empty", entry);
	if (strchr(entry, '=')) {
		strv_env_set(env, entry);
	} else if (entry[len - 1] == '*') {
		for (char **e = environ; e && *e; e++)
			if (!strncmp(*e, entry, len - 1) && strchr(*e, '='))
				strv_env_set(env, *e);
	} else if ((value = getenv(entry))) {
		auto_free char *whole = mem_printf("%s=%s", entry, value);

		strv_env_set(env, whole);
	}
	return 0;
}

static int read_one(const char *path, char ***ret, struct fail *f)
{
	auto_fd int fd = fd_open(AT_FDCWD, path, O_RDONLY, 0);
	auto_str struct str s = STR_INIT(ENV_FILE_MAX);
	auto_strv char **lines = NULL;
	int r;

	if (fd < 0)
		return fail(f, -fd, "open '%s'", path);
	r = io_read_all(fd, &s);
	if (r < 0)
		return fail(f, -r, "read '%s'", path);
	lines = strv_split(str_cstr(&s), "\n", true);
	strv_each(it, lines) {
		char *line = *it + strspn(*it, " \t");
		size_t n = strlen(line);

		if (n && line[n - 1] == '\r')
			line[n - 1] = '\0';
		if (!*line || *line == '#')
			continue;
		r = add_one(line, ret, f);
		if (r < 0)
			return fail_in(f, r, "file '%s'", path);
	}
	return 0;
}

int env_read_files(char *const *paths, char ***ret, struct fail *f)
{
	strv_each(it, paths) {
		int r = read_one(*it, ret, f);

		if (r < 0)
			return r;
	}
	return 0;
}

int env_add_typed(char *const *files, char *const *typed, char ***env, struct fail *f)
{
	int r = env_read_files(files, env, f);

	for (char *const *it = typed; r == 0 && it && *it; it++)
		r = add_one(*it, env, f);
	return r;
}

/* The caller's proxies, unless --http-proxy=false: what runs inside has the same way out as we. */
static void add_proxies(char ***env)
{
	static const char *const names[] = { "http_proxy", "https_proxy", "ftp_proxy", "no_proxy",
					     "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = getenv(names[i]);
		auto_free char *entry = value ? mem_printf("%s=%s", names[i], value) : NULL;

		if (entry)
			strv_env_set(env, entry);
	}
}

static void add_host(char ***env)
{
	for (char **e = environ; e && *e; e++)
		if (strchr(*e, '=') && **e != '=')
			strv_env_set(env, *e);
}

static size_t name_len(const char *s)
{
	size_t n = 0;

	while ((s[n] >= 'a' && s[n] <= 'z') || (s[n] >= 'A' && s[n] <= 'Z') || s[n] == '_' ||
	       (n && s[n] >= '0' && s[n] <= '9'))
		n++;
	return n;
}

/* "${NAME}", "${NAME:-word}", "${NAME:+word}" at P; returns what follows, or NULL when it is none of these. */
static const char *expand_braces(const char *p, char *const *env, struct str *s)
{
	const char *end = strchr(p, '}');
	size_t n = name_len(p + 2);
	auto_free char *name = mem_strndup(p + 2, n);
	const char *value = strv_env_get(env, name), *rest = p + 2 + n;

	if (!end || !n)
		return NULL;
	if (rest == end) {
		str_add(s, value ? value : "");
		return end + 1;
	}
	if (rest[0] != ':' || (rest[1] != '-' && rest[1] != '+'))
		return NULL;
	if (rest[1] == '-' && value && *value)
		str_add(s, value);
	else if (rest[1] == '-' || (value && *value))
		str_addn(s, rest + 2, (size_t)(end - rest - 2));
	return end + 1;
}

static int expand(const char *text, char *const *env, struct str *s)
{
	for (const char *p = text; *p;) {
		size_t n = *p == '$' ? name_len(p + 1) : 0;

		if (n) {
			auto_free char *name = mem_strndup(p + 1, n);
			const char *value = strv_env_get(env, name);

			str_add(s, value ? value : "");
			p += n + 1;
		} else if (*p == '$' && p[1] == '{') {
			p = expand_braces(p, env, s);
			if (!p)
				return -EINVAL;
		} else {
			if (*p == '\\' && p[1])
				p++;
			str_addc(s, *p++);
		}
	}
	return str_failed(s) ? -E2BIG : 0;
}

/* --env-merge: variables named in the value are those that are there so far. */
static int merge_one(const char *entry, char ***env, struct fail *f)
{
	auto_str struct str s = STR_INIT(ENV_FILE_MAX);
	const char *eq = strchr(entry, '=');

	if (!eq || eq == entry)
		return refuse(f, EINVAL, "invalid --env-merge '%.100s': NAME=VALUE is wanted", entry);
	str_addn(&s, entry, (size_t)(eq + 1 - entry));
	if (expand(eq + 1, *env, &s) < 0)
		return refuse(f, EINVAL, "invalid --env-merge '%.100s': $NAME, ${NAME}, ${NAME:-WORD} and "
			      "${NAME:+WORD} are known", entry);
	strv_env_set(env, str_cstr(&s));
	return 0;
}

/* What a container has before anybody asks for more. */
static int add_defaults(const struct run_opts *o, const struct image_config *image, char ***env, struct fail *f)
{
	strv_add(env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	strv_add(env, "container=podman");
	if (o->process.tty)
		strv_add(env, "TERM=xterm");
	if (image)
		strv_each(it, image->config.env)
			if (strchr(*it, '=') && **it != '=')
				strv_env_set(env, *it);
	if (o->env.http_proxy != TRI_FALSE)
		add_proxies(env);
	if (o->env.host)
		add_host(env);
	strv_each(it, o->env.merge) {
		int r = merge_one(*it, env, f);

		if (r < 0)
			return r;
	}
	if (o->env.unset_all)
		strv_free_ptr(env);
	strv_each(it, o->env.unset) {
		if (!**it || strchr(*it, '='))
			return refuse(f, EINVAL, "invalid --unsetenv '%.100s': the name of a variable is wanted", *it);
		if (*env)
			strv_env_unset(*env, *it);
	}
	return 0;
}

int env_build(const struct run_opts *o, const struct image_config *image, struct container_config *c,
	      struct fail *f)
{
	int r = add_defaults(o, image, &c->env, f);

	return r < 0 ? r : env_add_typed(o->env.env_file, o->env.env, &c->env, f);
}

void env_add_hostname(struct container_config *c)
{
	if (!strv_env_get(c->env, "HOSTNAME"))
		strv_addf(&c->env, "HOSTNAME=%s", c->net.hostname);
}
