// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/image/change.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "pkg/util/mem.h"

/* ["a", "b"] or, in the shell's form, a command line for /bin/sh. */
static int argv_of(const char *value, bool shell, char ***ret, struct fail *f)
{
	char **v = NULL;

	if (*value == '[') {
		auto_json json_t *j = jsonf_parse(value, strlen(value), 0, "the instruction's array", f);
		const json_t *item;
		size_t i;

		if (!j)
			return -f->code;
		json_array_foreach(j, i, item) {
			if (!json_is_string(item)) {
				strv_free(v);
				return refuse(f, EINVAL, "the instruction's array holds something else than text");
			}
			strv_add(&v, json_string_value(item));
		}
	} else if (shell) {
		strv_add(&v, "/bin/sh");
		strv_add(&v, "-c");
		strv_add(&v, value);
	} else {
		v = strv_split(value, " \t", true);
	}
	strv_free(*ret);
	*ret = v;
	return 0;
}

static void unquote(char *s)
{
	size_t n = strlen(s);

	if (n >= 2 && (s[0] == '"' || s[0] == '\'') && s[n - 1] == s[0]) {
		memmove(s, s + 1, n - 2);
		s[n - 2] = '\0';
	}
}

/* "A=b C=d", or "A b c" with one name. Quoted values may hold blanks. */
static int pairs(char ***v, const char *value, const char *what, struct fail *f)
{
	const char *eq = strchr(value, '='), *blank = value + strcspn(value, " \t");

	if (!eq || blank < eq) {
		auto_free char *entry = NULL;

		if (!*blank)
			return refuse(f, EINVAL, "%s wants NAME=VALUE", what);
		entry = mem_printf("%.*s=%s", (int)(blank - value), value, blank + strspn(blank, " \t"));
		strv_env_set(v, entry);
		return 0;
	}
	for (const char *p = value; *p; p += strspn(p, " \t")) {
		auto_free char *entry = NULL;
		const char *from = p;
		char quote = 0;

		for (; *p && (quote || (*p != ' ' && *p != '\t')); p++) {
			if (quote && *p == quote)
				quote = 0;
			else if (!quote && (*p == '"' || *p == '\''))
				quote = *p;
		}
		entry = mem_strndup(from, (size_t)(p - from));
		if (!strchr(entry, '=') || *entry == '=')
			return refuse(f, EINVAL, "%s wants NAME=VALUE", what);
		unquote(strchr(entry, '=') + 1);
		strv_env_set(v, entry);
	}
	return 0;
}

static int add_words(char ***v, const char *value, const char *suffix, struct fail *f)
{
	auto_strv char **words = NULL;
	int r = argv_of(value, false, &words, f);

	strv_each(it, words) {
		auto_free char *w = mem_printf("%s%s", *it, strchr(*it, '/') ? "" : suffix);

		if (r == 0 && !strv_has(*v, w))
			strv_add(v, w);
	}
	return r;
}

static int apply(struct image_run_config *c, const char *what, const char *value, struct fail *f)
{
	if (!strcasecmp(what, "CMD"))
		return argv_of(value, true, &c->cmd, f);
	if (!strcasecmp(what, "ENTRYPOINT"))
		return argv_of(value, true, &c->entrypoint, f);
	if (!strcasecmp(what, "ENV"))
		return pairs(&c->env, value, what, f);
	if (!strcasecmp(what, "LABEL"))
		return pairs(&c->labels, value, what, f);
	if (!strcasecmp(what, "EXPOSE"))
		return add_words(&c->exposed_ports, value, "/tcp", f);
	if (!strcasecmp(what, "VOLUME"))
		return add_words(&c->volumes, value, "", f);
	if (!strcasecmp(what, "ONBUILD"))
		strv_add(&c->on_build, value);
	else if (!strcasecmp(what, "USER"))
		mem_replace(&c->user, mem_strdup(value));
	else if (!strcasecmp(what, "WORKDIR"))
		mem_replace(&c->working_dir, mem_strdup(value));
	else if (!strcasecmp(what, "STOPSIGNAL"))
		mem_replace(&c->stop_signal, mem_strdup(value));
	else
		return refuse(f, EINVAL, "'%.40s' is none of CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, "
			      "STOPSIGNAL, USER, VOLUME, WORKDIR", what);
	return 0;
}

int image_change(struct image_run_config *c, const char *change, struct fail *f)
{
	size_t n = 0;
	auto_free char *what = NULL;
	const char *value;
	int r;

	while (isalpha((unsigned char)change[n]))
		n++;
	what = mem_strndup(change, n);
	value = change + n;
	value += strspn(value, " \t");
	if (*value == '=')
		value++;
	value += strspn(value, " \t");
	if (!n || !*value)
		(void)refuse(f, EINVAL, "an instruction and its value are wanted");
	r = f->code ? -f->code : apply(c, what, value, f);
	return r < 0 ? fail_in(f, r, "--change '%.200s'", change) : 0;
}
