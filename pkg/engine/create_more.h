/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_CREATE_MORE_H
#define PKG_ENGINE_CREATE_MORE_H

#include "pkg/engine/config.h"

struct image_config;

/*
 * The smaller groups of options (pkg/engine/groups.h), each checked and put into the config by its own file.
 * Called by create_config once arguments, environment, mounts and lifetime are set; pure but for looks at the
 * host's files.
 */
int create_more(const struct run_opts *o, const struct image_config *image, struct container_config *c,
		struct fail *f) MUST_USE;

/* What of an accepted option does less than one may think: WARN gets a line for each. */
void create_warn(const struct run_opts *o, const struct container_config *c, void (*warn)(const char *fmt, ...));

#endif
