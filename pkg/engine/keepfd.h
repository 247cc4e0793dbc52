/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_KEEPFD_H
#define PKG_ENGINE_KEEPFD_H

#include "pkg/engine/config.h"

/*
 * The descriptors of our caller's that go into a container, under the numbers they have: --preserve-fds N (3 to
 * 2 + N), --preserve-fd LIST, and what a socket unit passed us (sd_listen_fds(3)). Ours are all close-on-exec, so that what
 * isn't is the caller's; one that isn't there is refused, as podman does.
 */
enum { KEEPFD_MAX = 64 };
struct keepfds {
	int v[KEEPFD_MAX];	/* sorted, each once */
	size_t n;
	unsigned listening;	/* how many of them, from 3 on, are a socket unit's */
};
int keepfd_parse(unsigned preserve_fds, char *const *preserve_fd, struct keepfds *ret, struct fail *f) MUST_USE;

/* LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES for the process. */
void keepfd_env(const struct keepfds *k, char ***env);

#endif
