/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_ENV_H
#define PKG_ENGINE_ENV_H

#include "pkg/engine/config.h"

/*
 * The environment of the process, in podman's order: our defaults (PATH, container, TERM), the image's, the
 * caller's proxies, with --env-host all of the caller's, --env-merge over these; --unsetenv takes away from these;
 * then --env-file and --env. "-e NAME" takes the caller's value if there is one, "-e 'NAME*'" all of
 * the caller's that start so. HOME is the runtime's: it knows the container's passwd.
 */
struct image_config;
int env_build(const struct run_opts *o, const struct image_config *image, struct container_config *c,
	      struct fail *f) MUST_USE;
/* -e and --env-file for exec: on top of *ENV. */
int env_add_typed(char *const *files, char *const *typed, char ***env, struct fail *f) MUST_USE;
void env_add_hostname(struct container_config *c);

/* KEY=VALUE lines; '#' comments and empty lines are passed over; a bare KEY takes ours. */
int env_read_files(char *const *paths, char ***ret, struct fail *f) MUST_USE;

#endif
