/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_UTIL_STR_H
#define PKG_UTIL_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pkg/util/fail.h"

/*
 * A growing string with a ceiling that must be named, and lists of strings.
 *
 *	auto_str struct str s = STR_INIT(64 * 1024);
 *	str_addf(&s, "%s\n", name);
 *	if (str_failed(&s)) return refuse(f, E2BIG, ...);
 *
 * Additions past the ceiling are dropped and stick as a failure, so that a row of
 * additions is checked once. `s.s` is always terminated, never NULL after the first
 * addition; str_cstr() is never NULL.
 */
struct str {
	char *s;
	size_t len;
	size_t cap;
	size_t max;
	bool over;
};

#define STR_INIT(ceiling) { .max = (ceiling) }

void str_add(struct str *s, const char *text);
void str_addn(struct str *s, const void *data, size_t n);
void str_addc(struct str *s, char c);
void str_addf(struct str *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
void str_clear(struct str *s);	 /* empty, memory kept */
void str_done(struct str *s);	 /* memory released, usable again */
bool str_failed(const struct str *s);
const char *str_cstr(const struct str *s);
char *str_take(struct str *s) MUST_USE; /* the caller frees; never NULL */

#define auto_str __attribute__((cleanup(str_done)))

/* Small text helpers. */
bool str_eq(const char *a, const char *b);	/* NULL is equal to NULL only */
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
/* Whole-string unsigned number in base 10 (or 0x..., 0... with base 0); -EINVAL or -ERANGE. */
int str_to_u64(const char *s, int base, uint64_t *ret) MUST_USE;
int str_to_i64(const char *s, int64_t *ret) MUST_USE;
/* "64m", "1g", "512" (bytes; k m g t, with or without a following b or ib, powers of 1024). */
int str_to_bytes(const char *s, uint64_t *ret) MUST_USE;
/* The same with units of 1000 and fractions, as podman reads sizes of logs: "1.5m" is 1500000. */
int str_to_size(const char *s, uint64_t *ret) MUST_USE;
int str_to_bool(const char *s, bool *ret) MUST_USE; /* true false 1 0 t f yes no, any case */
/*
 * The length of the valid UTF-8 sequence at S, which has N bytes left, or 0 (overlong forms
 * and surrogates are invalid); its code point in RET_RUNE, may be NULL.
 */
size_t str_utf8(const char *s, size_t n, uint32_t *ret_rune);
void str_add_rune(struct str *s, uint32_t rune);
/* TEXT with control characters and invalid UTF-8 made visible, for a terminal. */
void str_add_escaped(struct str *s, const char *text);

/* NULL-terminated lists of owned strings; a NULL list is an empty one. */
size_t strv_len(char *const *v);
void strv_add(char ***v, const char *s);
void strv_add_take(char ***v, char *owned);
void strv_addf(char ***v, const char *fmt, ...) PRINTF_LIKE(2, 3);
void strv_add_all(char ***v, char *const *more);
char **strv_dup(char *const *v) MUST_USE;
/* Parts of S between any of SEPS; empty parts are kept unless SKIP_EMPTY. */
char **strv_split(const char *s, const char *seps, bool skip_empty) MUST_USE;
char *strv_join(char *const *v, const char *sep) MUST_USE;
bool strv_has(char *const *v, const char *s);
/* KEY=VALUE lists: replaces the entry with the same KEY or appends; get gives the value. */
void strv_env_set(char ***v, const char *entry);
void strv_env_unset(char **v, const char *key);
const char *strv_env_get(char *const *v, const char *key);
void strv_free(char **v);
void strv_free_ptr(char ***v);
#define auto_strv __attribute__((cleanup(strv_free_ptr)))
#define strv_each(it, v) for (char *const *it = (v); it && *it; it++)

#endif
