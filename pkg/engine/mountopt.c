// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/mountopt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"
#include "storage/volume.h"

static bool selinux_is_on(void)
{
	return access("/sys/fs/selinux/enforce", F_OK) == 0;
}

static int check_bind_option(const char *o, struct fail *f)
{
	static const char *const known[] = { "ro", "rw", "bind", "rbind", "nosuid", "suid", "nodev", "dev",
					     "noexec", "exec", "private", "rprivate", "slave", "rslave",
					     "readonly" };

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (!strcmp(o, known[i]))
			return 0;
	if (!strcmp(o, "z") || !strcmp(o, "Z")) {
		/* Relabelling has nothing to do where SELinux is off: podman takes it silently too. */
		if (!selinux_is_on())
			return 0;
		return refuse(f, ENOTSUP, "the mount option '%s' (SELinux relabelling) is not supported yet", o);
	}
	if (!strcmp(o, "U") || !strcmp(o, "O") || !strcmp(o, "shared") || !strcmp(o, "rshared") ||
	    !strcmp(o, "copy") || !strcmp(o, "nocopy") || !strcmp(o, "idmap"))
		return refuse(f, ENOTSUP, "the mount option '%s' is not supported yet: it would be ignored", o);
	return refuse(f, EINVAL, "invalid option type \"%.60s\"", o);
}

static int check_destination(const char *dest, struct fail *f)
{
	auto_free char *clean = path_clean(dest);

	if (*dest != '/')
		return refuse(f, EINVAL, "invalid container path \"%.200s\", must be an absolute path", dest);
	if (!strcmp(clean, "/"))
		return refuse(f, EINVAL, "the container path '/' can't be a mount: it is the root");
	return 0;
}

static int check_volume_option(const char *o, struct fail *f)
{
	if (!strcmp(o, "copy") || !strcmp(o, "nocopy"))
		return 0;
	return check_bind_option(o, f);
}

/* Takes SOURCE and OPTIONS. */
static void add(struct container_config *c, const char *type, char *source, const char *dest,
		char **options)
{
	struct config_mount *m;
	auto_free char *clean = path_clean(dest);

	c->mounts = mem_resize(c->mounts, c->n_mounts + 1, sizeof(*m));
	m = &c->mounts[c->n_mounts++];
	*m = (struct config_mount){
		.type = mem_strdup(type),
		.source = source,
		.destination = mem_take(&clean),
		.options = options,
	};
}

static int add_bind(struct container_config *c, const char *source, const char *dest, char *const *options,
		    struct fail *f)
{
	auto_free char *absolute = NULL;
	struct stat st;
	int r = check_destination(dest, f);

	if (r < 0)
		return r;
	strv_each(it, options) {
		r = check_bind_option(*it, f);
		if (r < 0)
			return r;
	}
	if (*source == '/') {
		absolute = path_clean(source);
	} else {
		auto_free char *cwd = getcwd(NULL, 0);
		auto_free char *joined = cwd ? path_join(cwd, source) : NULL;

		if (!cwd)
			return fail(f, errno, "find the current folder for '%s'", source);
		absolute = path_clean(joined);
	}
	if (stat(absolute, &st) < 0) {
		/* podman's words, to the letter: scripts look for them. */
		r = errno == ENOENT ? refuse(f, ENOENT, "statfs %s: no such file or directory", absolute) :
				      fail(f, errno, "statfs %s", absolute);
		if (r == -ENOENT)
			fail_hint(f, "make it first: mkdir -p %s", absolute);
		return r;
	}
	add(c, "bind", mem_take(&absolute), dest, strv_dup(options));
	return 0;
}

/* NAME NULL: one of its own. */
static int add_volume(struct container_config *c, const char *name, const char *dest, char *const *options,
		      struct fail *f)
{
	char **all = NULL;
	struct config_mount *m;
	int r = name ? volume_check_name(name, f) : 0;

