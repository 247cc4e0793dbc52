/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_SECRETOPT_H
#define PKG_ENGINE_SECRETOPT_H

#include "pkg/engine/config.h"
#include "pkg/engine/engine.h"
#include "pkg/oci/spec.h"

/*
 * --secret NAME[,type=mount|env][,target=T][,uid=N][,gid=N][,mode=0444] (podman-run(1)).
 *
 * A mounted secret is copied to the container's folder when the container is made, as podman does: it stays
 * what it was when the secret is removed or changed. An environment secret is looked up at each start, and stands
 * in no file of the container's: neither in config.json nor in the bundle nor in inspect.
 */
int secretopt_parse(char *const *typed, struct container_config *c, struct fail *f) MUST_USE;

/* Finds the secrets by their names, notes their ids in C and writes the files of the mounted ones into the container's folder in the
 * making, DIR_FD, with owner and mode. Before C is saved. */
int secretopt_place(struct engine *e, int dir_fd, struct container_config *c, struct fail *f) MUST_USE;

/* The mounts of them; CTR_PATH: the container's folder. */
void secretopt_mounts(const struct container_config *c, const char *ctr_path, struct spec *s);

/* The environment ones, into *ENV; a secret that is gone is -ENOENT. */
int secretopt_env(struct engine *e, const struct container_config *c, char ***env, struct fail *f) MUST_USE;

/* Config.Secrets of inspect: the mounted ones. A new reference. */
json_t *secretopt_inspect(const struct container_config *c) MUST_USE;

#endif
