/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_CREATE_H
#define PKG_ENGINE_CREATE_H

#include "pkg/engine/config.h"
#include "pkg/engine/engine.h"

/* What comes back while a missing image is fetched (cmd draws it). */
struct transfer_events;

/*
 * run_opts + image -> a container on disk, in state "created". The image is fetched first when
 * it is missing and the pull policy says so. RET is the complete config, the caller's to release.
 * On failure nothing is left behind. --cidfile is written here.
 */
int engine_create(struct engine *e, const struct run_opts *o, const struct transfer_events *events,
		  struct container_config *ret, struct fail *f) MUST_USE;

/* The pure half: opts + what is known of the image -> config. IMAGE is NULL with --rootfs. */
struct image_config;
int create_config(const struct run_opts *o, const struct image_config *image, struct container_config *ret,
		  struct fail *f) MUST_USE;

#endif
