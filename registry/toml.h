/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_TOML_H
#define REGISTRY_TOML_H

#include <stddef.h>

#include "pkg/util/fail.h"
#include "pkg/util/json.h"

/*
 * TOML 1.0 (toml.io/en/v1.0.0) into JSON: tables become objects, dates and times strings
 * as they are spelled, inf and nan (which JSON lacks) the strings "inf", "-inf", "nan".
 * Limits: TOML_MAX bytes, TOML_DEPTH levels, TOML_TABLES tables. "\u0000" is refused, as no
 * reader of ours could take it. Errors name the line: "WHAT: line 3: ...".
 *
 * Returns a new reference to an object, or NULL with F set.
 */
enum { TOML_MAX = 1 << 20, TOML_DEPTH = 32, TOML_TABLES = 4096 };

json_t *toml_parse(const char *text, size_t len, const char *what, struct fail *f) MUST_USE;

#endif
