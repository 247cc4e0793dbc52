// SPDX-License-Identifier: Apache-2.0
#include "pkg/util/table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/util/mem.h"

/* More than a cell of a list has; what is past it is cut. */
enum { CELL_MAX = 1 << 20 };

struct table_cell {
	char *text;	/* escaped; NULL ends a row */
	size_t width;
};

static size_t width_of(const char *s)
{
	size_t n = 0;

	/* Escaped text is valid UTF-8: each byte that isn't a continuation begins a character. */
	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

static void push(struct table *t, char *owned)
{
	if (t->n == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 64;
		t->cells = mem_resize(t->cells, t->cap, sizeof(*t->cells));
	}
	t->cells[t->n++] = (struct table_cell){ owned, owned ? width_of(owned) : 0 };
}

void table_cell(struct table *t, const char *text)
{
	auto_str struct str s = STR_INIT(CELL_MAX);

	str_add_escaped(&s, text ? text : "");
	push(t, str_take(&s));
}

void table_cellf(struct table *t, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	table_cell(t, n < 0 ? "" : text);
	if (n >= 0)
		free(text);
}

void table_end(struct table *t)
{
	push(t, NULL);
}

void table_row(struct table *t, const char *const *cells, size_t n)
{
	for (size_t i = 0; i < n; i++)
		table_cell(t, cells[i]);
	table_end(t);
}

void table_text(struct table *t, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\t\n");
		auto_free char *cell = mem_strndup(text, n);

		table_cell(t, cell);
		if (text[n] != '\t')
			table_end(t);
		text += n + (text[n] != '\0');
	}
}

static bool is_last(const struct table *t, size_t i)
{
	return i + 1 >= t->n || !t->cells[i + 1].text;
}

void table_render(const struct table *t, struct str *out)
{
	size_t columns = 0, at = 0;
	auto_free size_t *widths = NULL;

	for (size_t i = 0; i < t->n; i++) {
		at = t->cells[i].text ? at + 1 : 0;
		if (at > columns)
			columns = at;
	}
	widths = mem_array(columns, sizeof(*widths));
	at = 0;
	for (size_t i = 0; i < t->n; i++) {
		size_t want = t->cells[i].width + TABLE_GAP;

		/* A row's last cell is as long as it likes: nothing stands behind it. */
		if (t->cells[i].text && !is_last(t, i) && want > widths[at])
			widths[at] = want < TABLE_MIN ? TABLE_MIN : want;
		at = t->cells[i].text ? at + 1 : 0;
	}
	at = 0;
	for (size_t i = 0; i < t->n; i++) {
		if (!t->cells[i].text) {
			str_addc(out, '\n');
			at = 0;
			continue;
		}
		str_add(out, t->cells[i].text);
		if (!is_last(t, i))
			for (size_t gap = widths[at] - t->cells[i].width; gap; gap--)
				str_addc(out, ' ');
		at++;
	}
}

void table_done(struct table *t)
{
	int saved = errno;

	for (size_t i = 0; i < t->n; i++)
		free(t->cells[i].text);
	free(t->cells);
	*t = (struct table){ 0 };
	errno = saved;
}
