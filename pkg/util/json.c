// SPDX-License-Identifier: Apache-2.0
#include "pkg/util/json.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/util/file.h"
#include "pkg/util/mem.h"

static const char *type_name(const json_t *j)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "a string",
		[JSON_INTEGER] = "a number", [JSON_REAL] = "a fraction", [JSON_TRUE] = "true",
		[JSON_FALSE] = "false", [JSON_NULL] = "null",
	};

	return names[json_typeof(j)];
}

static int wrong_type(const char *name, const char *want, const json_t *got, struct fail *f)
{
	return refuse(f, EBADMSG, "%s: %s is wanted, not %s", name, want, type_name(got));
}

static int read_number(const struct field *row, char *p, const json_t *v, struct fail *f)
{
	json_int_t n;

	if (!json_is_integer(v))
		return wrong_type(row->name, "a whole number", v, f);
	n = json_integer_value(v);
	if (row->kind == FK_I64) {
		*(int64_t *)p = n;
	} else if (row->kind == FK_U32) {
		if (n < 0 || n > UINT32_MAX)
			return refuse(f, ERANGE, "%s: %lld is out of range", row->name, (long long)n);
		*(uint32_t *)p = (uint32_t)n;
	} else {
		if (n < INT_MIN || n > INT_MAX)
			return refuse(f, ERANGE, "%s: %lld is out of range", row->name, (long long)n);
		*(int *)p = (int)n;
	}
	return 0;
}

static int read_strv(const struct field *row, char ***p, const json_t *v, struct fail *f)
{
	json_t *item;
	size_t i;

	if (!json_is_array(v))
		return wrong_type(row->name, "an array", v, f);
	strv_free_ptr(p);
	if (json_array_size(v))
		*p = mem_array(json_array_size(v) + 1, sizeof(char *));
	json_array_foreach(v, i, item)
	{
		if (!json_is_string(item)) {
			strv_free_ptr(p);
			return fail_in(f, wrong_type("element", "a string", item, f), "%s[%zu]", row->name, i);
		}
		(*p)[i] = mem_strdup(json_string_value(item));
	}
	return 0;
}

static int read_map(const struct field *row, char ***p, const json_t *v, struct fail *f)
{
	size_t n = 0;
	const char *key;
	json_t *item;

	if (!json_is_object(v))
		return wrong_type(row->name, "an object", v, f);
	strv_free_ptr(p);
	if (json_object_size(v))
		*p = mem_array(json_object_size(v) + 1, sizeof(char *));
	json_object_foreach((json_t *)v, key, item)
	{
		if (row->kind == FK_SET) {
			(*p)[n++] = mem_strdup(key);
		} else if (json_is_string(item)) {
			(*p)[n++] = mem_printf("%s=%s", key, json_string_value(item));
		} else if (!json_is_null(item)) {
			strv_free_ptr(p);
			return fail_in(f, wrong_type(key, "a string", item, f), "%s", row->name);
		}
	}
	return 0;
}

static int read_enum(const struct field *row, int *p, const json_t *v, struct fail *f)
{
	if (!json_is_string(v))
		return wrong_type(row->name, "a string", v, f);
	for (int i = 0; row->names[i]; i++) {
		if (!strcmp(row->names[i], json_string_value(v))) {
			*p = i;
			return 0;
		}
	}
	return refuse(f, EBADMSG, "%s: '%.60s' is not a word known here", row->name,
		      json_string_value(v));
}

static int read_text(const struct field *row, void *p, const json_t *v, struct fail *f)
{
	int r;

	if (!json_is_string(v))
		return wrong_type(row->name, "a string", v, f);
	r = row->parse(json_string_value(v), p, f);
	return r < 0 ? fail_in(f, r, "%s", row->name) : 0;
}

