/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_NAMES_H
#define PKG_ENGINE_NAMES_H

#include <stdbool.h>

#include "pkg/util/fail.h"

/* [a-zA-Z0-9][a-zA-Z0-9_.-]*, at most 255 bytes: podman's rule for container names. */
bool name_is_valid(const char *name);

/* "brave_hopper": an adjective and a noun. Caller frees. */
char *name_random(void) MUST_USE;

#endif
