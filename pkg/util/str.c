// SPDX-License-Identifier: Apache-2.0
#include "pkg/util/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pkg/util/mem.h"

static bool reserve(struct str *s, size_t more)
{
	size_t cap = s->cap ? s->cap : 64;

	if (s->over || more > s->max || s->len > s->max - more) {
		s->over = true;
		return false;
	}
	while (cap < s->len + more + 1)
		cap *= 2;
	if (cap != s->cap) {
		s->s = mem_resize(s->s, cap, 1);
		s->cap = cap;
	}
	return true;
}

void str_addn(struct str *s, const void *data, size_t n)
{
	if (!reserve(s, n))
		return;
	if (n)
		memcpy(s->s + s->len, data, n);
	s->len += n;
	s->s[s->len] = '\0';
}

void str_add(struct str *s, const char *text)
{
	str_addn(s, text, strlen(text));
}

void str_addc(struct str *s, char c)
{
	str_addn(s, &c, 1);
}

void str_addf(struct str *s, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n >= 0 && reserve(s, (size_t)n)) {
		vsnprintf(s->s + s->len, (size_t)n + 1, fmt, again);
		s->len += (size_t)n;
	}
	va_end(again);
}

void str_clear(struct str *s)
{
	s->len = 0;
	s->over = false;
	if (s->s)
		s->s[0] = '\0';
}

void str_done(struct str *s)
{
	free(s->s);
	s->s = NULL;
	s->len = s->cap = 0;
	s->over = false;
}

bool str_failed(const struct str *s)
{
	return s->over;
}

const char *str_cstr(const struct str *s)
{
	return s->s ? s->s : "";
}

char *str_take(struct str *s)
{
	char *out = s->s ? s->s : mem_strdup("");

	s->s = NULL;
	str_done(s);
	return out;
}

bool str_eq(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && strcmp(s + n - m, suffix) == 0;
}

int str_to_u64(const char *s, int base, uint64_t *ret)
{
	char *end = NULL;
	unsigned long long v;

	if (!s || *s < '0' || *s > '9')
		return -EINVAL;
	errno = 0;
	v = strtoull(s, &end, base);
	if (errno)
		return -errno;
	if (*end)
		return -EINVAL;
	*ret = v;
	return 0;
}

int str_to_i64(const char *s, int64_t *ret)
{
	uint64_t v;
	int r = str_to_u64(s && *s == '-' ? s + 1 : s, 10, &v);

	if (r < 0)
		return r;
	if (v > (uint64_t)INT64_MAX + (*s == '-'))
		return -ERANGE;
	*ret = *s == '-' ? (int64_t)(0 - v) : (int64_t)v;
	return 0;
}

int str_to_bytes(const char *s, uint64_t *ret)
{
	static const char units[] = "bkmgtp";
	size_t digits = strspn(s, "0123456789");
	const char *unit = s + digits;
	const char *at = "b";
	auto_free char *number = mem_strndup(s, digits);
	uint64_t v;
	int r = str_to_u64(number, 10, &v);
	int shift;

	if (r < 0)
		return r;
	if (*unit) {
		char c = (char)(*unit | 0x20);

		at = strchr(units, c);
		if (!at)
			return -EINVAL;
		unit++;
		if (*at != 'b' && strcasecmp(unit, "b") && strcasecmp(unit, "ib") && *unit)
			return -EINVAL;
		if (*at == 'b' && *unit)
			return -EINVAL;
	}
	shift = *at == 'b' ? 0 : (int)(at - units) * 10;
	if (v > UINT64_MAX >> shift)
		return -ERANGE;
	*ret = v << shift;
	return 0;
}

int str_to_size(const char *s, uint64_t *ret)
{
	static const char units[] = "bkmgtp";
	uint64_t unit = 1, part, v = 0;
	size_t whole = strspn(s, "0123456789"), digits = 0, i = 0;
	const char *tail = s + whole, *fraction = tail + 1, *at;
	auto_free char *number = mem_strndup(s, whole);
	int r;

	if (*tail == '.') {
		digits = strspn(fraction, "0123456789");
		tail = fraction + digits;
		if (!digits)
			return -EINVAL;
	}
	at = *tail ? strchr(units, *tail | 0x20) : units;
	if (!at || (*tail && tail[1] && (*at == 'b' || strcasecmp(tail + 1, "b"))))
		return -EINVAL;
	for (size_t n = (size_t)(at - units); n > 0; n--)
		unit *= 1000;
	r = whole ? str_to_u64(number, 10, &v) : digits ? 0 : -EINVAL;
	if (r < 0)
		return r;
	if (__builtin_mul_overflow(v, unit, &v))
		return -ERANGE;
	for (part = unit / 10; i < digits && part; i++, part /= 10)
		v += part * (uint64_t)(fraction[i] - '0');
	*ret = v;
	return 0;
}

