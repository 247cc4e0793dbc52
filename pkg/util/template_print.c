// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "pkg/util/template_impl.h"

/* Widths and precisions past this are refused, as Go does at a million. */
enum { WIDTH_MAX = 10000, PRINT_DEPTH = 80 };

struct spec {
	bool minus, plus, space, zero, sharp;
	int width;	/* -1: none */
	int precision;	/* -1: none */
	char verb;
	const struct template_env *env;
};

/* The shortest digits that read back as V; by %e below 10^LOW and from 10^HIGH on. */
void print_float(char *buf, size_t size, double v, int low, int high)
{
	char digits[32] = "", text[40];
	int exponent, n, prec = 0;

	do
		snprintf(text, sizeof(text), "%.*e", prec, v);
	while (strtod(text, NULL) != v && ++prec < 17);
	exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
	if (exponent < low || exponent >= high) {
		snprintf(buf, size, "%s", text);
		return;
	}
	n = prec - exponent;
	snprintf(digits, sizeof(digits), "%.*f", n > 0 ? (n < 28 ? n : 28) : 0, v);
	snprintf(buf, size, "%s", digits);
}

static size_t runes(const char *s, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; count++) {
		size_t len = str_utf8(s + i, n - i, NULL);

		i += len ? len : 1;
	}
	return count;
}

static void fill(struct str *out, char c, size_t n)
{
	while (n-- && !str_failed(out))
		str_addc(out, c);
}

static void pad(struct str *out, const struct spec *s, const char *text, size_t n)
{
	size_t have = s->width > 0 ? runes(text, n) : 0;
	size_t want = s->width > 0 ? (size_t)s->width : 0;
	size_t more = want > have ? want - have : 0;
	size_t sign = n && (*text == '-' || *text == '+' || *text == ' ') ? 1 : 0;

	if (s->minus) {
		str_addn(out, text, n);
		fill(out, ' ', more);
	} else if (s->zero) {
		str_addn(out, text, sign);
		fill(out, '0', more);
		str_addn(out, text + sign, n - sign);
	} else {
		fill(out, ' ', more);
		str_addn(out, text, n);
	}
}

static bool unprintable(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0xad || (c >= 0x2000 && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202f) || c == 0xfeff || (c >= 0xe000 && c <= 0xf8ff);
}

/* As Go's strconv.Quote. */
static void quote(struct str *out, const char *s, size_t n)
{
	static const char from[] = "\a\b\f\n\r\t\v\\\"", to[] = "abfnrtv\\\"";

	str_addc(out, '"');
	for (size_t i = 0; i < n;) {
		uint32_t c = 0;
		size_t len = str_utf8(s + i, n - i, &c);
		const char *known = len == 1 && c ? strchr(from, (int)c) : NULL;

		if (known) {
			str_addc(out, '\\');
			str_addc(out, to[known - from]);
		} else if (!len) {
			str_addf(out, "\\x%02x", (unsigned char)s[i]);
		} else if (!unprintable(c)) {
			str_addn(out, s + i, len);
		} else {
			str_addf(out, c < 0x80 ? "\\x%02x" : "\\u%04x", c);
		}
		i += len ? len : 1;
	}
	str_addc(out, '"');
}

static const char *type_name(const json_t *j)
{
	switch (j ? json_typeof(j) : JSON_NULL) {
	case JSON_OBJECT:
		return "map[string]interface {}";
	case JSON_ARRAY:
		return "[]interface {}";
	case JSON_STRING:
		return "string";
	case JSON_INTEGER:
		return "int";
	case JSON_REAL:
		return "float64";
	case JSON_TRUE:
	case JSON_FALSE:
		return "bool";
	default:
		return "<nil>";
	}
}

static void print(struct str *out, const struct spec *s, const struct value *v, int depth);

static void bad_verb(struct str *out, const struct spec *s, const struct value *v, int depth)
{
	struct spec plain = { .width = -1, .precision = -1, .verb = 'v', .env = s->env };

	str_addf(out, "%%!%c(", s->verb);
	if (v->j && !json_is_null(v->j))
		str_addf(out, "%s=", type_name(v->j));
	print(out, &plain, v, depth);
	str_addc(out, ')');
}

static void add_hex(struct str *out, const struct spec *s, const char *text, size_t n)
{
	for (size_t i = 0; i < n && !str_failed(out); i++)
		str_addf(out, s->verb == 'x' ? "%02x" : "%02X", (unsigned char)text[i]);
}

