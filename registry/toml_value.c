// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "registry/toml_scan.h"

static int add_code_point(struct toml *t, struct str *s, size_t digits)
{
	unsigned long c = 0;

	for (size_t i = 0; i < digits; i++, t->p++) {
		unsigned char d = (unsigned char)*t->p;

		if (!isxdigit(d))
			return toml_bad(t, "%zu hex digits are wanted after '\\%c'", digits,
					digits == 4 ? 'u' : 'U');
		c = c << 4 | (unsigned long)(isdigit(d) ? d - '0' : tolower(d) - 'a' + 10);
	}
	if (!c || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return toml_bad(t, "U+%04lX can't stand in a string", c);
	if (c < 0x80) {
		str_addc(s, (char)c);
	} else if (c < 0x800) {
		str_addc(s, (char)(0xc0 | c >> 6));
		str_addc(s, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		str_addc(s, (char)(0xe0 | c >> 12));
		str_addc(s, (char)(0x80 | (c >> 6 & 0x3f)));
		str_addc(s, (char)(0x80 | (c & 0x3f)));
	} else {
		str_addc(s, (char)(0xf0 | c >> 18));
		str_addc(s, (char)(0x80 | (c >> 12 & 0x3f)));
		str_addc(s, (char)(0x80 | (c >> 6 & 0x3f)));
		str_addc(s, (char)(0x80 | (c & 0x3f)));
	}
	return 0;
}

/* A backslash at a line's end swallows all blanks and line ends that follow. */
static bool skip_line_end(struct toml *t)
{
	const char *p = t->p + strspn(t->p, " \t");

	if (*p != '\n' && !(p[0] == '\r' && p[1] == '\n'))
		return false;
	for (t->p = p; *t->p == ' ' || *t->p == '\t' || *t->p == '\n' ||
		       (t->p[0] == '\r' && t->p[1] == '\n'); t->p++)
		if (*t->p == '\n')
			t->line++;
	return true;
}

/* After the backslash. */
static int add_escape(struct toml *t, struct str *s, bool many_lines)
{
	static const char names[] = "btnfr\"\\", values[] = "\b\t\n\f\r\"\\";
	const char *found = *t->p ? strchr(names, *t->p) : NULL;

	if (found) {
		str_addc(s, values[found - names]);
		t->p++;
		return 0;
	}
	if (toml_take(t, 'u'))
		return add_code_point(t, s, 4);
	if (toml_take(t, 'U'))
		return add_code_point(t, s, 8);
	if (many_lines && skip_line_end(t))
		return 0;
	return toml_bad(t, "an unknown escape in a string");
}

/* One character of a string whose kind is QUOTE, MANY_LINES. */
static int add_char(struct toml *t, struct str *s, char quote, bool many_lines)
{
	unsigned char c = (unsigned char)*t->p;

	if (quote == '"' && toml_take(t, '\\'))
		return add_escape(t, s, many_lines);
	if (c == '\n' || (c == '\r' && t->p[1] == '\n')) {
		if (!many_lines)
			return toml_bad(t, "a string has no closing quote");
		if (c == '\r')
			t->p++;
		t->p++;
		t->line++;
		str_addc(s, '\n');
		return 0;
	}
	if ((c < ' ' && c != '\t') || c == 0x7f)
		return toml_bad(t, "a control character in a string");
	str_addc(s, (char)c);
	t->p++;
	return 0;
}

/* At the closing quotes; up to two more quotes before them belong to the text. */
static bool take_end(struct toml *t, struct str *s, char quote, bool many_lines)
{
	size_t n = 0;

	if (!many_lines)
		return toml_take(t, quote);
	while (n < 5 && t->p[n] == quote)
		n++;
	if (n < 3)
		return false;
	for (size_t i = 3; i < n; i++)
		str_addc(s, quote);
	t->p += n;
	return true;
}

json_t *toml_string(struct toml *t)
{
	char quote = *t->p;
	bool many_lines = t->p[1] == quote && t->p[2] == quote;
	auto_str struct str s = STR_INIT(TOML_MAX);

	t->p += many_lines ? 3 : 1;
	if (many_lines) {
		/* A line end right after the opening quotes is not part of it. */
		if (t->p[0] == '\r' && t->p[1] == '\n')
			t->p++;
		if (toml_take(t, '\n'))
			t->line++;
	}
	while (!take_end(t, &s, quote, many_lines)) {
		if (t->p >= t->end) {
			(void)toml_bad(t, "a string has no closing quote");
			return NULL;
		}
		if (add_char(t, &s, quote, many_lines) < 0)
			return NULL;
	}
	return json_stringn(str_cstr(&s), s.len);
}

static json_t *bad_value(struct toml *t, const char *word)
{
	auto_str struct str seen = STR_INIT(512);
	auto_free char *cut = mem_strndup(word, 60);

	str_add_escaped(&seen, cut);
	(void)toml_bad(t, *word ? "'%s' is no value (text stands in quotes)" : "a value is wanted%s",
		       str_cstr(&seen));
	return NULL;
}

/* Digits of BASE with single '_' between them, to BUF without those. The length, 0 when it is none. */
static size_t take_digits(const char **p, int base, struct str *out)
{
	static const char all[] = "0123456789abcdef";
	size_t n = 0;

	for (;; (*p)++) {
		const char *d = **p ? strchr(all, tolower((unsigned char)**p)) : NULL;

		if (d && d - all < base) {
			str_addc(out, **p);
			n++;
		} else if (**p != '_' || !n || (*p)[-1] == '_') {
			break;
		}
	}
	return n && (*p)[-1] != '_' ? n : 0;
}

static json_t *prefixed_number(struct toml *t, const char *word)
{
	int base = word[1] == 'x' ? 16 : word[1] == 'o' ? 8 : 2;
	auto_str struct str digits = STR_INIT(256);
	const char *p = word + 2;
	long long n;

	if (!take_digits(&p, base, &digits) || *p || str_failed(&digits))
		return bad_value(t, word);
	errno = 0;
	n = strtoll(str_cstr(&digits), NULL, base);
	if (errno) {
		(void)toml_bad(t, "a number is out of range");
		return NULL;
	}
	return json_integer(n);
}

static json_t *float_of(struct toml *t, const char *text)
{
	json_t *j;
	double d;

	/* Every part has been checked; the locale is C's, as no one sets another. */
	errno = 0;
	d = strtod(text, NULL);
	j = json_real(d);
	if (!j)
		(void)toml_bad(t, "a number is out of range");
	return j;
}

static json_t *number(struct toml *t, const char *word)
{
	auto_str struct str s = STR_INIT(256);
	const char *p = word, *first;
	bool real = false;
	size_t n;

	if (*p == '+' || *p == '-')
		str_addc(&s, *p++);
	first = p;
	n = take_digits(&p, 10, &s);
	if (!n || (n > 1 && *first == '0'))
		return bad_value(t, word);
	if (*p == '.') {
		real = true;
		str_addc(&s, *p++);
		if (!take_digits(&p, 10, &s))
			return bad_value(t, word);
	}
	if (*p == 'e' || *p == 'E') {
		real = true;
		str_addc(&s, *p++);
		if (*p == '+' || *p == '-')
			str_addc(&s, *p++);
		if (!take_digits(&p, 10, &s))
			return bad_value(t, word);
	}
	if (*p || str_failed(&s))
		return bad_value(t, word);
	if (real)
		return float_of(t, s.s);
	errno = 0;
	{
		long long v = strtoll(s.s, NULL, 10);

		if (!errno)
			return json_integer(v);
	}
	(void)toml_bad(t, "a number is out of range");
	return NULL;
}

/* N digits whose value is at least MIN and at most MAX. */
static bool take_field(const char **p, size_t n, int min, int max, int *ret)
{
	int v = 0;

	for (size_t i = 0; i < n; i++, (*p)++) {
		if (!isdigit((unsigned char)**p))
			return false;
		v = v * 10 + (**p - '0');
	}
	*ret = v;
	return v >= min && v <= max;
}

static bool take_date(const char **p)
{
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int y, m, d;

	if (!take_field(p, 4, 0, 9999, &y) || *(*p)++ != '-' || !take_field(p, 2, 1, 12, &m) ||
	    *(*p)++ != '-' || !take_field(p, 2, 1, days[m - 1], &d))
		return false;
	return m != 2 || d < 29 || (y % 4 == 0 && (y % 100 || y % 400 == 0));
}

static bool take_time(const char **p)
{
	int v;

	if (!take_field(p, 2, 0, 23, &v) || *(*p)++ != ':' || !take_field(p, 2, 0, 59, &v) ||
	    *(*p)++ != ':' || !take_field(p, 2, 0, 60, &v))
		return false;
	if (**p != '.')
		return true;
	(*p)++;
	if (!isdigit((unsigned char)**p))
		return false;
	while (isdigit((unsigned char)**p))
		(*p)++;
	return true;
}

static bool take_offset(const char **p)
{
	int v;

	if (**p == 'Z' || **p == 'z') {
		(*p)++;
		return true;
	}
	if (**p != '+' && **p != '-')
		return false;
	(*p)++;
	return take_field(p, 2, 0, 23, &v) && *(*p)++ == ':' && take_field(p, 2, 0, 59, &v);
}

/* RFC 3339: date, time, or both, with an offset only after both. */
static bool is_moment(const char *word)
{
	const char *p = word;

	if (word[2] == ':')
		return take_time(&p) && !*p;
	if (!take_date(&p))
		return false;
	if (!*p)
		return true;
	if (*p != 'T' && *p != 't' && *p != ' ')
		return false;
	p++;
	if (!take_time(&p))
		return false;
	return !*p || (take_offset(&p) && !*p);
}

static bool looks_like_moment(const char *w)
{
	size_t n = strspn(w, "0123456789");

	return (n == 4 && w[4] == '-') || (n == 2 && w[2] == ':');
}

static char *take_word(struct toml *t)
{
	size_t n = strcspn(t->p, " \t\r\n,]}#=");
	char *word;

	/* "1979-05-27 07:32:00": the blank is part of it. */
	if (n == 10 && looks_like_moment(t->p) && t->p[10] == ' ' && isdigit((unsigned char)t->p[11]))
		n = 11 + strcspn(t->p + 11, " \t\r\n,]}#=");
	word = mem_strndup(t->p, n);
	t->p += n;
	return word;
}

static json_t *scalar(struct toml *t)
{
	auto_free char *word = take_word(t);
	const char *bare = word + (*word == '+' || *word == '-');

	if (!strcmp(word, "true"))
		return json_true();
	if (!strcmp(word, "false"))
		return json_false();
	if (!strcmp(bare, "inf") || !strcmp(bare, "nan"))
		return json_string(*word == '-' && bare[0] == 'i' ? "-inf" : bare);
	if (word[0] == '0' && word[1] && strchr("xob", word[1]))
		return prefixed_number(t, word);
	if (looks_like_moment(word))
		return is_moment(word) ? json_string(word) : bad_value(t, word);
	return number(t, word);
}

static int fill_array(struct toml *t, json_t *array)
{
	for (;;) {
		json_t *item;

		if (toml_skip_lines(t) < 0)
			return -EBADMSG;
		if (toml_take(t, ']'))
			return 0;
		item = toml_value(t);
		if (!item)
			return -EBADMSG;
		json_array_append_new(array, item);
		if (toml_skip_lines(t) < 0)
			return -EBADMSG;
		if (toml_take(t, ']'))
			return 0;
		if (!toml_take(t, ','))
			return toml_bad(t, "',' or ']' is wanted in an array");
	}
}

static int fill_inline(struct toml *t, json_t *table)
{
	toml_skip_blank(t);
	if (toml_take(t, '}'))
		return 0;
	for (;;) {
		if (toml_pair(t, table) < 0)
			return -EBADMSG;
		toml_skip_blank(t);
		if (toml_take(t, '}'))
			return 0;
		if (!toml_take(t, ','))
			return toml_bad(t, "',' or '}' is wanted in an inline table");
	}
}

static json_t *nested(struct toml *t)
{
	bool array = *t->p == '[';
	json_t *j;
	int r;

	if (toml_enter(t) < 0)
		return NULL;
	t->p++;
	j = array ? json_array() : toml_inline_table(t);
	if (!j)
		return NULL;
	r = array ? fill_array(t, j) : fill_inline(t, j);
	toml_leave(t);
	if (r >= 0)
		return j;
	json_decref(j);
	return NULL;
}

json_t *toml_value(struct toml *t)
{
	if (*t->p == '"' || *t->p == '\'')
		return toml_string(t);
	if (*t->p == '[' || *t->p == '{')
		return nested(t);
	return scalar(t);
}
