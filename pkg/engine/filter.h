/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_FILTER_H
#define PKG_ENGINE_FILTER_H

#include <stdbool.h>

#include "pkg/util/fail.h"

/*
 * --filter KEY=VALUE as podman combines them: different keys all hold; the same key given several
 * times is enough once, except label, of which all must hold.
 */

/* Every filter has a '=' and a key of KEYS (NULL-terminated); else refused with the list. */
int filter_check(char *const *filters, const char *const *keys, struct fail *f) MUST_USE;
/* True when KEY is not filtered for, or one of its values makes MATCH true. */
bool filter_any(char *const *filters, const char *key, bool (*match)(const char *value, const void *ctx),
		const void *ctx);
/* label and label!: LABELS is a KEY=VALUE list. */
bool filter_labels(char *const *filters, char *const *labels);
bool filter_has(char *const *filters, const char *key);
/* A regular expression (POSIX extended) found in TEXT; a bad one is compared as it is. */
bool filter_regex(const char *pattern, const char *text);

#endif
