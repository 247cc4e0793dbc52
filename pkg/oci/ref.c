// SPDX-License-Identifier: Apache-2.0
#include "pkg/oci/ref.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "pkg/util/str.h"

/* docker's reference package: NameTotalLengthMax, and the length in its tag pattern. */
enum { NAME_MAX_LEN = 255, TAG_MAX_LEN = 128, TEXT_MAX_LEN = 1024 };

#define DIGITS "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

/* 'TEXT' as it may be shown: cut and without control characters. */
static char *shown(const char *text)
{
	auto_free char *cut = mem_strndup(text, 200);
	struct str s = STR_INIT(1024);

	str_add_escaped(&s, cut);
	return str_take(&s);
}

static int invalid(const char *text, struct fail *f, const char *why)
{
	auto_free char *name = shown(text);

	return refuse(f, EINVAL, "'%s' is not an image name: %s", name, why);
}

/* alpha-numeric { ( "." | "_" | "__" | "-"* ) alpha-numeric } */
static bool component_ok(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n) {
		size_t from = i;

		while (i < n && is_one_of(s[i], LOWER DIGITS))
			i++;
		if (i == from)
			return false;
		if (i == n)
			return true;
		from = i;
		if (s[i] == '-')
			while (i < n && s[i] == '-')
				i++;
		else if (s[i] == '_')
			while (i < n && s[i] == '_' && i < from + 2)
				i++;
		else if (s[i] == '.')
			i++;
		else
			return false;
	}
	return false;
}

static bool repo_ok(const char *repo)
{
	for (const char *p = repo;; ) {
		size_t n = strcspn(p, "/");

		if (!component_ok(p, n))
			return false;
		if (!p[n])
			return true;
		p += n + 1;
	}
}

static bool port_ok(const char *port)
{
	uint64_t n;

	return *port && strlen(port) <= 5 && strspn(port, DIGITS) == strlen(port) &&
	       !str_to_u64(port, 10, &n) && n > 0 && n <= 65535;
}

static bool host_name_ok(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool edge = !i || i == n - 1 || s[i - 1] == '.' || s[i + 1] == '.';

		if (!is_one_of(s[i], edge ? LOWER UPPER DIGITS "." : LOWER UPPER DIGITS ".-"))
			return false;
		if (s[i] == '.' && edge)
			return false;
	}
	return n > 0;
}

static bool registry_ok(const char *registry)
{
	const char *end, *port;

	if (registry[0] == '[') {
		end = strchr(registry, ']');
		if (!end || end == registry + 1 ||
		    strspn(registry + 1, "abcdefABCDEF.:" DIGITS) != (size_t)(end - registry - 1))
			return false;
		return !end[1] || (end[1] == ':' && port_ok(end + 2));
	}
	port = strchr(registry, ':');
	if (!port)
		return host_name_ok(registry, strlen(registry));
	return host_name_ok(registry, (size_t)(port - registry)) && port_ok(port + 1);
}

static bool tag_ok(const char *tag)
{
	size_t n = strlen(tag);

	return n && n <= TAG_MAX_LEN && is_one_of(tag[0], LOWER UPPER DIGITS "_") &&
	       strspn(tag, LOWER UPPER DIGITS "_.-") == n;
}

/* The length of the registry at the start of TEXT, 0 when it names none. */
static size_t registry_len(const char *text)
{
	size_t n = strcspn(text, "/");

	if (!text[n])
		return 0;
	if (text[0] == '[' || memchr(text, '.', n) || memchr(text, ':', n))
		return n;
	return n == strlen("localhost") && str_starts(text, "localhost") ? n : 0;
}

bool ref_is_short(const char *text)
{
	return !registry_len(text);
}

/* Takes "@digest" off the end of NAME. */
static int take_digest(char *name, struct ref *r, struct fail *f)
{
	char *at = strchr(name, '@');
	int e;

	if (!at)
		return 0;
	e = digest_parse(at + 1, &r->digest, f);
	if (e < 0) {
		auto_free char *all = shown(name);

		return fail_in(f, e, "image name '%s'", all);
	}
	*at = '\0';
	return 0;
}

