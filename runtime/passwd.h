/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_PASSWD_H
#define RUNTIME_PASSWD_H

#include "pkg/util/fail.h"
#include "pkg/util/str.h"
#include "runtime/privs.h"

/*
 * The image's /etc/passwd with a line for a user that has none, as podman adds it:
 * "1000:*:1000:0:container user:HOME:/bin/sh". ROOT_FD: the container's root; its file is
 * only read. A missing file is an empty one.
 */
int passwd_with_user(int root_fd, const struct privs_user *u, const char *home, struct str *ret,
		     struct fail *f) MUST_USE;

#endif