int str_to_bool(const char *s, bool *ret)
{
	static const char *const yes[] = { "true", "1", "t", "yes", "on" };
	static const char *const no[] = { "false", "0", "f", "no", "off" };

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (!strcasecmp(s, yes[i])) {
			*ret = true;
			return 0;
		}
		if (!strcasecmp(s, no[i])) {
			*ret = false;
			return 0;
		}
	}
	return -EINVAL;
}

size_t str_utf8(const char *text, size_t left, uint32_t *ret_rune)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n = !left ? 0 : s[0] < 0x80 ? 1 : (s[0] & 0xe0) == 0xc0 ? 2 :
		   (s[0] & 0xf0) == 0xe0 ? 3 : (s[0] & 0xf8) == 0xf0 ? 4 : 0;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c;

	if (!n || n > left)
		return 0;
	c = n == 1 ? s[0] : s[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	if (ret_rune)
		*ret_rune = c;
	return n;
}

void str_add_rune(struct str *s, uint32_t c)
{
	char buf[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = n; i > 1; i--, c >>= 6)
		buf[i - 1] = (char)(0x80 | (c & 0x3f));
	buf[0] = (char)(first[n] | c);
	str_addn(s, buf, n);
}

void str_add_escaped(struct str *s, const char *text)
{
	const char *p = text;
	size_t left = strlen(text);

	while (left) {
		uint32_t c = 0;
		size_t n = str_utf8(p, left, &c);
		/*
		 * C1 controls (U+0080..9F) drive some terminals as ESC does; the marks of writing
		 * direction and the invisible ones make a name look like another.
		 */
		bool hidden = c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) ||
			      (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
		size_t take = n ? n : 1;

		if (n && !hidden)
			str_addn(s, p, n);
		else
			for (size_t i = 0; i < take; i++)
				str_addf(s, "\\x%02x", (unsigned char)p[i]);
		p += take;
		left -= take;
	}
}

size_t strv_len(char *const *v)
{
	size_t n = 0;

	while (v && v[n])
		n++;
	return n;
}

void strv_add_take(char ***v, char *owned)
{
	size_t n = strv_len(*v);

	*v = mem_resize(*v, n + 2, sizeof(char *));
	(*v)[n] = owned;
	(*v)[n + 1] = NULL;
}

void strv_add(char ***v, const char *s)
{
	strv_add_take(v, mem_strdup(s));
}

void strv_addf(char ***v, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	strv_add_take(v, text);
}

void strv_add_all(char ***v, char *const *more)
{
	size_t n = strv_len(*v), m = strv_len(more);

	if (!m)
		return;
	*v = mem_resize(*v, n + m + 1, sizeof(char *));
	for (size_t i = 0; i < m; i++)
		(*v)[n + i] = mem_strdup(more[i]);
	(*v)[n + m] = NULL;
}

char **strv_dup(char *const *v)
{
	char **copy = NULL;

	strv_add_all(&copy, v);
	return copy;
}

char **strv_split(const char *s, const char *seps, bool skip_empty)
{
	char **v = NULL;
	size_t used = 0;

	/* Not by strv_add_take, which counts all there are: texts from outside have many parts. */
	while (s) {
		size_t n = strcspn(s, seps);

		if (n || !skip_empty) {
			if (!(used & (used + 1)))
				v = mem_resize(v, (used + 1) * 2, sizeof(char *));
			v[used++] = mem_strndup(s, n);
		}
		s = s[n] ? s + n + 1 : NULL;
	}
	if (v)
		v[used] = NULL;
	return v;
}

char *strv_join(char *const *v, const char *sep)
{
	auto_str struct str s = STR_INIT(64 << 20);

	strv_each(it, v) {
		if (it != v)
			str_add(&s, sep);
		str_add(&s, *it);
	}
	return str_take(&s);
}

bool strv_has(char *const *v, const char *s)
{
	strv_each(it, v)
		if (!strcmp(*it, s))
			return true;
	return false;
}

static size_t env_find(char *const *v, const char *key, size_t key_len)
{
	size_t i = 0;

	for (; v && v[i]; i++)
		if (!strncmp(v[i], key, key_len) && v[i][key_len] == '=')
			break;
	return i;
}

void strv_env_set(char ***v, const char *entry)
{
	size_t i = env_find(*v, entry, strcspn(entry, "="));

	if (*v && (*v)[i])
		mem_replace(&(*v)[i], mem_strdup(entry));
	else
		strv_add(v, entry);
}

void strv_env_unset(char **v, const char *key)
{
	size_t i = env_find(v, key, strlen(key));

	if (!v || !v[i])
		return;
	free(v[i]);
	for (; v[i]; i++)
		v[i] = v[i + 1];
}

const char *strv_env_get(char *const *v, const char *key)
{
	size_t i = env_find(v, key, strlen(key));

	return v && v[i] ? v[i] + strlen(key) + 1 : NULL;
}

void strv_free(char **v)
{
	for (size_t i = 0; v && v[i]; i++)
		free(v[i]);
	free(v);
}

void strv_free_ptr(char ***v)
{
	int saved = errno;

	strv_free(*v);
	*v = NULL;
	errno = saved;
}
