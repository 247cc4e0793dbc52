// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pkg/engine/logs.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"

enum {
	BLOCK = 64 * 1024,
	/* Before the text; a head is 45 bytes as we write it. */
	HEAD_MAX = 64,
};

/* --- one line --- */

bool logs_parse(const char *s, size_t n, struct logs_line *ret)
{
	const char *space = memchr(s, ' ', n < HEAD_MAX ? n : HEAD_MAX);
	size_t left;

	if (!space)
		return false;
	*ret = (struct logs_line){ .stamp = s, .stamp_len = (size_t)(space - s) };
	left = n - ret->stamp_len - 1;
	s = space + 1;
	if (left < 9 || (memcmp(s, "stdout ", 7) != 0 && memcmp(s, "stderr ", 7) != 0))
		return false;
	ret->stream = s[3] == 'o' ? 1 : 2;
	if ((s[7] != 'F' && s[7] != 'P') || s[8] != ' ')
		return false;
	ret->partial = s[7] == 'P';
	ret->text = s + 9;
	ret->len = left - 9;
	return true;
}

/* --- the end of a file --- */

static bool ends_a_line(const char *s, size_t n)
{
	struct logs_line l;

	return !logs_parse(s, n, &l) || !l.partial;
}

/*
 * Backwards in blocks. Behind a block lie the first bytes of the one after it, so that the head of
 * a line which begins in the block can be read whole.
 */
off_t logs_tail(int fd, off_t size, bool newest, int64_t *want)
{
	auto_free char *buf = mem_alloc(BLOCK + HEAD_MAX);
	off_t line_end = -1;	/* of the line whose beginning is looked for */
	size_t behind = 0;

	for (off_t end = size; end > 0;) {
		size_t n = end < BLOCK ? (size_t)end : BLOCK;
		off_t at = end - (off_t)n;

		memmove(buf + n, buf, behind);
		if (lseek(fd, at, SEEK_SET) < 0 || io_read_full(fd, buf, n) != (ssize_t)n)
			return 0;
		for (size_t i = n; i-- > 0;) {
			size_t head = n + behind - i - 1;
			bool starts = buf[i] == '\n' || (at == 0 && i == 0);
			const char *line = buf[i] == '\n' ? buf + i + 1 : buf;

			if (buf[i] == '\n' && line_end < 0) {
				line_end = at + (off_t)i + 1;
				/* A last piece without its end is a line of its own. */
				if (line_end < size)
					--*want;
				continue;
			}
			if (!starts)
				continue;
			if (buf[i] != '\n')
				head++;
			/* Nor has what the program wrote last to end with a newline. */
			if (newest && line_end == size && !ends_a_line(line, head) && (*want)-- <= 0) {
				*want = 0;
				return size;
			}
			/* A whole line ends at line_end: what is wanted begins there when enough were seen. */
			if (ends_a_line(line, head) && (*want)-- <= 0) {
				*want = 0;
				return line_end;
			}
			line_end = at + (off_t)i + 1;
		}
		behind = n < HEAD_MAX ? n : HEAD_MAX;
		end = at;
	}
	if (*want < 0)
		*want = 0;
	return 0;
}

/* --- json-file --- */

/* Where the text of a line ends: `","stream":"stdout","time":"..."}` follows. NULL: it is none. */
static const char *json_text_end(const char *s, size_t n)
{
	static const char mark[] = "\",\"stream\":\"std";
	const size_t len = sizeof(mark) - 1;

	/* From behind: the text may hold the same words, escaped or not, but nothing follows the time. */
	for (size_t i = n < len ? 0 : n - len + 1; i-- > 0 && n - i < LOGS_JSON_END_MAX;)
		if (!memcmp(s + i, mark, len))
			return s + i;
	return NULL;
}

/* The text ends with the two characters \n that stand for a newline, not with an escaped backslash and an n. */
static bool json_is_whole(const char *text, size_t n)
{
	size_t slashes = 0;

	if (n < 2 || text[n - 1] != 'n')
		return false;
	for (size_t i = n - 1; i-- > 0 && text[i] == '\\';)
		slashes++;
	return slashes % 2 == 1;
}

static unsigned hex4(const char *s)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++) {
		char c = s[i];
		unsigned d = c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ?
			     (unsigned)(c - 'a' + 10) : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10) : 0;

		v = v << 4 | d;
	}
	return v;
}

