// SPDX-License-Identifier: Apache-2.0
/* From some settings of a cgroup v2 to others (the kernel's admin-guide/cgroup-v2). */
#include <string.h>

#include "pkg/engine/resource.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

/* Files of which each line is a limit of its own, and writing one leaves the others. */
static bool by_line(const char *file)
{
	return str_eq(file, "io.max") || str_eq(file, "io.weight");
}

static char *file_of(const char *setting)
{
	return mem_strndup(setting, strcspn(setting, "="));
}

static void add_line(char **lines, const char *line)
{
	mem_replace(lines, *lines && **lines ? mem_printf("%s\n%s", *lines, line) : mem_strdup(line));
}

/* What is in FILE once all of V is written; NULL: V doesn't write it. Caller frees. */
static char *value_of(char *const *v, const char *file)
{
	char *value = NULL;

	strv_each(it, v) {
		auto_free char *name = file_of(*it);

		if (!str_eq(name, file))
			continue;
		if (!by_line(file))
			mem_replace(&value, NULL);
		add_line(&value, *it + strlen(file) + 1);
	}
	return value;
}

static const char *no_limit(const char *file)
{
	return str_eq(file, "memory.low") ? "0" : str_eq(file, "cpu.weight") ? "100" :
	       str_eq(file, "cpu.max") ? "max 100000" : str_starts(file, "cpuset.") ? "" : "max";
}

/* "8:0 rbps=" of a line of io.max, "8:0 " and "default " of io.weight: as long as this. */
static size_t key_len(const char *line)
{
	const char *end = strchr(line, '=');

	if (!end)
		end = strrchr(line, ' ');
	return end ? (size_t)(end + 1 - line) : 0;
}

/* The lines that take away those limits of OLD's lines that NEW's lines don't have. NULL: none. Caller frees. */
static char *lines_away(const char *old, const char *new)
{
	auto_strv char **from = strv_split(old, "\n", true);
	auto_strv char **to = strv_split(new, "\n", true);
	char *away = NULL;

	strv_each(it, from) {
		auto_free char *key = mem_strndup(*it, key_len(*it));
		auto_free char *line = mem_printf("%s%s", key, str_ends(key, "=") ? "max" :
						  str_eq(key, "default ") ? "100" : "default");
		bool stays = false;

		strv_each(other, to)
			stays |= str_starts(*other, key);
		if (!stays)
			add_line(&away, line);
	}
	return away;
}

static void add_change(char ***v, const char *file, char *const *old, char *const *new)
{
	auto_free char *is = value_of(old, file);
	auto_free char *will = value_of(new, file);
	auto_free char *value = NULL;

	if (str_eq(is, will))
		return;
	if (by_line(file))
		value = is ? lines_away(is, will ? will : "") : NULL;
	if (will && *will)
		add_line(&value, will);
	strv_addf(v, "%s=%s", file, value ? value : will ? "" : no_limit(file));
}

char **resource_changes(char *const *old, char *const *new)
{
	auto_strv char **files = NULL;
	char **v = NULL;

	for (int i = 0; i < 2; i++)
		strv_each(it, i ? new : old) {
			auto_free char *file = file_of(*it);

			if (strv_has(files, file))
				continue;
			strv_add(&files, file);
			add_change(&v, file, old, new);
		}
	return v;
}
