/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_UTIL_NEAR_H
#define PKG_UTIL_NEAR_H

#include <stddef.h>

/* "Did you mean": the edit distance (with swapped neighbours) of A and B. */
size_t near_distance(const char *a, const char *b);

/*
 * The word of NULL-terminated WORDS nearest to S: at most a third of S's letters differ (one of up to five, three of
 * many). Else the first one that begins with S, when S has three letters; else NULL. Points into WORDS.
 */
const char *near_word(const char *s, char *const *words);

#endif
