/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_INFO_H
#define PKG_ENGINE_INFO_H

#include <jansson.h>

#include "pkg/engine/engine.h"

/* Host, store and program, with podman's keys: host, store, registries, version. */
int engine_info(struct engine *e, json_t **ret, struct fail *f) MUST_USE;

#endif
