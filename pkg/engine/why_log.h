/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_WHY_LOG_H
#define PKG_ENGINE_WHY_LOG_H

#include <stddef.h>

/*
 * What a line of a container's log gives away about its end: words that loaders, shells and C
 * libraries print, the same for every program. Pure.
 */
struct why_sign {
	const char *word;	/* as it stands in the line */
	const char *means;	/* "a shared library is missing in the image" */
	const char *fix;	/* may be NULL */
};

/* The sign in LINE (N bytes, not terminated), or NULL. */
const struct why_sign *why_sign_find(const char *line, size_t n);

#endif
