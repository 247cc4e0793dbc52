/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_CREATE_H
#define PKG_ENGINE_CREATE_H

#include <jansson.h>

#include "pkg/engine/config.h"
#include "pkg/engine/engine.h"

/*
 * How a missing image is fetched: cmd runs the transfer, since it draws the progress. REQUEST is as
 * pkg/engine/transfer.h has it, and taken over.
 */
struct fetcher {
	int (*run)(void *ctx, json_t *request, struct fail *f);
	void *ctx;
};

/*
 * run_opts + image -> a container on disk, in state "created". The image is fetched first when
 * it is missing and the pull policy says so. RET is the complete config, the caller's to release.
 * On failure nothing is left behind. --cidfile is written here.
 */
int engine_create(struct engine *e, const struct run_opts *o, const struct fetcher *fetcher,
		  struct container_config *ret, struct fail *f) MUST_USE;

/* The pure half: opts + what is known of the image -> config. IMAGE is NULL with --rootfs. */
struct image_config;
int create_config(const struct run_opts *o, const struct image_config *image, struct container_config *ret,
		  struct fail *f) MUST_USE;

#endif
