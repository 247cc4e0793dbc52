/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_UTIL_MEM_H
#define PKG_UTIL_MEM_H

#include <stddef.h>

#include "pkg/util/fail.h"

/*
 * Allocation that can't fail: out of memory ends the program here and nowhere else.
 * Sizes that come from outside are bounded by the parser before they get here.
 * auto_free frees a pointer when it goes out of scope and keeps errno.
 */

void *mem_alloc(size_t size) MUST_USE;			 /* zeroed */
void *mem_array(size_t n, size_t size) MUST_USE;	 /* zeroed, overflow checked */
void *mem_resize(void *p, size_t n, size_t size) MUST_USE; /* overflow checked, not zeroed */
void *mem_dup(const void *p, size_t size) MUST_USE;
char *mem_strdup(const char *s) MUST_USE;		 /* NULL gives NULL */
char *mem_strndup(const char *s, size_t n) MUST_USE;
char *mem_printf(const char *fmt, ...) PRINTF_LIKE(1, 2) MUST_USE;

/* Frees *P and sets it to OWNED, which it takes over. */
void mem_replace(char **p, char *owned);

void mem_free_ptr(void *p);
#define auto_free __attribute__((cleanup(mem_free_ptr), unused))

/* Ownership out of an auto_ variable: returns the pointer and leaves NULL. */
void *mem_take_ptr(void *p) MUST_USE;
#define mem_take(p) ((__typeof__(*(p)))mem_take_ptr(p))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