static bool print_string(struct str *tmp, const struct spec *s, const json_t *j)
{
	const char *text = json_string_value(j);
	size_t n = json_string_length(j), cut = 0;

	if (s->precision >= 0) {
		for (int i = 0; cut < n && i < s->precision; i++) {
			size_t len = str_utf8(text + cut, n - cut, NULL);

			cut += len ? len : 1;
		}
		n = cut;
	}
	if (s->verb == 'q' || (s->verb == 'v' && s->sharp))
		quote(tmp, text, n);
	else if (s->verb == 'x' || s->verb == 'X')
		add_hex(tmp, s, text, n);
	else if (s->verb == 's' || s->verb == 'v')
		str_addn(tmp, text, n);
	else
		return false;
	return true;
}

static void add_base(struct str *tmp, uint64_t v, unsigned base, bool upper)
{
	char buf[65];
	size_t i = sizeof(buf);

	do {
		buf[--i] = (upper ? "0123456789ABCDEF" : "0123456789abcdef")[v % base];
		v /= base;
	} while (v);
	str_addn(tmp, buf + i, sizeof(buf) - i);
}

static bool print_int(struct str *tmp, const struct spec *s, const json_t *j)
{
	static const char verbs[] = "vdxXob";
	static const unsigned bases[] = { 10, 10, 16, 16, 8, 2 };
	json_int_t v = json_integer_value(j);
	uint64_t size = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	const char *known = strchr(verbs, s->verb);

	if (s->verb == 'c' || s->verb == 'q') {
		if (s->verb == 'q')
			str_addc(tmp, '\'');
		str_add_rune(tmp, v >= 0 && v <= 0x10ffff ? (uint32_t)v : 0xfffd);
		if (s->verb == 'q')
			str_addc(tmp, '\'');
		return true;
	}
	if (s->verb == 'U') {
		str_addf(tmp, "U+%04llX", (unsigned long long)v);
		return true;
	}
	if (!known)
		return false;
	if (v < 0 || s->plus || s->space)
		str_addc(tmp, v < 0 ? '-' : s->plus ? '+' : ' ');
	if (s->sharp && bases[known - verbs] == 16)
		str_add(tmp, s->verb == 'x' ? "0x" : "0X");
	add_base(tmp, size, bases[known - verbs], s->verb == 'X');
	return true;
}

static bool print_real(struct str *tmp, const struct spec *s, const json_t *j)
{
	double v = json_real_value(j);
	char shortest[64];

	if (!strchr("vgGeEfF", s->verb))
		return false;
	if (v >= 0 && (s->plus || s->space))
		str_addc(tmp, s->plus ? '+' : ' ');
	if (strchr("vgG", s->verb) && s->precision < 0) {
		print_float(shortest, sizeof(shortest), v, -4, 6);
		str_add(tmp, shortest);
		return true;
	}
	switch (s->verb) {
	case 'e':
	case 'E':
		str_addf(tmp, s->verb == 'e' ? "%.*e" : "%.*E", s->precision < 0 ? 6 : s->precision, v);
		break;
	case 'f':
	case 'F':
		str_addf(tmp, "%.*f", s->precision < 0 ? 6 : s->precision, v);
		break;
	default:
		str_addf(tmp, s->verb == 'G' ? "%.*G" : "%.*g", s->precision, v);
	}
	return true;
}