	if (r == 0)
		r = check_destination(dest, f);
	for (char *const *it = options; r == 0 && it && *it; it++)
		r = check_volume_option(*it, f);
	if (r < 0)
		return r;
	/* podman's defaults, which an option given wins over. */
	if (!strv_has(options, "suid") && !strv_has(options, "nosuid"))
		strv_add(&all, "nosuid");
	if (!strv_has(options, "dev") && !strv_has(options, "nodev"))
		strv_add(&all, "nodev");
	strv_add_all(&all, options);
	add(c, "volume", NULL, dest, all);
	m = &c->mounts[c->n_mounts - 1];
	m->name = mem_strdup(name);
	m->anonymous = !name;
	return 0;
}

static int parse_volume(struct container_config *c, const char *text, struct fail *f)
{
	auto_strv char **parts = strv_split(text, ":", false);
	auto_strv char **options = NULL;
	size_t n = strv_len(parts);

	if (n == 1 && *text)
		return add_volume(c, NULL, text, NULL, f);
	if (n < 2 || n > 3 || !*parts[0] || !*parts[1])
		return refuse(f, EINVAL, "incorrect volume format '%.200s': SOURCE:DESTINATION[:OPTIONS]", text);
	if (n == 3)
		options = strv_split(parts[2], ",", true);
	if (*parts[0] != '/' && *parts[0] != '.')
		return add_volume(c, parts[0], parts[1], options, f);
	return add_bind(c, parts[0], parts[1], options, f);
}

static int tmpfs_option(const char *o, struct fail *f)
{
	static const char *const flags[] = { "ro", "rw", "noexec", "exec", "nosuid", "suid", "nodev", "dev",
					     "notmpcopyup", "tmpcopyup", "noatime", "relatime" };
	static const char *const keys[] = { "size=", "mode=", "uid=", "gid=", "nr_inodes=" };

	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (!strcmp(o, flags[i]))
			return 0;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (str_starts(o, keys[i]) && o[strlen(keys[i])])
			return 0;
	return refuse(f, EINVAL, "invalid tmpfs option '%.60s'", o);
}

static int add_tmpfs(struct container_config *c, const char *dest, char *const *options, struct fail *f)
{
	char **all = NULL;
	int r = check_destination(dest, f);

	if (r < 0)
		return r;
	strv_each(it, options) {
		r = tmpfs_option(*it, f);
		if (r < 0)
			return r;
	}
	/* podman's defaults, which an option given wins over. */
	if (!strv_has(options, "exec"))
		strv_add(&all, "noexec");
	if (!strv_has(options, "suid"))
		strv_add(&all, "nosuid");
	if (!strv_has(options, "dev"))
		strv_add(&all, "nodev");
	if (!strv_has(options, "notmpcopyup"))
		strv_add(&all, "tmpcopyup");
	strv_each(it, options)
		if (strcmp(*it, "notmpcopyup") && !strv_has(all, *it))
			strv_add(&all, *it);
	add(c, "tmpfs", mem_strdup("tmpfs"), dest, all);
	return 0;
}

static int parse_tmpfs(struct container_config *c, const char *text, struct fail *f)
{
	const char *colon = strchr(text, ':');
	auto_free char *dest = mem_strndup(text, colon ? (size_t)(colon - text) : strlen(text));
	auto_strv char **options = colon ? strv_split(colon + 1, ",", true) : NULL;

	return add_tmpfs(c, dest, options, f);
}

