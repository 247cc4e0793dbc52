/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_SECCOMP_H
#define PKG_ENGINE_SECCOMP_H

#include "pkg/engine/config.h"
#include "pkg/oci/spec.h"

/* The seccomp program a container's processes get: a descriptor, or -EBADF in *RET for none. */
int engine_seccomp(const struct container_config *c, const struct spec_process *p, int *ret,
		   struct fail *f) MUST_USE;

#endif
