// SPDX-License-Identifier: Apache-2.0
#include "pkg/util/near.h"

#include <string.h>

enum { WORD_MAX = 40 };

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

size_t near_distance(const char *a, const char *b)
{
	size_t d[WORD_MAX + 1][WORD_MAX + 1];
	size_t n = strlen(a), m = strlen(b);

	if (n > WORD_MAX || m > WORD_MAX)
		return WORD_MAX;
	for (size_t i = 0; i <= n; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= m; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		for (size_t j = 1; j <= m; j++) {
			size_t swap = a[i - 1] != b[j - 1];

			d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + swap);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < d[i][j])
				d[i][j] = d[i - 2][j - 2] + 1;
		}
	}
	return d[n][m];
}

const char *near_word(const char *s, char *const *words)
{
	const char *best = NULL, *begins = NULL;
	size_t len = strlen(s), limit = len / 3;

	/* With two letters of four wrong, any word would be near ("push": pause). */
	if (limit < 1)
		limit = 1;
	if (limit > 3)
		limit = 3;
	for (; words && *words; words++) {
		size_t d = near_distance(s, *words);

		if (!begins && len >= 3 && !strncmp(*words, s, len))
			begins = *words;

		if (d <= limit) {
			best = *words;
			if (d == 0)
				return best;
			limit = d - 1;
		}
	}
	return best ? best : begins;
}
