/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_CGROUP_SCOPE_H
#define RUNTIME_CGROUP_SCOPE_H

#include "pkg/util/fail.h"

/*
 * A scope of the user's systemd: a cgroup with Delegate=yes that holds us alone. Asked for by D-Bus over the
 * manager's own socket, which is there without a login session and without a bus.
 */

/* The manager's cgroup; NULL where there is no manager to ask. Caller frees. */
char *cgroup_scope_manager(void) MUST_USE;

/* Moves the calling process into a new scope "rbox-<id>.scope". -errno with *RET_WHY (owned) on failure. */
int cgroup_scope_enter(const char *id, char **ret_why) MUST_USE;

#endif