/* One escape at S, N bytes left; returns its length. */
static size_t json_unescape(const char *s, size_t n, struct str *out)
{
	static const char from[] = "ntrbf\"\\/", to[] = "\n\t\r\b\f\"\\/";
	const char *p = n > 1 && s[1] ? strchr(from, s[1]) : NULL;
	unsigned rune, low;

	if (p) {
		str_addc(out, to[p - from]);
		return 2;
	}
	if (n < 6 || s[1] != 'u') {
		str_addc(out, '\\');
		return 1;
	}
	rune = hex4(s + 2);
	if (rune >= 0xd800 && rune < 0xdc00 && n >= 12 && s[6] == '\\' && s[7] == 'u') {
		low = hex4(s + 8);
		if (low >= 0xdc00 && low < 0xe000) {
			str_add_rune(out, 0x10000 + ((rune - 0xd800) << 10) + (low - 0xdc00));
			return 12;
		}
	}
	str_add_rune(out, rune >= 0xd800 && rune < 0xe000 ? 0xfffd : rune);
	return 6;
}

bool logs_parse_json(const char *s, size_t n, struct str *text, struct logs_line *ret)
{
	static const char begin[] = "{\"log\":\"", time[] = "\",\"time\":\"";
	const size_t head = sizeof(begin) - 1;
	const char *end = json_text_end(s, n), *p, *stamp;

	if (!end || n < head || memcmp(s, begin, head) || end < s + head)
		return false;
	/* "...","stream":"stdout","time":"STAMP"} */
	p = end + strlen("\",\"stream\":\"std");
	stamp = p + 3 + sizeof(time) - 1;
	if (stamp + 2 > s + n || memcmp(p + 3, time, sizeof(time) - 1) || s[n - 1] != '}' || s[n - 2] != '"')
		return false;
	*ret = (struct logs_line){ .stream = *p == 'o' ? 1 : 2, .stamp = stamp,
				   .stamp_len = (size_t)(s + n - 2 - stamp) };
	s += head;
	n = (size_t)(end - s);
	ret->partial = !json_is_whole(s, n);
	if (!ret->partial)
		n -= 2;
	str_clear(text);
	while (n) {
		const char *slash = memchr(s, '\\', n);
		size_t plain = slash ? (size_t)(slash - s) : n;

		str_addn(text, s, plain);
		s += plain;
		n -= plain;
		if (n) {
			size_t one = json_unescape(s, n, text);

			s += one;
			n -= one;
		}
	}
	ret->text = str_cstr(text);
	ret->len = text->len;
	return true;
}

static bool json_ends_a_line(const char *s, size_t n)
{
	const char *end = json_text_end(s, n);

	return !end || json_is_whole(s, (size_t)(end - s));
}

/* From the front: whether a line is whole is told at its end. The last WANT beginnings are kept. */
off_t logs_tail_json(int fd, off_t size, int64_t *want)
{
	auto_str struct str line = STR_INIT(LOGS_LINE_MAX);
	auto_free char *buf = mem_alloc(BLOCK);
	auto_free off_t *starts = NULL;
	size_t keep = *want < LOGS_TAIL_JSON_MAX ? (size_t)*want : LOGS_TAIL_JSON_MAX, n = 0;
	off_t at = 0, start = 0;
	bool inside = false;

	starts = mem_array(keep ? keep : 1, sizeof(*starts));
	if (lseek(fd, 0, SEEK_SET) < 0)
		return 0;
	while (at < size) {
		ssize_t got = io_read(fd, buf, size - at < BLOCK ? (size_t)(size - at) : BLOCK);

		if (got <= 0)
			break;
		for (char *p = buf, *end = buf + got; p < end;) {
			char *nl = memchr(p, '\n', (size_t)(end - p));
			size_t len = (size_t)((nl ? nl : end) - p);

			str_addn(&line, p, len);
			at += (off_t)len + !!nl;
			p += len + !!nl;
			if (!nl)
				break;
			if (!inside && keep)
				starts[n % keep] = start;
			n += !inside;
			inside = !json_ends_a_line(str_cstr(&line), line.len);
			start = at;
			str_clear(&line);
		}
	}
	if ((size_t)*want >= n && n < (size_t)LOGS_TAIL_JSON_MAX) {
		*want -= (int64_t)n;
		return 0;
	}
	*want = 0;
	return keep ? starts[n % keep] : size;
}