static int read_u32v(const struct field *row, struct u32v *p, const json_t *v, struct fail *f)
{
	json_t *item;
	size_t i;

	if (!json_is_array(v))
		return wrong_type(row->name, "an array", v, f);
	free(p->v);
	p->v = mem_array(json_array_size(v), sizeof(*p->v));
	p->n = json_array_size(v);
	json_array_foreach(v, i, item)
	{
		json_int_t n = json_integer_value(item);

		if (!json_is_integer(item) || n < 0 || n > UINT32_MAX)
			return refuse(f, ERANGE, "%s[%zu]: not a 32-bit number", row->name, i);
		p->v[i] = (uint32_t)n;
	}
	return 0;
}

static int read_array(const struct field *row, void *obj, const json_t *v, struct fail *f)
{
	size_t *count = (size_t *)(void *)((char *)obj + row->count_offset);
	char **items = (char **)(void *)((char *)obj + row->offset);
	json_t *item;
	size_t i;

	if (!json_is_array(v))
		return wrong_type(row->name, "an array", v, f);
	*items = json_array_size(v) ? mem_array(json_array_size(v), row->size) : NULL;
	*count = 0;
	json_array_foreach(v, i, item)
	{
		int r;

		(*count)++;
		r = jsonf_read(row->sub, *items + i * row->size, item, f);
		if (r < 0)
			return fail_in(f, r, "%s[%zu]", row->name, i);
	}
	return 0;
}

static int read_field(const struct field *row, void *obj, json_t *v, struct fail *f)
{
	char *p = (char *)obj + row->offset;
	int r;

	switch (row->kind) {
	case FK_STR:
		if (!json_is_string(v))
			return wrong_type(row->name, "a string", v, f);
		mem_replace((char **)(void *)p, mem_strdup(json_string_value(v)));
		return 0;
	case FK_BOOL:
		if (!json_is_boolean(v))
			return wrong_type(row->name, "true or false", v, f);
		*(bool *)p = json_is_true(v);
		return 0;
	case FK_I64:
	case FK_U32:
	case FK_INT:
		return read_number(row, p, v, f);
	case FK_STRV:
		return read_strv(row, (char ***)(void *)p, v, f);
	case FK_MAP:
	case FK_SET:
		return read_map(row, (char ***)(void *)p, v, f);
	case FK_OBJ:
		r = jsonf_read(row->sub, p, v, f);
		return r < 0 ? fail_in(f, r, "%s", row->name) : 0;
	case FK_ARRAY:
		return read_array(row, obj, v, f);
	case FK_ENUM:
		return read_enum(row, (int *)(void *)p, v, f);
	case FK_TEXT:
		return read_text(row, p, v, f);
	case FK_U32V:
		return read_u32v(row, (struct u32v *)(void *)p, v, f);
	case FK_JSON:
		json_decref(*(json_t **)(void *)p);
		*(json_t **)(void *)p = json_incref(v);
		return 0;
	case FK_END:
		break;
	}
	return 0;
}

