// SPDX-License-Identifier: Apache-2.0
#include "cmd/names.h"

#include <errno.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "pkg/util/near.h"
#include "pkg/util/str.h"

/*
 * What podman 6.0-dev has beyond rbox. A noun stands for all its commands. What becomes a command of rbox is found
 * in command_table before anybody looks here.
 */
static const struct { const char *path, *hint; } elsewhere[] = {
	{ "artifact", NULL }, { "auto-update", NULL }, { "build", NULL }, { "builder", NULL }, { "buildx", NULL },
	{ "compose", NULL }, { "farm", NULL }, { "generate", NULL }, { "image build", NULL },
	{ "image mount", "'rbox export' and 'rbox cp' read a container's files, made by 'rbox create IMAGE'" },
	{ "image prune", "'rbox rmi $(rbox images -q --filter dangling=true)' removes what has no name" },
	{ "image push", NULL }, { "image save", NULL }, { "image scp", NULL }, { "image search", NULL },
	{ "image sign", NULL }, { "image tree", "'rbox history IMAGE' lists the layers" }, { "image trust", NULL },
	{ "image unmount", NULL }, { "image umount", NULL }, { "kube", NULL },
	{ "login", "'rbox pull --creds USER:PASSWORD', --authfile, or what podman or docker login have saved" },
	{ "logout", NULL }, { "manifest", NULL },
	{ "mount", "'rbox cp' and 'rbox export' read a container's files" },
	{ "network", "'rbox run --network' knows slirp4netns (the default), host and none" },
	{ "play", NULL }, { "pod", NULL }, { "push", NULL }, { "quadlet", NULL }, { "save", NULL }, { "search", NULL },
	{ "system check", NULL }, { "system connection", NULL }, { "system df", NULL }, { "system migrate", NULL },
	{ "system prune", "'rbox container prune', 'rbox volume prune', 'rbox rmi -a'" },
	{ "system renumber", NULL }, { "system reset", "'rbox rm -f -a', 'rbox rmi -a', 'rbox volume prune'" },
	{ "system service", NULL }, { "umount", NULL }, { "unmount", NULL }, { "unshare", NULL },
	{ "volume export", NULL }, { "volume import", NULL }, { "volume mount", NULL }, { "volume reload", NULL },
	{ "volume unmount", NULL }, { "container mount", NULL }, { "container unmount", NULL },
	{ "container umount", NULL }, { "container clone", NULL }, { "container runlabel", NULL },
};

/* What rbox isn't to have. */
static const char *const never[] = { "machine", "container checkpoint", "container restore" };

static bool has_name(const struct command *c, const char *name)
{
	if (!strcmp(c->name, name))
		return true;
	for (const char *const *a = c->aliases; a && *a; a++)
		if (!strcmp(*a, name))
			return true;
	return false;
}

/* Whether podman has it; F says then that rbox has not. */
static bool is_elsewhere(const char *path, struct fail *f)
{
	for (size_t i = 0; i < ARRAY_LEN(never); i++) {
		if (strcmp(never[i], path))
			continue;
		(void)refuse(f, EINVAL, "rbox has no '%s', and isn't meant to have it", path);
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++) {
		if (strcmp(elsewhere[i].path, path))
			continue;
		(void)refuse(f, EINVAL, "rbox has no '%s' yet", path);
		fail_hint(f, "%s", elsewhere[i].hint ? elsewhere[i].hint : "'rbox help' lists what it has");
		return true;
	}
	return false;
}

static int unknown(const struct command *const *table, const char *noun, const char *path, const char *word,
		   struct fail *f)
{
	auto_strv char **names = NULL;
	auto_str struct str shown = STR_INIT(256);
	auto_free char *cut = mem_strndup(word, 60);
	const char *near;

	if (is_elsewhere(path, f))
		return -f->code;
	str_add_escaped(&shown, cut);
	for (; *table; table++)
		if (*(*table)->summary)
			strv_add(&names, (*table)->name);
	near = near_word(word, names);
	(void)refuse(f, EINVAL, "unrecognized command `rbox %s%s%s`", noun, *noun ? " " : "", str_cstr(&shown));
	if (near)
		fail_hint(f, "did you mean `rbox %s%s%s`?", noun, *noun ? " " : "", near);
	else
		fail_hint(f, "see 'rbox %s%s--help'", noun, *noun ? " " : "");
	return -EINVAL;
}

const struct command *command_find(const struct command *const *table, const char *name)
{
	for (; *table; table++)
		if (has_name(*table, name))
			return *table;
	return NULL;
}

int command_step(const struct command **c, char **path, const char *word, struct fail *f)
{
	const struct command *const *table = *c ? (*c)->subs : command_table;
	const struct command *found = command_find(table, word);
	auto_free char *longer = mem_printf("%s%s%s", *path, **path ? " " : "", word);

	if (!found)
		return unknown(table, *path, longer, word, f);
	*c = found;
	mem_replace(path, mem_take(&longer));
	return 0;
}
