// SPDX-License-Identifier: Apache-2.0
#include "registry/toml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "registry/toml_scan.h"

/*
 * How a table came to be decides what may still be added to it: a [header] may define
 * what other headers only passed through; dotted keys extend only what dotted keys made;
 * an inline table is closed.
 */
enum origin { PASSED, HEADER, DOTTED, CLOSED, ARRAY_OF_TABLES };

struct toml_table {
	const json_t *j;
	enum origin origin;
};

int toml_bad(struct toml *t, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return refuse(t->f, EBADMSG, "%s: line %zu: %s", t->what, t->line, text);
}

void toml_skip_blank(struct toml *t)
{
	t->p += strspn(t->p, " \t");
}

bool toml_take(struct toml *t, char c)
{
	if (*t->p != c || t->p >= t->end)
		return false;
	t->p++;
	return true;
}

static bool take_newline(struct toml *t)
{
	if (t->p[0] == '\r' && t->p[1] == '\n')
		t->p++;
	if (!toml_take(t, '\n'))
		return false;
	t->line++;
	return true;
}

static int skip_comment(struct toml *t)
{
	if (!toml_take(t, '#'))
		return 0;
	for (; t->p < t->end && *t->p != '\n'; t->p++) {
		unsigned char c = (unsigned char)*t->p;

		if (c == '\r' && t->p[1] == '\n')
			return 0;
		if ((c < ' ' && c != '\t') || c == 0x7f)
			return toml_bad(t, "a control character in a comment");
	}
	return 0;
}

int toml_skip_lines(struct toml *t)
{
	do {
		toml_skip_blank(t);
		if (skip_comment(t) < 0)
			return -EBADMSG;
	} while (take_newline(t));
	return 0;
}

/* The rest of a line after a value or a header. */
static int end_line(struct toml *t)
{
	toml_skip_blank(t);
	if (skip_comment(t) < 0)
		return -EBADMSG;
	if (t->p >= t->end || take_newline(t))
		return 0;
	return toml_bad(t, "something stands where the line should end");
}

int toml_enter(struct toml *t)
{
	return ++t->depth <= TOML_DEPTH ? 0 : toml_bad(t, "nested more than %d levels deep", TOML_DEPTH);
}

void toml_leave(struct toml *t)
{
	t->depth--;
}

static struct toml_table *find(struct toml *t, const json_t *j)
{
	/* The latest is the likeliest. */
	for (size_t i = t->n_tables; i > 0; i--)
		if (t->tables[i - 1].j == j)
			return &t->tables[i - 1];
	return NULL;
}

static int note(struct toml *t, const json_t *j, enum origin origin)
{
	if (t->n_tables >= TOML_TABLES)
		return toml_bad(t, "more than %d tables", TOML_TABLES);
	t->tables[t->n_tables++] = (struct toml_table){ j, origin };
	return 0;
}

/* A new object or array at KEY of TABLE; borrowed. */
static json_t *add(struct toml *t, json_t *table, const char *key, enum origin origin)
{
	json_t *j = origin == ARRAY_OF_TABLES ? json_array() : json_object();

	json_object_set_new(table, key, j);
	return note(t, j, origin) < 0 ? NULL : j;
}

json_t *toml_inline_table(struct toml *t)
{
	json_t *j = json_object();

	if (note(t, j, CLOSED) >= 0)
		return j;
	json_decref(j);
	return NULL;
}

static bool is_bare(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '-';
}

/* One part of a dotted key. Caller frees; NULL with F set. */
static char *take_key(struct toml *t)
{
	const char *from = t->p;

	if (*t->p == '"' || *t->p == '\'') {
		auto_json json_t *s = NULL;

		if (!strncmp(t->p, "\"\"\"", 3) || !strncmp(t->p, "'''", 3)) {
			(void)toml_bad(t, "a key is on one line");
			return NULL;
		}
		s = toml_string(t);
		return s ? mem_strdup(json_string_value(s)) : NULL;
	}
	while (is_bare(*t->p))
		t->p++;
	if (t->p == from) {
		(void)toml_bad(t, "a key is wanted");
		return NULL;
	}
	return mem_strndup(from, (size_t)(t->p - from));
}

/* "a . b.'c'" as a list. NULL with F set. */
static char **take_keys(struct toml *t)
{
	char **keys = NULL;

	do {
		char *key;

		toml_skip_blank(t);
		key = take_key(t);
		if (!key || strv_len(keys) >= TOML_DEPTH) {
			if (key)
				(void)toml_bad(t, "nested more than %d levels deep", TOML_DEPTH);
			free(key);
			strv_free(keys);
			return NULL;
		}
		strv_add_take(&keys, key);
		toml_skip_blank(t);
	} while (toml_take(t, '.'));
	return keys;
}

static int bad_key(struct toml *t, const char *key, const char *why)
{
	auto_str struct str seen = STR_INIT(512);
	auto_free char *cut = mem_strndup(key, 100);

	str_add_escaped(&seen, cut);
	return toml_bad(t, "'%s' %s", str_cstr(&seen), why);
}

