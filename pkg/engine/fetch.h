/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_FETCH_H
#define PKG_ENGINE_FETCH_H

#include <jansson.h>

#include "pkg/engine/config.h"
#include "pkg/engine/engine.h"
#include "pkg/oci/digest.h"

struct fetcher;

/*
 * The image of a run: found in the store, or pulled as o->pull says ("missing" by default, "always",
 * "newer", "never", and podman's true and false). RET_NAME: its full name, or NULL when found by id.
 */
int fetch_image(struct engine *e, const struct run_opts *o, const struct fetcher *fetcher,
		struct digest *ret, char **ret_name, struct fail *f) MUST_USE;

/*
 * The request of a pull (pkg/engine/transfer.h); a new reference, or NULL with F set. POLICY may be NULL;
 * a retry of 0 means none.
 */
json_t *fetch_request(const struct pull_group *g, const char *ref, const char *policy,
		      struct fail *f) MUST_USE;

#endif
