// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "pkg/util/template_impl.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80);
}

static bool is_word(char c)
{
	return is_letter(c) || is_digit(c);
}

int template_fault(const char *name, const char *text, size_t at, struct fail *f, const char *fmt,
		   ...)
{
	auto_str struct str why = STR_INIT(FAIL_MSG_MAX);
	char raw[512];
	unsigned line = 1, column = 1;
	va_list ap;

	for (size_t i = 0; i < at && text[i]; i++) {
		if (text[i] == '\n') {
			line++;
			column = 1;
		} else if ((text[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	str_add_escaped(&why, raw);
	return refuse(f, EINVAL, "template: %s: line %u, column %u: %s", name, line, column,
		      str_cstr(&why));
}

static bool at(const struct lex *l, size_t pos, const char *what)
{
	return l->len - pos >= strlen(what) && !memcmp(l->text + pos, what, strlen(what));
}

/* Over a comment whose slash is at POS. */
static int skip_comment(struct lex *l, size_t pos, struct fail *f)
{
	const char *end = strstr(l->text + pos + 2, "*/");
	size_t after;

	if (!end)
		return template_fault(l->name, l->text, pos, f, "unclosed comment");
	after = (size_t)(end - l->text) + 2;
	l->trim = false;
	if (at(l, after, "}}")) {
		l->pos = after + 2;
		return 0;
	}
	if (l->len > after && is_space(l->text[after])) {
		while (is_space(l->text[after]))
			after++;
		if (at(l, after, "-}}")) {
			l->pos = after + 3;
			l->trim = true;
			return 0;
		}
	}
	return template_fault(l->name, l->text, pos, f, "comment ends before closing delimiter");
}

int lex_text(struct lex *l, const char **ret, size_t *ret_len, bool *ret_action, struct fail *f)
{
	size_t start = l->pos, end, inside;
	const char *open;

	if (l->trim)
		while (start < l->len && is_space(l->text[start]))
			start++;
	l->trim = false;
	open = strstr(l->text + start, "{{");
	end = open ? (size_t)(open - l->text) : l->len;
	inside = end + 2;
	*ret = l->text + start;
	*ret_action = open != NULL;
	if (!open) {
		*ret_len = end - start;
		l->pos = l->len;
		return 0;
	}
	if (at(l, inside, "-") && inside + 1 < l->len && is_space(l->text[inside + 1])) {
		inside += 2;
		while (end > start && is_space(l->text[end - 1]))
			end--;
	}
	*ret_len = end - start;
	l->pos = inside;
	while (at(l, inside, " ") || at(l, inside, "\t"))
		inside++;
	if (at(l, inside, "/*")) {
		*ret_action = false;
		return skip_comment(l, inside, f);
	}
	return 0;
}

/* The DIGITS digits in BASE at *P; false when they are none. */
static bool escape_number(const char **p, int digits, int base, uint32_t *ret)
{
	char buf[12] = "";
	char *end;

	for (int i = 0; i < digits; i++) {
		if (!(*p)[i])
			return false;
		buf[i] = (*p)[i];
	}
	if (buf[0] == '+' || buf[0] == '-' || is_space(buf[0]) || buf[1] == 'x' || buf[1] == 'X')
		return false;
	*ret = (uint32_t)strtoul(buf, &end, base);
	*p += digits;
	return !*end;
}

/* One escape after its backslash at *P, in a literal quoted by QUOTE. False: a wrong one. */
static bool escape(struct str *s, const char **p, char quote)
{
	static const char from[] = "abfnrtv\\", to[] = "\a\b\f\n\r\t\v\\";
	const char *known = **p ? strchr(from, **p) : NULL;
	char kind = **p;
	uint32_t c = 0;

	if (known) {
		str_addc(s, to[known - from]);
		(*p)++;
		return true;
	}
	if (kind == quote) {
		str_addc(s, quote);
		(*p)++;
		return true;
	}
	if (kind >= '0' && kind <= '7') {
		if (!escape_number(p, 3, 8, &c) || c > 255)
			return false;
		str_addc(s, (char)c);
		return true;
	}
	(*p)++;
	if (kind == 'x') {
		if (!escape_number(p, 2, 16, &c))
			return false;
		str_addc(s, (char)c);
		return true;
	}
	if ((kind != 'u' && kind != 'U') || !escape_number(p, kind == 'u' ? 4 : 8, 16, &c) ||
	    c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return false;
	str_add_rune(s, c);
	return true;
}

static int lex_quoted(struct lex *l, struct token *t, struct fail *f)
{
	char quote = l->text[l->pos];
	auto_str struct str s = STR_INIT(TEMPLATE_TEXT_MAX);
	const char *p = l->text + l->pos + 1;
	uint32_t rune;
	size_t n;

	while (*p && *p != quote && *p != '\n') {
		if (*p != '\\') {
			str_addc(&s, *p++);
			continue;
		}
		p++;
		if (!escape(&s, &p, quote))
			return template_fault(l->name, l->text, l->pos, f, "invalid escape in %s",
					      quote == '"' ? "a string" : "a character");
	}
	if (*p != quote)
		return template_fault(l->name, l->text, l->pos, f, "unterminated %s",
				      quote == '"' ? "quoted string" : "character constant");
	l->pos = (size_t)(p - l->text) + 1;
	t->kind = T_CONST;
	if (quote == '"') {
		t->value = json_stringn_nocheck(str_cstr(&s), s.len);
		return 0;
	}
	n = str_utf8(str_cstr(&s), s.len, &rune);
	if (!n || n != s.len)
		return template_fault(l->name, l->text, t->at, f, "malformed character constant");
	t->value = json_integer(rune);
	return 0;
}

static int lex_raw(struct lex *l, struct token *t, struct fail *f)
{
	const char *start = l->text + l->pos + 1, *end = strchr(start, '`');

	if (!end)
		return template_fault(l->name, l->text, l->pos, f, "unterminated raw quoted string");
	t->kind = T_CONST;
	t->value = json_stringn_nocheck(start, (size_t)(end - start));
	l->pos = (size_t)(end - l->text) + 1;
	return 0;
}

static int lex_number(struct lex *l, struct token *t, struct fail *f)
{
	char buf[64];
	size_t n = 0, p = l->pos;
	bool hex = false, real = false;
	const char *digits;
	char *end;
	int base;

	for (; p < l->len && n + 1 < sizeof(buf); p++) {
		char c = l->text[p];
		bool sign = (c == '+' || c == '-') &&
			    (p == l->pos || (!hex && n && (buf[n - 1] | 0x20) == 'e'));

		if (!is_word(c) && c != '.' && !sign)
			break;
		if (c == 'x' || c == 'X')
			hex = true;
		if (c == '.' || (!hex && (c == 'e' || c == 'E')))
			real = true;
		if (c != '_')
			buf[n++] = c;
	}
	buf[n] = '\0';
	t->kind = T_CONST;
	errno = 0;
	if (real && !hex) {
		double v = strtod(buf, &end);

		if (!*end && errno != ERANGE)
			t->value = json_real(v);
	} else {
		digits = buf + (*buf == '+' || *buf == '-');
		base = digits[0] != '0' ? 10 : (digits[1] | 0x20) == 'x' ? 16 :
		       (digits[1] | 0x20) == 'b' ? 2 : 8;
		if (digits[0] == '0' && ((digits[1] | 0x20) == 'o' || (digits[1] | 0x20) == 'b'))
			memmove(buf + (digits - buf), digits + 2, strlen(digits + 2) + 1);
		if (is_word(*digits)) {
			long long v = strtoll(buf, &end, base);

			if (!*end && !errno)
				t->value = json_integer(v);
		}
	}
	if (!t->value)
		return template_fault(l->name, l->text, l->pos, f, "bad number syntax: \"%.*s\"",
				      (int)(p - l->pos), l->text + l->pos);
	l->pos = p;
	return 0;
}

static void lex_name(struct lex *l, struct token *t, enum token_kind kind, size_t skip)
{
	size_t end = l->pos + skip;

	while (end < l->len && is_word(l->text[end]))
		end++;
	t->kind = kind;
	t->text = l->text + l->pos + (kind == T_FIELD ? skip : 0);
	t->len = end - (size_t)(t->text - l->text);
	l->pos = end;
	if (kind != T_WORD)
		return;
	if (t->len == 3 && !memcmp(t->text, "nil", 3))
		t->kind = T_NIL;
	else if (t->len == 4 && !memcmp(t->text, "true", 4))
		t->value = json_true();
	else if (t->len == 5 && !memcmp(t->text, "false", 5))
		t->value = json_false();
	if (t->value)
		t->kind = T_CONST;
}

static int lex_sign(struct lex *l, struct token *t, struct fail *f)
{
	static const struct {
		const char *text;
		enum token_kind kind;
	} signs[] = { { "|", T_PIPE }, { "(", T_OPEN }, { ")", T_CLOSE }, { ":=", T_DECLARE },
		      { "=", T_ASSIGN }, { ",", T_COMMA } };
	uint32_t rune = (unsigned char)l->text[l->pos];

	for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
		if (at(l, l->pos, signs[i].text)) {
			t->kind = signs[i].kind;
			l->pos += strlen(signs[i].text);
			return 0;
		}
	}
	return template_fault(l->name, l->text, l->pos, f, "unexpected '%c' in the action", (int)rune);
}

int lex_token(struct lex *l, struct token *ret, struct fail *f)
{
	size_t start = l->pos;
	char c, next;

	while (l->pos < l->len && is_space(l->text[l->pos]))
		l->pos++;
	*ret = (struct token){ .kind = T_END, .space = l->pos > start, .at = l->pos };
	if (l->pos == l->len)
		return template_fault(l->name, l->text, start, f, "unclosed action: '}}' is missing");
	if (at(l, l->pos, "}}") || (ret->space && at(l, l->pos, "-}}"))) {
		l->trim = l->text[l->pos] == '-';
		l->pos += l->trim ? 3 : 2;
		return 0;
	}
	c = l->text[l->pos];
	next = l->text[l->pos + 1];
	if (c == '"' || c == '\'')
		return lex_quoted(l, ret, f);
	if (c == '`')
		return lex_raw(l, ret, f);
	if (is_digit(c) || ((c == '+' || c == '-') && (is_digit(next) || next == '.')) ||
	    (c == '.' && is_digit(next)))
		return lex_number(l, ret, f);
	if (c == '.' && is_letter(next)) {
		lex_name(l, ret, T_FIELD, 1);
		return 0;
	}
	if (c == '.') {
		ret->kind = T_DOT;
		l->pos++;
		return 0;
	}
	if (c == '$' || is_letter(c)) {
		lex_name(l, ret, c == '$' ? T_VAR : T_WORD, 1);
		return 0;
	}
	return lex_sign(l, ret, f);
}
