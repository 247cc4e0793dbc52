/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_UTIL_TABLE_H
#define PKG_UTIL_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "pkg/util/fail.h"
#include "pkg/util/str.h"

/*
 * Columns for a terminal, as podman's lists have them: each as wide as its widest cell and
 * two blanks, at least TABLE_MIN; the last of a row isn't padded. Widths count code points.
 * Control characters in cells are made visible.
 *
 *	auto_table struct table t = { 0 };
 *	table_cell(&t, "NAME");
 *	table_cell(&t, "DRIVER");
 *	table_end(&t);
 *	...
 *	table_render(&t, &out);
 */
enum { TABLE_MIN = 12, TABLE_GAP = 2 };

struct table_cell;

struct table {
	struct table_cell *cells;
	size_t n;
	size_t cap;
};

/* Copies TEXT; NULL is an empty cell. */
void table_cell(struct table *t, const char *text);
void table_cellf(struct table *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Ends a row; rows may differ in length. */
void table_end(struct table *t);
/* A row from a list of N cells. */
void table_row(struct table *t, const char *const *cells, size_t n);
/* Cells from text: a tab ends a cell, a newline a row. */
void table_text(struct table *t, const char *text);
void table_render(const struct table *t, struct str *out);
void table_done(struct table *t);
#define auto_table __attribute__((cleanup(table_done)))

#endif
