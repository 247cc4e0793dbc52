/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_INSPECT_H
#define PKG_ENGINE_INSPECT_H

#include <jansson.h>

#include "pkg/engine/engine.h"

/*
 * Everything about one container or image, with podman's keys. A new reference. SIZE: what
 * it takes on disk too (SizeRw, SizeRootFs), which is counted then.
 */
int inspect_container(struct engine *e, const char *text, bool size, json_t **ret, struct fail *f) MUST_USE;
int inspect_image(struct engine *e, const char *text, json_t **ret, struct fail *f) MUST_USE;

#endif
