// SPDX-License-Identifier: Apache-2.0
#include "registry/conf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "registry/paths.h"
#include "registry/toml.h"

enum { DROPINS_MAX = 1000 };

static const char *text_of(const json_t *table, const char *key)
{
	const char *s = json_string_value(json_object_get(table, key));

	return s && *s ? s : NULL;
}

static int check_type(const json_t *table, const char *key, bool ok, const char *want, const char *what,
		      struct fail *f)
{
	const json_t *v = json_object_get(table, key);

	return !v || ok ? 0 : refuse(f, EBADMSG, "%s: '%s' has to be %s", what, key, want);
}

static int check_text(const json_t *table, const char *key, const char *what, struct fail *f)
{
	return check_type(table, key, json_is_string(json_object_get(table, key)), "a string", what, f);
}

static int check_bool(const json_t *table, const char *key, const char *what, struct fail *f)
{
	return check_type(table, key, json_is_boolean(json_object_get(table, key)), "true or false", what,
			  f);
}

static int check_mirror(const json_t *m, const char *what, struct fail *f)
{
	static const char *const words[] = { "all", "digest-only", "tag-only" };
	const char *pull = text_of(m, "pull-from-mirror");
	int r;

	if (!json_is_object(m))
		return refuse(f, EBADMSG, "%s: 'mirror' has to be an array of tables", what);
	if ((r = check_text(m, "location", what, f)) < 0 || (r = check_bool(m, "insecure", what, f)) < 0 ||
	    (r = check_text(m, "pull-from-mirror", what, f)) < 0)
		return r;
	if (!text_of(m, "location"))
		return refuse(f, EBADMSG, "%s: a mirror has no location", what);
	for (size_t i = 0; pull && i < ARRAY_LEN(words); i++)
		if (!strcmp(pull, words[i]))
			return 0;
	return !pull ? 0 : refuse(f, EBADMSG, "%s: 'pull-from-mirror' is one of all, digest-only, tag-only",
				  what);
}

static int check_registry(const json_t *reg, const char *what, struct fail *f)
{
	const json_t *mirrors = json_object_get(reg, "mirror");
	json_t *m;
	size_t i;
	int r;

	if ((r = check_text(reg, "prefix", what, f)) < 0 || (r = check_text(reg, "location", what, f)) < 0 ||
	    (r = check_bool(reg, "insecure", what, f)) < 0 ||
	    (r = check_bool(reg, "blocked", what, f)) < 0 ||
	    (r = check_bool(reg, "mirror-by-digest-only", what, f)) < 0)
		return r;
	if (mirrors && !json_is_array(mirrors))
		return refuse(f, EBADMSG, "%s: 'mirror' has to be an array of tables", what);
	json_array_foreach(mirrors, i, m)
	{
		r = check_mirror(m, what, f);
		if (r < 0)
			return r;
	}
	return 0;
}

/* One [[registry]] into C by its prefix; what an earlier file said of the prefix is gone. */
static int add_registry(struct registry_conf *c, json_t *reg, const char *what, struct fail *f)
{
	const char *location, *prefix;
	int r;

	if (!json_is_object(reg))
		return refuse(f, EBADMSG, "%s: 'registry' has to be an array of tables", what);
	r = check_registry(reg, what, f);
	if (r < 0)
		return r;
	location = text_of(reg, "location");
	prefix = text_of(reg, "prefix");
	if (!prefix)
		prefix = location;
	if (!prefix)
		return refuse(f, EBADMSG, "%s: a [[registry]] has neither prefix nor location", what);
	if (strchr(prefix, '*') && (!str_starts(prefix, "*.") || strchr(prefix + 1, '*')))
		return refuse(f, EBADMSG, "%s: '*' stands only at the start of a prefix, as in *.example.com",
			      what);
	if (!location && !str_starts(prefix, "*."))
		return refuse(f, EBADMSG, "%s: the [[registry]] '%s' has no location", what, prefix);
	json_object_set(c->registries, prefix, reg);
	return 0;
}

static int add_aliases(struct registry_conf *c, const json_t *aliases, const char *what, struct fail *f)
{
	const char *name;
	json_t *v;

	if (aliases && !json_is_object(aliases))
		return refuse(f, EBADMSG, "%s: 'aliases' has to be a table", what);
	json_object_foreach((json_t *)aliases, name, v)
	{
		if (!json_is_string(v))
			return refuse(f, EBADMSG, "%s: the alias '%s' has to be a string", what, name);
		/* An empty one takes an earlier file's away. */
		if (*json_string_value(v))
			json_object_set(c->aliases, name, v);
		else
			json_object_del(c->aliases, name);
	}
	return 0;
}

