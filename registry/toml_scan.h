/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_TOML_SCAN_H
#define REGISTRY_TOML_SCAN_H

#include <stdbool.h>

#include "registry/toml.h"

/* The state that toml.c (tables and keys) and toml_value.c (what stands after '=') share. */
struct toml_table;

struct toml {
	const char *p, *end;	/* what is not read yet; *end is NUL */
	const char *what;
	size_t line;
	int depth;
	struct toml_table *tables;	/* how each table came to be */
	size_t n_tables;
	struct fail *f;
};

/* Records "WHAT: line N: ..." and returns -EBADMSG. */
int toml_bad(struct toml *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
void toml_skip_blank(struct toml *t);
/* Blanks, comments and line ends. */
int toml_skip_lines(struct toml *t) MUST_USE;
bool toml_take(struct toml *t, char c);
/* A whole string of any of the four kinds into a new json string; NULL with F set. */
json_t *toml_string(struct toml *t) MUST_USE;
json_t *toml_value(struct toml *t) MUST_USE;
/* "a.b.c = value" into TABLE. */
int toml_pair(struct toml *t, json_t *table) MUST_USE;
/* A new table that nothing may be added to from outside its braces. */
json_t *toml_inline_table(struct toml *t) MUST_USE;
/* Enters one level; toml_leave goes back. */
int toml_enter(struct toml *t) MUST_USE;
void toml_leave(struct toml *t);

#endif
