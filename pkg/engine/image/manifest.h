/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_IMAGE_MANIFEST_H
#define PKG_ENGINE_IMAGE_MANIFEST_H

#include "pkg/engine/image/serve.h"

/* The layers' blobs as the manifest names them; its count has to be the config's. */
int incoming_take_layers(struct incoming *in, const struct manifest *m, struct fail *f) MUST_USE;

/*
 * For what came without one: a manifest of the layers as they are in the store now, docker's
 * schema 2 or OCI's, told by CONFIG_MEDIA. Puts it into the store, sets in->manifest and the layers'
 * media types.
 */
int manifest_make(struct xfer *x, struct incoming *in, const char *config_media, int64_t config_size,
		  struct fail *f) MUST_USE;

#endif
