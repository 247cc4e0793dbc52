/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_IMAGES_H
#define PKG_ENGINE_IMAGES_H

#include <jansson.h>

#include "pkg/engine/engine.h"

struct images_opts {
	bool all, no_trunc, digests;
	char *name;		/* only this repository or name */
	char **filters;
};

/* One JSON object per name of an image (one for an image without a name), newest first. */
int engine_images(struct engine *e, const struct images_opts *o, json_t **ret, struct fail *f) MUST_USE;

/*
 * Removes the name TYPED, and the image with its last name. By id: all its names, when it has one or
 * with FORCE (which also removes containers that use it). Exit status by F: 1 no such image, 2 in use.
 * DONE is told each step: "Untagged: NAME", "Deleted: ID".
 */
int engine_rmi(struct engine *e, const char *typed, bool force, void (*done)(const char *line),
	       struct fail *f) MUST_USE;

#endif
