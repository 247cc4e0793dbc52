/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_IMAGE_COMMIT_LAYER_H
#define PKG_ENGINE_IMAGE_COMMIT_LAYER_H

#include "pkg/engine/container.h"
#include "pkg/engine/image/serve.h"

/* What a container has changed, as the gzip'ed tar of a layer in the store. */
struct commit_layer {
	struct digest blob, diff_id;
	int64_t blob_size;
};

/*
 * WHOLE: not the changes but the whole root file system. The tree is read by a child in U; hashing,
 * compressing and writing are done here. Pinned by X's temp folder.
 */
int commit_layer_make(struct xfer *x, const struct container *c, bool whole, struct commit_layer *ret,
		      struct fail *f) MUST_USE;

#endif
