/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_EXPORT_H
#define PKG_ENGINE_EXPORT_H

#include "pkg/engine/engine.h"

/*
 * The root file system of container TEXT as a tar on OUT_FD: what its image and its writable layer make
 * together, without volumes and other mounts, whether it runs or not. storage/pack.h tells what the tar
 * is like.
 */
int engine_export(struct engine *e, const char *text, int out_fd, struct fail *f) MUST_USE;

#endif