static bool print_scalar(struct str *tmp, struct spec *s, const json_t *j)
{
	switch (json_typeof(j)) {
	case JSON_STRING:
		return print_string(tmp, s, j);
	case JSON_INTEGER:
		return print_int(tmp, s, j);
	case JSON_REAL:
		return print_real(tmp, s, j);
	case JSON_TRUE:
	case JSON_FALSE:
		s->zero = false;
		str_add(tmp, json_is_true(j) ? "true" : "false");
		return s->verb == 't' || s->verb == 'v';
	default:
		return false;
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void print_object(struct str *out, const struct spec *s, const struct value *v, int depth)
{
	size_t n = json_object_size(v->j), i = 0;
	auto_free const char **keys = mem_array(n, sizeof(*keys));
	bool named = v->map || s->plus || s->sharp;
	const char *key;
	json_t *item;

	json_object_foreach(v->j, key, item)
		keys[i++] = key;
	if (v->map)
		qsort(keys, n, sizeof(*keys), by_name);
	str_add(out, v->map ? "map[" : "{");
	for (i = 0; i < n && !str_failed(out); i++) {
		struct value member = { .j = json_object_get(v->j, keys[i]) };

		member.map = template_is_map(s->env, keys[i]);
		str_addf(out, "%s%s%s", i ? " " : "", named ? keys[i] : "", named ? ":" : "");
		print(out, s, &member, depth + 1);
	}
	str_add(out, v->map ? "]" : "}");
}

static void print(struct str *out, const struct spec *s, const struct value *v, int depth)
{
	auto_str struct str tmp = STR_INIT(TEMPLATE_VALUE_MAX);
	struct spec own = *s;

	if (depth > PRINT_DEPTH) {
		str_add(out, "...");
	} else if (!v->j || json_is_null(v->j)) {
		if (s->verb == 'v')
			pad(out, s, "<nil>", 5);
		else
			str_addf(out, "%%!%c(<nil>)", s->verb);
	} else if (json_is_object(v->j)) {
		print_object(out, s, v, depth);
	} else if (json_is_array(v->j)) {
		str_addc(out, '[');
		for (size_t i = 0; i < json_array_size(v->j) && !str_failed(out); i++) {
			struct value item = { .j = json_array_get(v->j, i), .map = !s->env };

			if (i)
				str_addc(out, ' ');
			print(out, s, &item, depth + 1);
		}
		str_addc(out, ']');
	} else if (print_scalar(&tmp, &own, v->j)) {
		if (str_failed(&tmp))
			out->over = true;
		pad(out, &own, str_cstr(&tmp), tmp.len);
	} else {
		bad_verb(out, s, v, depth + 1);
	}
}

void print_value(struct str *out, const struct value *v, const struct template_env *env)
{
	struct spec s = { .width = -1, .precision = -1, .verb = 'v', .env = env };

	if (!v->j)
		str_add(out, "<no value>");
	else
		print(out, &s, v, 0);
}

/* A number in the format or, by '*', an argument. -1: none; -2: a bad one. */
static int number(const char **p, const char *end, const struct value *args, size_t n, size_t *used)
{
	int v = -1;

	if (*p < end && **p == '*') {
		const json_t *j = *used < n ? args[*used].j : NULL;

		(*p)++;
		(*used)++;
		if (!json_is_integer(j) || json_integer_value(j) < -WIDTH_MAX ||
		    json_integer_value(j) > WIDTH_MAX)
			return -2;
		v = (int)json_integer_value(j);
		return v < 0 ? -2 : v;
	}
	for (; *p < end && **p >= '0' && **p <= '9'; (*p)++)
		v = (v < 0 ? 0 : v > WIDTH_MAX ? WIDTH_MAX : v * 10) + (**p - '0');
	return v > WIDTH_MAX ? -2 : v;
}

/* One verb behind its % at *P. */
static void print_verb(struct str *out, const char **p, const char *end, const struct value *args,
		       size_t n, size_t *used, const struct template_env *env)
{
	struct spec s = { .width = -1, .precision = -1, .env = env };

	for (; *p < end && strchr("-+ 0#", **p) && **p; (*p)++) {
		s.minus |= **p == '-';
		s.plus |= **p == '+';
		s.space |= **p == ' ';
		s.zero |= **p == '0';
		s.sharp |= **p == '#';
	}
	s.width = number(p, end, args, n, used);
	if (s.width == -2)
		str_add(out, "%!(BADWIDTH)");
	if (*p < end && **p == '.') {
		(*p)++;
		s.precision = number(p, end, args, n, used);
		if (s.precision == -2)
			str_add(out, "%!(BADPREC)");
		else if (s.precision < 0)
			s.precision = 0;
	}
	if (*p == end) {
		str_add(out, "%!(NOVERB)");
		return;
	}
	s.verb = *(*p)++;
	if (s.verb == '%') {
		str_addc(out, '%');
	} else if (*used >= n) {
		str_addf(out, "%%!%c(MISSING)", s.verb);
		(*used)++;
	} else if (s.verb == 'T') {
		str_add(out, type_name(args[(*used)++].j));
	} else {
		print(out, &s, &args[(*used)++], 0);
	}
}

void print_format(struct str *out, const char *fmt, size_t len, const struct value *args, size_t n,
		  const struct template_env *env)
{
	struct spec plain = { .width = -1, .precision = -1, .verb = 'v', .env = env };
	const char *p = fmt, *end = fmt + len;
	size_t used = 0;

	while (p < end && !str_failed(out)) {
		const char *percent = memchr(p, '%', (size_t)(end - p));

		str_addn(out, p, (size_t)((percent ? percent : end) - p));
		if (!percent)
			break;
		p = percent + 1;
		print_verb(out, &p, end, args, n, &used, env);
	}
	if (used >= n)
		return;
	str_add(out, "%!(EXTRA ");
	for (size_t i = used; i < n; i++) {
		str_addf(out, "%s%s", i > used ? ", " : "", type_name(args[i].j));
		if (args[i].j && !json_is_null(args[i].j)) {
			str_addc(out, '=');
			print(out, &plain, &args[i], 0);
		}
	}
	str_addc(out, ')');
}
