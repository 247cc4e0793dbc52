/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_HISTORY_H
#define PKG_ENGINE_HISTORY_H

#include <jansson.h>

#include "pkg/engine/engine.h"

/*
 * What image TEXT was made of, the last step first: {"id", "created" (RFC 3339), "CreatedBy", "size" (bytes
 * of the files it added, 0 for a step without a layer), "comment", "tags": [...]}. The first id is the image's
 * own; below, it is that of an image that is here and has exactly the layers and steps up to there, else "<missing>".
 */
int engine_history(struct engine *e, const char *text, json_t **ret, struct fail *f) MUST_USE;

#endif
