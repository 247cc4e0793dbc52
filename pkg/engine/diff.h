/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_DIFF_H
#define PKG_ENGINE_DIFF_H

#include <stdbool.h>

#include "pkg/engine/engine.h"

enum diff_what { DIFF_ANY, DIFF_CONTAINER, DIFF_IMAGE };	/* ANY: a container, else an image */

/*
 * What container TEXT has changed in its image's files, or the topmost layer of image TEXT in those below.
 * RET gets, in the order of the paths, "A/path" (added), "C/path" (changed: content, or mode, owner
 * and time of a folder) or "D/path" (gone); a folder replaced by another of its name is D, and what is in
 * it A. An A or D has its parents named as C before it. What the engine itself puts into every container
 * (/etc/hosts, /proc ...) is left out, as podman does. strv_free's.
 */
int engine_diff(struct engine *e, const char *text, enum diff_what what, char ***ret, struct fail *f) MUST_USE;

#endif
