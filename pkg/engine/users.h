/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_USERS_H
#define PKG_ENGINE_USERS_H

#include "pkg/engine/config.h"

/*
 * --hostuser, --passwd, --passwd-entry, --group-entry: what the container's /etc/passwd and /etc/group get beside
 * the image's lines. Users of the host are looked up at each start, as podman does. A user's home is its own where
 * a mount brings it (or a folder above it), else the working folder.
 */
int users_check(const struct users_group *g, struct fail *f) MUST_USE;
/* Caller frees: the lines of C's users of the host, as runtime/passwd.h has them; NULL: none. */
int users_lines(const struct container_config *c, char ***ret, struct fail *f) MUST_USE;

#endif
