// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/filter.h"

#include <errno.h>
#include <locale.h>
#include <regex.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "pkg/util/str.h"

/* The value of FILTER when its key is KEY, else NULL. */
static const char *value_of(const char *filter, const char *key)
{
	size_t n = strlen(key);

	return !strncmp(filter, key, n) && filter[n] == '=' ? filter + n + 1 : NULL;
}

int filter_check(char *const *filters, const char *const *keys, struct fail *f)
{
	auto_strv char **known = NULL;
	auto_free char *list = NULL;

	for (const char *const *k = keys; *k; k++)
		strv_add(&known, *k);
	list = strv_join(known, ", ");
	strv_each(it, filters) {
		auto_free char *key = mem_strndup(*it, strcspn(*it, "="));

		if (!strchr(*it, '='))
			return refuse(f, EINVAL, "invalid filter \"%.60s\": KEY=VALUE is wanted", *it);
		if (!strv_has(known, key)) {
			(void)refuse(f, EINVAL, "%.60s is an invalid filter", key);
			fail_hint(f, "the filters are %s", list);
			return -EINVAL;
		}
	}
	return 0;
}

bool filter_any(char *const *filters, const char *key, bool (*match)(const char *value, const void *ctx),
		const void *ctx)
{
	bool asked = false;

	strv_each(it, filters) {
		const char *value = value_of(*it, key);

		if (value && match(value, ctx))
			return true;
		asked |= value != NULL;
	}
	return !asked;
}

bool filter_has(char *const *filters, const char *key)
{
	strv_each(it, filters)
		if (value_of(*it, key))
			return true;
	return false;
}

static bool has_label(char *const *labels, const char *wanted)
{
	const char *eq = strchr(wanted, '=');
	auto_free char *key = mem_strndup(wanted, eq ? (size_t)(eq - wanted) : strlen(wanted));
	const char *value = strv_env_get(labels, key);

	return value && (!eq || !strcmp(value, eq + 1));
}

bool filter_labels(char *const *filters, char *const *labels)
{
	strv_each(it, filters) {
		const char *want = value_of(*it, "label");
		const char *deny = value_of(*it, "label!");

		if ((want && !has_label(labels, want)) || (deny && has_label(labels, deny)))
			return false;
	}
	return true;
}

static bool regex_hits(const char *pattern, const char *text)
{
	regex_t re;
	bool hit;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB))
		return !strcmp(pattern, text);
	hit = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return hit;
}

static bool is_ascii(const char *text)
{
	while (*text && !(*text & 0x80))
		text++;
	return !*text;
}

bool filter_regex(const char *pattern, const char *text)
{
	locale_t utf8, before;
	bool hit;

	if (is_ascii(text))
		return regex_hits(pattern, text);
	/* Its '.' is a character, whatever the caller's LANG (as in podman). Only now: it reads files. */
	utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (utf8 == (locale_t)0)
		return regex_hits(pattern, text);
	before = uselocale(utf8);
	hit = regex_hits(pattern, text);
	(void)uselocale(before);
	freelocale(utf8);
	return hit;
}
