/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_UTIL_JSON_H
#define PKG_UTIL_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pkg/util/fail.h"
#include "pkg/util/str.h"

/*
 * JSON and C structs: one table of rows per type, read and written by the same code.
 *
 *	static const struct field point_fields[] = {
 *		FIELD_STR("name", struct point, name),
 *		FIELD_I64("x", struct point, x),
 *		FIELD_END
 *	};
 *
 * jsonf_read fills a zeroed struct: unknown members are ignored, a missing one leaves
 * the zero value unless its row is FIELD_MUST(...), a wrong type is refused with the
 * path of the member ("config.Env[3]: a string is wanted, not a number"). Strings are
 * copied and owned by the struct; jsonf_done frees all that the table names.
 * Empty values (NULL, 0, false, no elements) are left out on writing unless FIELD_KEEP.
 */
enum field_kind {
	FK_END, FK_STR, FK_BOOL, FK_I64, FK_U32, FK_INT, FK_STRV, FK_MAP, FK_OBJ, FK_ARRAY, FK_ENUM,
	FK_JSON, FK_SET, FK_TEXT, FK_U32V,
};
enum field_flags { FIELD_REQUIRED = 1 << 0, FIELD_KEPT = 1 << 1 };

struct u32v {
	uint32_t *v;
	size_t n;
};

struct field {
	const char *name;
	enum field_kind kind;
	unsigned flags;
	size_t offset;
	size_t count_offset;		/* FK_ARRAY: the size_t beside the pointer */
	size_t size;			/* FK_ARRAY: of one element */
	const struct field *sub;	/* FK_OBJ, FK_ARRAY */
	const char *const *names;	/* FK_ENUM: NULL-terminated, the value is the index */
	int (*parse)(const char *text, void *ret, struct fail *f);	/* FK_TEXT */
	char *(*format)(const void *value);	/* FK_TEXT; NULL: nothing to write */
};

#define FIELD_TYPED(n, k, type, member, ctype)                                                  \
	{ .name = (n), .kind = (k),                                                             \
	  .offset = offsetof(type, member) +                                                    \
		    0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((type *)0)->member), \
								 ctype) ? 1 : -1]) }
#define FIELD_STR(n, type, member) FIELD_TYPED(n, FK_STR, type, member, char *)
#define FIELD_BOOL(n, type, member) FIELD_TYPED(n, FK_BOOL, type, member, bool)
#define FIELD_I64(n, type, member) FIELD_TYPED(n, FK_I64, type, member, int64_t)
#define FIELD_U32(n, type, member) FIELD_TYPED(n, FK_U32, type, member, uint32_t)
#define FIELD_INT(n, type, member) FIELD_TYPED(n, FK_INT, type, member, int)
/* ["a", "b"] in a NULL-terminated list. */
#define FIELD_STRV(n, type, member) FIELD_TYPED(n, FK_STRV, type, member, char **)
/* {"k": "v"} as a list of "k=v". */
#define FIELD_MAP(n, type, member) FIELD_TYPED(n, FK_MAP, type, member, char **)
/* {"80/tcp": {}} as a list of the names: docker's sets. */
#define FIELD_SET(n, type, member) FIELD_TYPED(n, FK_SET, type, member, char **)
/* Any value, kept as it is (a reference is held). */
#define FIELD_JSON(n, type, member) FIELD_TYPED(n, FK_JSON, type, member, json_t *)
/* A struct by value inside the struct. */
#define FIELD_OBJ(n, type, member, table)                                                       \
	{ .name = (n), .kind = FK_OBJ, .offset = offsetof(type, member), .sub = (table) }
/* An owned array of structs and its size_t count. */
#define FIELD_ARRAY(n, type, member, count, table)                                              \
	{ .name = (n), .kind = FK_ARRAY, .offset = offsetof(type, member),                      \
	  .count_offset = offsetof(type, count), .size = sizeof(*((type *)0)->member),          \
	  .sub = (table) }
/* An int or enum by its word. */
#define FIELD_ENUM(n, type, member, words)                                                      \
	{ .name = (n), .kind = FK_ENUM, .offset = offsetof(type, member), .names = (words) }
/* A value type of its own that is text in JSON (a digest, say) and owns no memory. */
#define FIELD_TEXT(n, type, member, parser, formatter)                                          \
	{ .name = (n), .kind = FK_TEXT, .offset = offsetof(type, member), .parse = (parser),    \
	  .format = (formatter) }
/* [1, 2, 3] in a struct u32v. */
#define FIELD_U32V(n, type, member) FIELD_TYPED(n, FK_U32V, type, member, struct u32v)
#define FIELD_END { .name = NULL, .kind = FK_END }
/* FIELD_WITH(FIELD_REQUIRED, "x", FK_...) is spelled by initialising .flags after the row: */
#define FIELD_MUST(row_kind, n, type, member, ctype)                                            \
	{ .name = (n), .kind = (row_kind), .flags = FIELD_REQUIRED,                             \
	  .offset = offsetof(type, member) +                                                    \
		    0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((type *)0)->member), \
								 ctype) ? 1 : -1]) }
#define FIELD_KEEP(row_kind, n, type, member, ctype)                                            \
	{ .name = (n), .kind = (row_kind), .flags = FIELD_KEPT,                                 \
	  .offset = offsetof(type, member) +                                                    \
		    0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((type *)0)->member), \
								 ctype) ? 1 : -1]) }

int jsonf_read(const struct field *table, void *ret_obj, const json_t *from, struct fail *f) MUST_USE;
json_t *jsonf_write(const struct field *table, const void *obj) MUST_USE; /* a new reference */
void jsonf_done(const struct field *table, void *obj);
/*
 * A deep copy of what the table names: TO has memory of its own (what it had before is released; an FK_ARRAY of TO
 * must be empty). FK_TEXT and FK_U32V rows are not copied.
 */
void jsonf_copy(const struct field *table, void *to, const void *from);

/* A list of strings as the rows FIELD_STRV, FIELD_MAP ("k=v") and FIELD_SET write it; new references. */
json_t *jsonf_strv(char *const *v) MUST_USE;
json_t *jsonf_map(char *const *v) MUST_USE;
json_t *jsonf_set(char *const *v) MUST_USE;

/*
 * Text to JSON with limits: at most MAX bytes (0: 4 MiB) and JSON_DEPTH levels, no
 * duplicate keys, no NUL in strings. WHAT names the source in the error.
 */
enum { JSON_DEPTH = 64 };
json_t *jsonf_parse(const char *text, size_t len, size_t max, const char *what, struct fail *f) MUST_USE;
/* The same from a file; -ENOENT is a failure like any other (f->code tells). */
json_t *jsonf_load(int dirfd, const char *name, size_t max, struct fail *f) MUST_USE;
/* Compact text, keys in the order of insertion; INDENT > 0 for people. Caller frees. */
char *jsonf_text(const json_t *j, int indent) MUST_USE;

void jsonf_decref_ptr(json_t **j);
#define auto_json __attribute__((cleanup(jsonf_decref_ptr), unused))

#endif
