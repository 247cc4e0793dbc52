/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_COMPAT_H
#define PKG_ENGINE_COMPAT_H

#include "pkg/engine/groups.h"

/*
 * Options of docker's and podman's run that rbox does nothing for. One whose value is what happens
 * anyway is taken; one that has no meaning on Linux without root is taken, and WARN is told (may be NULL); any
 * other is refused, with what to do instead.
 */
int compat_check(const struct compat_group *g, void (*warn)(const char *fmt, ...), struct fail *f) MUST_USE;

#endif
