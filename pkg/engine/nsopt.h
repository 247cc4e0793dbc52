/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_NSOPT_H
#define PKG_ENGINE_NSOPT_H

#include "pkg/engine/groups.h"

/*
 * --ipc, --pid, --uts, --cgroupns, --userns ($PODMAN_USERNS when not given) and the id maps. A container
 * has namespaces of its own and the caller's ids: the words for that are taken, all others are refused (the
 * known ones as not supported yet, the rest as podman refuses them).
 */
int nsopt_check(const struct ns_group *g, struct fail *f) MUST_USE;

#endif
