/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_HELPER_H
#define REGISTRY_HELPER_H

#include "registry/auth.h"

/*
 * Credential helpers: the program docker-credential-NAME of PATH, run as `docker-credential-NAME get` with the
 * server on its stdin, answers {"Username": ..., "Secret": ...}; the user name "<token>" says that the secret is
 * an identity token. (The protocol of github.com/docker/docker-credential-helpers.) It has HELPER_SECONDS, and
 * HELPER_OUTPUT_MAX bytes for its answer; its stderr is ours.
 *
 * 1 and RET; 0: it knows of none; -ENOENT: no such program, else -errno.
 */
enum { HELPER_SECONDS = 120, HELPER_OUTPUT_MAX = 64 << 10 };
int helper_get(const char *name, const char *server, struct auth *ret, struct fail *f) MUST_USE;

#endif