int conf_merge(struct registry_conf *c, const char *text, size_t len, const char *what, struct fail *f)
{
	auto_json json_t *j = toml_parse(text, len, what, f);
	const json_t *all = json_object_get(j, "registry");
	json_t *reg;
	size_t i;
	int r;

	if (!j)
		return -f->code;
	if (!c->registries)
		c->registries = json_object();
	if (!c->aliases)
		c->aliases = json_object();
	if (json_object_get(j, "registries"))
		return refuse(f, EPROTONOSUPPORT, "%s: [registries.search] and its like are of version 1; "
						  "version 2 has [[registry]]", what);
	if (all && !json_is_array(all))
		return refuse(f, EBADMSG, "%s: 'registry' has to be an array of tables", what);
	json_array_foreach(all, i, reg)
	{
		r = add_registry(c, reg, what, f);
		if (r < 0)
			return r;
	}
	return add_aliases(c, json_object_get(j, "aliases"), what, f);
}

/* 1 when the file is there, 0 when not. */
static int merge_file(struct registry_conf *c, const char *path, struct fail *f)
{
	auto_str struct str text = STR_INIT(TOML_MAX);
	int r = file_read_linked(AT_FDCWD, path, &text);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0)
		return fail(f, -r, "read '%s'", path);
	r = conf_merge(c, str_cstr(&text), text.len, path, f);
	return r < 0 ? r : 1;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int merge_dropins(struct registry_conf *c, const char *folder, struct fail *f)
{
	DIR *d = opendir(folder);
	auto_strv char **names = NULL;
	struct dirent *e;

	if (!d)
		return 0;
	while ((e = readdir(d)))
		if (e->d_name[0] != '.' && str_ends(e->d_name, ".conf") && strv_len(names) < DROPINS_MAX)
			strv_add(&names, e->d_name);
	closedir(d);
	if (names)
		qsort(names, strv_len(names), sizeof(*names), by_name);
	strv_each(it, names) {
		auto_free char *path = path_join(folder, *it);
		int r = merge_file(c, path, f);

		if (r < 0)
			return r;
	}
	return 0;
}

static int load_known(struct registry_conf *c, struct fail *f)
{
	auto_free char *mine = paths_config("containers/registries.conf");
	auto_free char *my_dropins = paths_config("containers/registries.conf.d");
	int r = mine ? merge_file(c, mine, f) : 0;

	if (!r)
		r = merge_file(c, "/etc/containers/registries.conf", f);
	if (r >= 0)
		r = merge_dropins(c, "/etc/containers/registries.conf.d", f);
	if (r >= 0 && my_dropins)
		r = merge_dropins(c, my_dropins, f);
	return r;
}

int conf_load(struct registry_conf *ret, struct fail *f)
{
	const char *named = paths_env("CONTAINERS_REGISTRIES_CONF");
	int r;

	*ret = (struct registry_conf){ 0 };
	r = named ? merge_file(ret, named, f) : load_known(ret, f);
	if (named && !r)
		r = refuse(f, ENOENT, "CONTAINERS_REGISTRIES_CONF names '%s', which does not exist", named);
	if (r < 0)
		conf_done(ret);
	return r < 0 ? r : 0;
}

void conf_done(struct registry_conf *c)
{
	json_decref(c->registries);
	json_decref(c->aliases);
	*c = (struct registry_conf){ 0 };
}

/* How much of NAME the prefix covers, 0 when it isn't its prefix. */
static size_t covers(const char *prefix, const char *name)
{
	size_t n = strlen(prefix);

	if (str_starts(prefix, "*.")) {
		size_t host = strcspn(name, "/:");

		/* "*.example.com": the name's host ends in ".example.com", and has more. */
		if (host < n || strncmp(name + host - (n - 1), prefix + 1, n - 1))
			return 0;
		return host;
	}
	/* A host's prefix doesn't cover the same host at another port. */
	if (!str_starts(name, prefix) || !(name[n] == '\0' || name[n] == '/' || name[n] == '@' ||
					   (name[n] == ':' && strchr(prefix, '/'))))
		return 0;
	return n;
}

