/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_CREATE_LIFE_H
#define PKG_ENGINE_CREATE_LIFE_H

#include "pkg/engine/config.h"
#include "pkg/oci/image.h"

/*
 * A part of create_config: what becomes of the container over its life (--restart, --timeout, --bind-to,
 * --conmon-pidfile) and its health checks (--health-*, the image's HEALTHCHECK), checked and complete.
 * IMAGE may be NULL. Called after the rest of c->life is set.
 */
int create_life(const struct run_opts *o, const struct image_config *image, struct container_config *c,
		struct fail *f) MUST_USE;

/*
 * A check as podman reads it: a JSON array of words runs them, of one word is a line for sh, as any other
 * text; "CMD word ..." and "none" are what they are in an image's config. The caller frees.
 */
char **health_test_parse(const char *text);

#endif
