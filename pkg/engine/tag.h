/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_TAG_H
#define PKG_ENGINE_TAG_H

#include "pkg/engine/engine.h"

/*
 * Names of an image, given and taken away. A name without a registry means localhost/NAME, as for
 * commit and import; without a tag it means :latest. A name that another image has moves over. Either all
 * NAMES (NULL-terminated) make sense, or nothing is done.
 */
int engine_tag(struct engine *e, const char *image, char *const *names, struct fail *f) MUST_USE;

/* Takes NAMES away, or every name when there are none. The image itself stays, by its id. */
int engine_untag(struct engine *e, const char *image, char *const *names, struct fail *f) MUST_USE;

/* TEXT as the full name of something new: "localhost/x:latest" for "x". No digest in it. */
struct ref;
int tag_parse(const char *text, struct ref *ret, struct fail *f) MUST_USE;

#endif
