// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "pkg/util/template_impl.h"

enum { NESTED_MAX = 100 };

struct style {
	unsigned indent;
	bool html;
};

static void add_string(struct str *out, const json_t *j, bool html)
{
	const char *s = json_string_value(j);
	size_t left = json_string_length(j);

	str_addc(out, '"');
	while (left && !str_failed(out)) {
		uint32_t c = 0;
		size_t n = str_utf8(s, left, &c);

		if (!n)
			str_add(out, "\\ufffd");
		else if (c == '"' || c == '\\')
			str_addf(out, "\\%c", (int)c);
		else if (c == '\n' || c == '\r' || c == '\t')
			str_add(out, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
		else if (c < 0x20 || c == 0x2028 || c == 0x2029 ||
			 (html && (c == '<' || c == '>' || c == '&')))
			str_addf(out, "\\u%04x", c);
		else
			str_addn(out, s, n);
		s += n ? n : 1;
		left -= n ? n : 1;
	}
	str_addc(out, '"');
}

static void add_real(struct str *out, double v)
{
	char buf[64], *e;
	size_t n;

	print_float(buf, sizeof(buf), v, -6, 21);
	/* Go's encoder writes 1e-7 where its fmt writes 1e-07. */
	e = strstr(buf, "e-0");
	n = strlen(buf);
	if (e)
		memmove(e + 2, e + 3, (size_t)(buf + n - (e + 2)));
	str_add(out, buf);
}

static void new_line(struct str *out, const struct style *s, unsigned depth)
{
	if (s->indent)
		str_addf(out, "\n%*s", (int)(s->indent * depth), "");
}

static void add(struct str *out, const json_t *j, const struct style *s, unsigned depth);

static void add_members(struct str *out, const json_t *j, const struct style *s, unsigned depth)
{
	bool first = true;
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)j, key, v)
	{
		json_t *name = json_stringn_nocheck(key, strlen(key));

		if (!first)
			str_addc(out, ',');
		first = false;
		new_line(out, s, depth + 1);
		add_string(out, name, s->html);
		json_decref(name);
		str_add(out, s->indent ? ": " : ":");
		add(out, v, s, depth + 1);
	}
	if (!first)
		new_line(out, s, depth);
}

static void add(struct str *out, const json_t *j, const struct style *s, unsigned depth)
{
	size_t n;

	if (depth > NESTED_MAX || !j) {
		str_add(out, "null");
		return;
	}
	switch (json_typeof(j)) {
	case JSON_OBJECT:
		str_addc(out, '{');
		add_members(out, j, s, depth);
		str_addc(out, '}');
		break;
	case JSON_ARRAY:
		n = json_array_size(j);
		str_addc(out, '[');
		for (size_t i = 0; i < n; i++) {
			if (i)
				str_addc(out, ',');
			new_line(out, s, depth + 1);
			add(out, json_array_get(j, i), s, depth + 1);
		}
		if (n)
			new_line(out, s, depth);
		str_addc(out, ']');
		break;
	case JSON_STRING:
		add_string(out, j, s->html);
		break;
	case JSON_INTEGER:
		str_addf(out, "%lld", (long long)json_integer_value(j));
		break;
	case JSON_REAL:
		add_real(out, json_real_value(j));
		break;
	default:
		str_add(out, json_is_true(j) ? "true" : json_is_false(j) ? "false" : "null");
	}
}

void template_add_json(struct str *out, const json_t *j, unsigned indent, bool html)
{
	const struct style s = { .indent = indent, .html = html };

	add(out, j, &s, 0);
}
