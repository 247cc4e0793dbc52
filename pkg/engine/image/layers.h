/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_IMAGE_LAYERS_H
#define PKG_ENGINE_IMAGE_LAYERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pkg/engine/image/events.h"
#include "pkg/engine/image/unpacker.h"
#include "pkg/oci/image.h"
#include "storage/image.h"
#include "storage/store.h"

/*
 * Brings the layers of one image into the store: several at once, each fetched, hashed, inflated,
 * hashed again and unpacked as one pipeline. What the store has is neither fetched nor unpacked.
 *
 * A layer is kept under its diffID, unless its tree fits only the layers below it (tar_apply.h): then
 * under its chainID. Such a layer is unpacked a second time, from its blob, once those
 * below are there. Nothing of a layer is visible before size, digest and diffID are right.
 */
struct layer_want {
	struct digest diff_id;	/* as the config says; not set: import, which learns it here */
	struct digest blob;	/* as the manifest says; not set: unknown before it is read */
	int64_t blob_size;	/* -1: unknown */
	const char *media_type;
	char id[13];		/* for progress */

	/* Given back. */
	struct digest key, got_blob, got_diff;
	int64_t got_size, unpacked;
	enum inflate_kind kind;

	/* The work's own. */
	struct digest chain;
	bool have_tree, have_blob, know_kind;
};

typedef int blob_sink(void *ctx, const void *data, size_t n);

struct layer_set {
	struct store_temp *temp;
	struct events *events;
	pid_t userns_hint;	/* a process that may live in the user's namespace, or 0 */
	struct layer_want *v;
	size_t n;
	/* Streams the blob of layer INDEX into SINK; called from several threads. */
	int (*source)(void *ctx, size_t index, blob_sink *sink, void *sink_ctx, struct fail *f);
	void *source_ctx;
};
int layers_fetch(struct layer_set *s, struct fail *f) MUST_USE;

#endif