/* The table KEY of TABLE, through which a header passes; borrowed. */
static json_t *pass(struct toml *t, json_t *table, const char *key)
{
	json_t *j = json_object_get(table, key);
	struct toml_table *known;

	if (!j)
		return add(t, table, key, PASSED);
	known = find(t, j);
	if (known && known->origin == ARRAY_OF_TABLES)
		return json_array_get(j, json_array_size(j) - 1);
	if (known && known->origin != CLOSED)
		return j;
	(void)bad_key(t, key, "is a value already, not a table that can be added to");
	return NULL;
}

/* [a.b]: the table to fill; borrowed. */
static json_t *define(struct toml *t, json_t *table, const char *key)
{
	json_t *j = json_object_get(table, key);
	struct toml_table *known = j ? find(t, j) : NULL;

	if (!j)
		return add(t, table, key, HEADER);
	if (known && known->origin == PASSED) {
		known->origin = HEADER;
		return j;
	}
	(void)bad_key(t, key, "is defined twice");
	return NULL;
}

/* [[a.b]]: a new element to fill; borrowed. */
static json_t *append(struct toml *t, json_t *table, const char *key)
{
	json_t *array = json_object_get(table, key);
	struct toml_table *known = array ? find(t, array) : NULL;
	json_t *j;

	if (array && (!known || known->origin != ARRAY_OF_TABLES)) {
		(void)bad_key(t, key, "is defined already, and not as an array of tables");
		return NULL;
	}
	if (!array)
		array = add(t, table, key, ARRAY_OF_TABLES);
	if (!array)
		return NULL;
	j = json_object();
	json_array_append_new(array, j);
	return note(t, j, HEADER) < 0 ? NULL : j;
}

/* [a.b] or [[a.b]] */
static json_t *take_header(struct toml *t, json_t *root)
{
	bool array;
	auto_strv char **keys = NULL;
	json_t *table = root;
	size_t i;

	t->p++;
	array = toml_take(t, '[');
	keys = take_keys(t);
	if (!keys)
		return NULL;
	if (!toml_take(t, ']') || (array && !toml_take(t, ']'))) {
		(void)toml_bad(t, "a table's header ends in '%s'", array ? "]]" : "]");
		return NULL;
	}
	for (i = 0; keys[i + 1]; i++) {
		table = pass(t, table, keys[i]);
		if (!table)
			return NULL;
	}
	table = array ? append(t, table, keys[i]) : define(t, table, keys[i]);
	return table && end_line(t) >= 0 ? table : NULL;
}

int toml_pair(struct toml *t, json_t *table)
{
	auto_strv char **keys = take_keys(t);
	json_t *value;
	size_t i;

	if (!keys)
		return -EBADMSG;
	for (i = 0; keys[i + 1]; i++) {
		json_t *next = json_object_get(table, keys[i]);
		struct toml_table *known = next ? find(t, next) : NULL;

		if (next && (!known || known->origin != DOTTED))
			return bad_key(t, keys[i], "is defined already");
		table = next ? next : add(t, table, keys[i], DOTTED);
		if (!table)
			return -EBADMSG;
	}
	if (json_object_get(table, keys[i]))
		return bad_key(t, keys[i], "is defined twice");
	if (!toml_take(t, '='))
		return toml_bad(t, "'=' is wanted after a key");
	toml_skip_blank(t);
	value = toml_value(t);
	if (!value)
		return -EBADMSG;
	json_object_set_new(table, keys[i], value);
	return 0;
}

static int parse_all(struct toml *t, json_t *root)
{
	json_t *table = root;

	for (;;) {
		if (toml_skip_lines(t) < 0)
			return -EBADMSG;
		if (t->p >= t->end)
			return 0;
		if (*t->p == '[') {
			table = take_header(t, root);
			if (!table)
				return -EBADMSG;
		} else if (toml_pair(t, table) < 0 || end_line(t) < 0) {
			return -EBADMSG;
		}
	}
}

/* All of the text must be UTF-8, comments too, and have no NUL. */
static int check_text(struct toml *t, size_t len)
{
	json_t *whole;

	if (len > TOML_MAX)
		return refuse(t->f, EFBIG, "%s: %zu bytes are more than is allowed", t->what, len);
	if (memchr(t->p, '\0', len))
		return refuse(t->f, EBADMSG, "%s: it contains a NUL byte", t->what);
	whole = json_stringn(t->p, len);
	json_decref(whole);
	return whole ? 0 : refuse(t->f, EBADMSG, "%s: it is not UTF-8", t->what);
}

json_t *toml_parse(const char *text, size_t len, const char *what, struct fail *f)
{
	struct toml t = { .p = text, .line = 1, .what = what, .f = f };
	auto_free char *copy = NULL;
	json_t *root;

	if (check_text(&t, len) < 0)
		return NULL;
	/* Terminated, so that looking one character ahead is always allowed. */
	copy = mem_strndup(text, len);
	t.p = copy;
	t.end = copy + len;
	if (str_starts(t.p, "\xef\xbb\xbf"))
		t.p += 3;
	t.tables = mem_array(TOML_TABLES, sizeof(*t.tables));
	root = json_object();
	if (parse_all(&t, root) < 0) {
		json_decref(root);
		root = NULL;
	}
	free(t.tables);
	return root;
}