/* "type=bind,src=/a,dst=/b,ro" */
static int parse_mount(struct container_config *c, const char *text, struct fail *f)
{
	auto_strv char **parts = strv_split(text, ",", true);
	auto_strv char **options = NULL;
	const char *type = "volume", *source = NULL, *dest = NULL;

	strv_each(it, parts) {
		const char *value = strchr(*it, '=');
		size_t len = strcspn(*it, "=");
		auto_free char *key = mem_strndup(*it, len);
		bool on = true;

		value = value ? value + 1 : NULL;
		if (!strcmp(key, "type") && value)
			type = value;
		else if ((!strcmp(key, "source") || !strcmp(key, "src")) && value)
			source = value;
		else if ((!strcmp(key, "destination") || !strcmp(key, "dst") || !strcmp(key, "target")) && value)
			dest = value;
		else if ((!strcmp(key, "ro") || !strcmp(key, "readonly")) &&
			 (!value || str_to_bool(value, &on) == 0))
			strv_add(&options, on ? "ro" : "rw");
		else if (!strcmp(key, "bind-propagation") && value)
			strv_add(&options, value);
		else if (!strcmp(key, "tmpfs-size") && value)
			strv_addf(&options, "size=%s", value);
		else if (!strcmp(key, "tmpfs-mode") && value)
			strv_addf(&options, "mode=%s", value);
		else
			strv_add(&options, *it);
	}
	if (!dest)
		return refuse(f, EINVAL, "--mount %.200s: a destination (dst=) is wanted", text);
	if (!strcmp(type, "tmpfs"))
		return source ? refuse(f, EINVAL, "--mount %.200s: a tmpfs has no source", text) :
				add_tmpfs(c, dest, options, f);
	if (!strcmp(type, "volume"))
		return add_volume(c, source && *source ? source : NULL, dest, options, f);
	if (strcmp(type, "bind"))
		return refuse(f, ENOTSUP, "--mount type=%.40s is not supported yet: volume, bind and tmpfs are", type);
	if (!source)
		return refuse(f, EINVAL, "--mount %.200s: a source (src=) is wanted", text);
	return add_bind(c, source, dest, options, f);
}

static int by_destination(const void *a, const void *b)
{
	return strcmp(((const struct config_mount *)a)->destination,
		      ((const struct config_mount *)b)->destination);
}

void mountopt_sort(struct container_config *c)
{
	if (c->n_mounts)
		qsort(c->mounts, c->n_mounts, sizeof(*c->mounts), by_destination);
}

static bool is_same_mount(const struct config_mount *a, const struct config_mount *b)
{
	size_t n = strv_len(a->options);

	if (!str_eq(a->destination, b->destination) || !str_eq(a->type, b->type) || !str_eq(a->source, b->source) ||
	    !str_eq(a->name, b->name) || n != strv_len(b->options))
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(a->options[i], b->options[i]))
			return false;
	return true;
}

/* Of what was said twice in the same words one is enough, as in podman: a list put together by a script has such. */
static void drop_repeated(struct container_config *c)
{
	size_t kept = 1;

	for (size_t i = 1; i < c->n_mounts; i++) {
		struct config_mount *m = &c->mounts[i];

		if (!is_same_mount(m, &c->mounts[kept - 1])) {
			c->mounts[kept++] = *m;
			continue;
		}
		free(m->type);
		free(m->source);
		free(m->destination);
		free(m->name);
		strv_free(m->options);
	}
	c->n_mounts = kept;
}

int mountopt_parse(const struct run_opts *o, struct container_config *c, struct fail *f)
{
	int r = 0;

	for (char *const *it = o->volume; r == 0 && it && *it; it++)
		r = parse_volume(c, *it, f);
	for (char *const *it = o->mount; r == 0 && it && *it; it++)
		r = parse_mount(c, *it, f);
	for (char *const *it = o->tmpfs; r == 0 && it && *it; it++)
		r = parse_tmpfs(c, *it, f);
	if (r < 0 || !c->n_mounts)
		return r;
	mountopt_sort(c);
	drop_repeated(c);
	/* As podman: which of the two was meant can't be known. */
	for (size_t i = 1; i < c->n_mounts; i++)
		if (!strcmp(c->mounts[i].destination, c->mounts[i - 1].destination))
			return refuse(f, EINVAL, "%.200s: duplicate mount destination", c->mounts[i].destination);
	return 0;
}
