/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_IMAGE_SERVE_H
#define PKG_ENGINE_IMAGE_SERVE_H

#include <jansson.h>

#include "pkg/engine/image/events.h"
#include "pkg/engine/image/layers.h"
#include "pkg/oci/ref.h"
#include "storage/image.h"
#include "storage/store.h"

/*
 * What rbox-image does for a request (pkg/engine/transfer.h): one request a process.
 */
struct xfer {
	struct store store;
	struct store_temp temp;
	struct events events;
	const json_t *request;
	bool has_waste;	/* something that was referred to isn't any more: left to the sweep and its gc */
};

/* Reads the request from REQUEST_FD, serves it, answers on EVENT_FD. The exit status. */
int image_serve(int request_fd, int event_fd) MUST_USE;

int load_serve(struct xfer *x, struct fail *f) MUST_USE;
int import_serve(struct xfer *x, struct fail *f) MUST_USE;
int pull_serve(struct xfer *x, struct fail *f) MUST_USE;
int commit_serve(struct xfer *x, struct fail *f) MUST_USE;
int cp_serve(struct xfer *x, struct fail *f) MUST_USE;

/* A string member of the request, or NULL. */
const char *xfer_text(const struct xfer *x, const char *member);
/* For layer_set.userns_hint. */
pid_t xfer_userns_hint(const struct xfer *x);
/* Now, in ns; SOURCE_DATE_EPOCH makes the same image of the same content. */
int64_t xfer_created(void);
/* The request's "os", "arch" and "variant", or this machine's, into C. */
int xfer_platform(struct xfer *x, struct image_config *c, struct fail *f) MUST_USE;
bool xfer_flag(const struct xfer *x, const char *member);
/* The file or, with NULL or "-", stdin. */
int xfer_input(const char *path, struct fail *f) MUST_USE;

/* An image that is being brought in. */
struct incoming {
	struct digest config, manifest, index;
	struct layer_set layers;
};
/* Image record and then NAMES (NULL-terminated, full) of an image whose blobs are in place. */
int incoming_save(struct xfer *x, const struct incoming *in, const struct ref *names, size_t n, struct fail *f) MUST_USE;
void incoming_done(struct incoming *in);
#define auto_incoming __attribute__((cleanup(incoming_done)))

/* The layers a config wants: blobs unknown yet. */
int incoming_from_config(struct xfer *x, const struct image_config *c, struct incoming *in, struct fail *f) MUST_USE;

#endif