/* Takes ":tag" off the end of NAME. */
static int take_tag(const char *text, char *name, struct ref *r, struct fail *f)
{
	char *slash = strrchr(name, '/');
	char *colon = strchr(slash ? slash : name, ':');

	/* "[::1]" without a path: let the name be refused, not a tag ":1]". */
	if (!colon || name[0] == '/' || (name[0] == '[' && !slash))
		return 0;
	if (!tag_ok(colon + 1))
		return invalid(text, f, "a tag has up to 128 letters, digits and '_', '.', '-', "
					"and starts with none of '.' and '-'");
	r->tag = mem_strdup(colon + 1);
	*colon = '\0';
	return 0;
}

static int check_repo(const char *text, const struct ref *r, struct fail *f)
{
	if (!*r->repo)
		return invalid(text, f, "the repository is missing");
	if (strpbrk(r->repo, UPPER)) {
		(void)invalid(text, f, "the repository must be lower case");
		return -EINVAL;
	}
	if (!repo_ok(r->repo))
		return invalid(text, f, "a repository's parts are lower-case letters and digits, "
					"with single '.', '_', '__' or '-' between them");
	if (strlen(r->registry) + 1 + strlen(r->repo) > NAME_MAX_LEN)
		return invalid(text, f, "it is longer than 255 characters");
	return 0;
}

/* Splits NAME (no tag, no digest any more) into registry and repository. */
static int take_name(const char *text, const char *name, struct ref *r, struct fail *f)
{
	size_t n = registry_len(name);

	r->registry = n ? mem_strndup(name, n) : mem_strdup("docker.io");
	r->repo = mem_strdup(n ? name + n + 1 : name);
	if (!registry_ok(r->registry))
		return invalid(text, f, "its registry is not a host name with an optional port");
	if (str_eq(r->registry, "index.docker.io"))
		mem_replace(&r->registry, mem_strdup("docker.io"));
	if (!n && strlen(name) == 64 && strspn(name, DIGITS "abcdef") == 64)
		return invalid(text, f, "64 hex digits are an image's id");
	if (str_eq(r->registry, "docker.io") && *r->repo && !strchr(r->repo, '/'))
		mem_replace(&r->repo, mem_printf("library/%s", r->repo));
	return check_repo(text, r, f);
}

static int parse(const char *text, struct ref *r, struct fail *f)
{
	auto_free char *name = NULL;
	int e;

	if (!*text)
		return refuse(f, EINVAL, "an image name is wanted, not an empty text");
	if (strlen(text) > TEXT_MAX_LEN)
		return invalid(text, f, "it is too long");
	if (strstr(text, "://"))
		return invalid(text, f, "it is written without a scheme such as 'https://'");
	name = mem_strdup(text);
	e = take_digest(name, r, f);
	if (e < 0)
		return e;
	e = take_tag(text, name, r, f);
	if (e < 0)
		return e;
	if (!r->tag && !digest_is_set(&r->digest))
		r->tag = mem_strdup("latest");
	return take_name(text, name, r, f);
}

int ref_parse(const char *text, struct ref *ret, struct fail *f)
{
	int e;

	*ret = (struct ref){ 0 };
	e = parse(text, ret, f);
	if (e < 0)
		ref_done(ret);
	return e;
}

void ref_done(struct ref *r)
{
	free(r->registry);
	free(r->repo);
	free(r->tag);
	*r = (struct ref){ 0 };
}

char *ref_name(const struct ref *r)
{
	return mem_printf("%s/%s", r->registry, r->repo);
}

char *ref_format(const struct ref *r)
{
	char digest[DIGEST_TEXT_MAX];
	bool has = digest_is_set(&r->digest);

	return mem_printf("%s/%s%s%s%s%s", r->registry, r->repo, r->tag ? ":" : "",
			  r->tag ? r->tag : "", has ? "@" : "",
			  has ? digest_format(&r->digest, digest) : "");
}