/* The [[registry]] of the longest prefix; borrowed, NULL when there is none. */
static const json_t *best_registry(const struct registry_conf *c, const char *name, size_t *ret_covered)
{
	const json_t *best = NULL;
	const char *prefix;
	size_t longest = 0;
	json_t *reg;

	json_object_foreach(c->registries, prefix, reg)
	{
		size_t n = covers(prefix, name);

		if (n && strlen(prefix) > longest) {
			longest = strlen(prefix);
			*ret_covered = n;
			best = reg;
		}
	}
	return best;
}

/* Appends LOCATION + REST, "host/some/repo". */
static int add_endpoint(struct endpoints *e, const char *location, const char *rest, bool insecure,
			bool mirror, struct fail *f)
{
	auto_free char *whole = mem_printf("%s%s", location, rest);
	auto_ref struct ref r = { 0 };
	char *slash;
	int err = ref_parse(whole, &r, f);

	if (err < 0)
		return fail_in(f, err, "registries.conf");
	slash = strchr(whole, '/');
	/* ref_parse's own reading, except that a first part without a dot is a host here, too. */
	e->v = mem_resize(e->v, e->n + 1, sizeof(*e->v));
	e->v[e->n++] = (struct endpoint){ .host = mem_strndup(whole, (size_t)(slash - whole)),
					  .repo = mem_strdup(slash + 1), .insecure = insecure,
					  .mirror = mirror };
	if (str_eq(r.registry, "docker.io") && str_eq(e->v[e->n - 1].host, "docker.io"))
		mem_replace(&e->v[e->n - 1].repo, mem_strdup(r.repo));
	return 0;
}

static bool mirror_serves(const json_t *reg, const json_t *mirror, const struct ref *ref)
{
	const char *pull = text_of(mirror, "pull-from-mirror");
	bool by_digest = digest_is_set(&ref->digest);

	if (json_is_true(json_object_get(reg, "mirror-by-digest-only")))
		return by_digest;
	if (str_eq(pull, "digest-only"))
		return by_digest;
	return !str_eq(pull, "tag-only") || !by_digest;
}

static int add_mirrors(const json_t *reg, const struct ref *ref, const char *rest,
		       struct endpoints *e, struct fail *f)
{
	json_t *m;
	size_t i;

	json_array_foreach(json_object_get(reg, "mirror"), i, m)
	{
		int r;

		if (!mirror_serves(reg, m, ref))
			continue;
		r = add_endpoint(e, text_of(m, "location"), rest,
				 json_is_true(json_object_get(m, "insecure")), true, f);
		if (r < 0)
			return r;
	}
	return 0;
}

int conf_endpoints(const struct registry_conf *c, const struct ref *ref, struct endpoints *ret,
		   struct fail *f)
{
	auto_free char *name = ref_name(ref);
	const json_t *reg;
	const char *location;
	size_t covered = 0;
	int r = 0;

	*ret = (struct endpoints){ 0 };
	reg = best_registry(c, name, &covered);
	if (json_is_true(json_object_get(reg, "blocked"))) {
		r = refuse(f, EACCES, "'%s' is blocked in registries.conf", name);
		fail_hint(f, "its administrator, or you, set blocked = true for it there");
		return r;
	}
	location = text_of(reg, "location");
	if (reg)
		r = add_mirrors(reg, ref, name + covered, ret, f);
	if (r >= 0 && location)
		r = add_endpoint(ret, location, name + covered,
				 json_is_true(json_object_get(reg, "insecure")), false, f);
	else if (r >= 0)
		r = add_endpoint(ret, name, "", json_is_true(json_object_get(reg, "insecure")), false, f);
	if (r < 0)
		endpoints_done(ret);
	return r;
}

void endpoints_done(struct endpoints *e)
{
	for (size_t i = 0; i < e->n; i++) {
		free(e->v[i].host);
		free(e->v[i].repo);
	}
	free(e->v);
	*e = (struct endpoints){ 0 };
}

/* An alias is of a name; the tag and the digest are those that were typed. */
int conf_resolve(const struct registry_conf *c, const char *text, struct ref *ret, struct fail *f)
{
	size_t n = strcspn(text, ":@");
	auto_free char *name = mem_strndup(text, n);
	const char *alias = ref_is_short(text) ? text_of(c->aliases, name) : NULL;
	auto_free char *whole = alias ? mem_printf("%s%s", alias, text + n) : NULL;
	int r = ref_parse(whole ? whole : text, ret, f);

	return r < 0 && alias ? fail_in(f, r, "the alias of '%s' in registries.conf", name) : r;
}