int jsonf_read(const struct field *table, void *ret_obj, const json_t *from, struct fail *f)
{
	if (!json_is_object(from))
		return refuse(f, EBADMSG, "an object is wanted, not %s", type_name(from));
	for (const struct field *row = table; row->kind != FK_END; row++) {
		json_t *v = json_object_get(from, row->name);
		int r;

		if (!v || json_is_null(v)) {
			if (row->flags & FIELD_REQUIRED)
				return refuse(f, EBADMSG, "'%s' is missing", row->name);
			continue;
		}
		r = read_field(row, ret_obj, v, f);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Not every byte string is UTF-8, which JSON wants: such a one is written escaped, not dropped. */
static json_t *text_of(const char *text)
{
	json_t *j = json_string(text);

	if (!j) {
		auto_str struct str s = STR_INIT(SIZE_MAX / 2);

		str_add_escaped(&s, text);
		j = json_string(str_cstr(&s));
	}
	return j;
}

static json_t *map_of(char *const *v, bool is_set)
{
	json_t *o = json_object();

	strv_each(it, v) {
		const char *eq = is_set ? NULL : strchr(*it, '=');
		auto_free char *key = mem_strndup(*it, eq ? (size_t)(eq - *it) : strlen(*it));

		json_t *name = text_of(key);

		json_object_set_new(o, json_string_value(name),
				    is_set ? json_object() : text_of(eq ? eq + 1 : ""));
		json_decref(name);
	}
	return o;
}

json_t *jsonf_map(char *const *v)
{
	return map_of(v, false);
}

json_t *jsonf_set(char *const *v)
{
	return map_of(v, true);
}

static json_t *write_array(const struct field *row, const void *obj)
{
	size_t count = *(const size_t *)(const void *)((const char *)obj + row->count_offset);
	const char *items = *(char *const *)(const void *)((const char *)obj + row->offset);
	json_t *a = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(a, jsonf_write(row->sub, items + i * row->size));
	return a;
}

json_t *jsonf_strv(char *const *v)
{
	json_t *a = json_array();

	strv_each(it, v)
		json_array_append_new(a, text_of(*it));
	return a;
}

static json_t *write_text(const struct field *row, const void *p)
{
	auto_free char *text = row->format(p);

	return text ? text_of(text) : NULL;
}

static json_t *write_u32v(const struct u32v *p)
{
	json_t *a = json_array();

	for (size_t i = 0; i < p->n; i++)
		json_array_append_new(a, json_integer(p->v[i]));
	return a;
}

/* NULL: nothing to write. */
static json_t *write_field(const struct field *row, const void *obj)
{
	const void *p = (const char *)obj + row->offset;
	bool keep = row->flags & (FIELD_KEPT | FIELD_REQUIRED);
	json_t *j;

	switch (row->kind) {
	case FK_STR:
		return *(char *const *)p ? text_of(*(char *const *)p) : keep ? json_string("") : NULL;
	case FK_BOOL:
		return *(const bool *)p || keep ? json_boolean(*(const bool *)p) : NULL;
	case FK_I64:
		return *(const int64_t *)p || keep ? json_integer(*(const int64_t *)p) : NULL;
	case FK_U32:
		return *(const uint32_t *)p || keep ? json_integer(*(const uint32_t *)p) : NULL;
	case FK_INT:
		return *(const int *)p || keep ? json_integer(*(const int *)p) : NULL;
	case FK_STRV:
		return *(char **const *)p || keep ? jsonf_strv(*(char **const *)p) : NULL;
	case FK_MAP:
	case FK_SET:
		return *(char **const *)p || keep ? map_of(*(char **const *)p, row->kind == FK_SET) : NULL;
	case FK_OBJ:
		j = jsonf_write(row->sub, p);
		if (json_object_size(j) || keep)
			return j;
		json_decref(j);
		return NULL;
	case FK_ARRAY:
		j = write_array(row, obj);
		if (json_array_size(j) || keep)
			return j;
		json_decref(j);
		return NULL;
	case FK_ENUM:
		return *row->names[*(const int *)p] || keep ? json_string(row->names[*(const int *)p]) : NULL;
	case FK_TEXT:
		return write_text(row, p);
	case FK_U32V:
		return ((const struct u32v *)p)->n || keep ? write_u32v(p) : NULL;
	case FK_JSON:
		return *(json_t *const *)p ? json_incref(*(json_t *const *)p) : NULL;
	case FK_END:
		break;
	}
	return NULL;
}

json_t *jsonf_write(const struct field *table, const void *obj)
{
	json_t *o = json_object();

	for (const struct field *row = table; row->kind != FK_END; row++) {
		json_t *v = write_field(row, obj);

		if (v)
			json_object_set_new(o, row->name, v);
	}
	return o;
}

void jsonf_done(const struct field *table, void *obj)
{
	for (const struct field *row = table; row->kind != FK_END; row++) {
		char *p = (char *)obj + row->offset;

		switch (row->kind) {
		case FK_STR:
			mem_free_ptr(p);
			break;
		case FK_STRV:
		case FK_MAP:
		case FK_SET:
			strv_free_ptr((char ***)(void *)p);
			break;
		case FK_OBJ:
			jsonf_done(row->sub, p);
			break;
		case FK_JSON:
			jsonf_decref_ptr((json_t **)(void *)p);
			break;
		case FK_U32V:
			mem_free_ptr(&((struct u32v *)(void *)p)->v);
			((struct u32v *)(void *)p)->n = 0;
			break;
		case FK_ARRAY: {
			size_t *count = (size_t *)(void *)((char *)obj + row->count_offset);

			for (size_t i = 0; i < *count; i++)
				jsonf_done(row->sub, *(char **)(void *)p + i * row->size);
			mem_free_ptr(p);
			*count = 0;
			break;
		}
		default:
			break;
		}
	}
}

static size_t depth_of(const char *s, size_t len)
{
	size_t depth = 0, deepest = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		if (in_string) {
			if (s[i] == '\\')
				i++;
			else if (s[i] == '"')
				in_string = false;
		} else if (s[i] == '"') {
			in_string = true;
		} else if (s[i] == '{' || s[i] == '[') {
			if (++depth > deepest)
				deepest = depth;
		} else if ((s[i] == '}' || s[i] == ']') && depth) {
			depth--;
		}
	}
	return deepest;
}

json_t *jsonf_parse(const char *text, size_t len, size_t max, const char *what, struct fail *f)
{
	json_error_t e;
	json_t *j;

	if (len > (max ? max : 4 << 20)) {
		(void)refuse(f, EFBIG, "%s: %zu bytes are more than is allowed", what, len);
		return NULL;
	}
	if (depth_of(text, len) > JSON_DEPTH) {
		(void)refuse(f, EBADMSG, "%s: nested more than %d levels deep", what, JSON_DEPTH);
		return NULL;
	}
	j = json_loadb(text, len, JSON_REJECT_DUPLICATES, &e);
	if (!j) {
		auto_str struct str why = STR_INIT(1024);

		str_add_escaped(&why, e.text);
		(void)refuse(f, EBADMSG, "%s: not valid JSON: %s (line %d, column %d)", what,
			     str_cstr(&why), e.line, e.column);
	}
	return j;
}

json_t *jsonf_load(int dirfd, const char *name, size_t max, struct fail *f)
{
	auto_str struct str s = STR_INIT(max ? max : 4 << 20);
	int r = file_read(dirfd, name, &s);

	if (r < 0) {
		(void)fail(f, -r, "read '%s'", name);
		return NULL;
	}
	return jsonf_parse(str_cstr(&s), s.len, max, name, f);
}

/* DEL and the C1 controls (U+0080..9F, C2 80..9F in UTF-8), which drive some terminals as ESC does. */
static size_t hidden_at(const char *p)
{
	if (*p == '\x7f')
		return 1;
	return p[0] == '\xc2' && (unsigned char)p[1] >= 0x80 && (unsigned char)p[1] < 0xa0 ? 2 : 0;
}

static bool has_hidden(const char *s)
{
	for (; *s; s++)
		if (hidden_at(s))
			return true;
	return false;
}

/* jansson escapes what is below a blank; these can stand in strings alone, where \u is the same. */
static char *escape_hidden(char *owned)
{
	struct str s = STR_INIT(6 * strlen(owned) + 1);

	for (const char *p = owned; *p;) {
		size_t n = hidden_at(p);

		if (n)
			str_addf(&s, "\\u%04X", (unsigned char)p[n - 1]);
		else
			str_addc(&s, *p);
		p += n ? n : 1;
	}
	free(owned);
	return str_take(&s);
}

char *jsonf_text(const json_t *j, int indent)
{
	size_t flags = JSON_ENCODE_ANY | (indent > 0 ? JSON_INDENT((size_t)indent) : JSON_COMPACT);
	char *s = json_dumps(j, flags);

	if (!s)
		return mem_strdup("null");
	return has_hidden(s) ? escape_hidden(s) : s;
}

void jsonf_decref_ptr(json_t **j)
{
	json_decref(*j);
	*j = NULL;
}
