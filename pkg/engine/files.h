/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_FILES_H
#define PKG_ENGINE_FILES_H

#include "pkg/engine/config.h"

/*
 * The files that rbox puts into a container, made in its folder and bound over the image's:
 * /etc/hosts, /etc/hostname, /etc/resolv.conf, /run/.containerenv.
 */
int files_write(int dir_fd, const struct container_config *c, struct fail *f) MUST_USE;

/*
 * --hosts-file: what /etc/hosts begins with, a file of the host or "none", into C. NULL: the host's. It is read once,
 * by files_write().
 */
int hosts_file_set(const char *typed, struct container_config *c, struct fail *f) MUST_USE;

/* The first 12 characters of the id; the host's own name with --network host. Caller frees. */
char *hostname_default(const struct container_config *c) MUST_USE;

#endif
