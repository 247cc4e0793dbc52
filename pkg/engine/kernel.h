/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_KERNEL_H
#define PKG_ENGINE_KERNEL_H

#include "pkg/engine/config.h"
#include "pkg/oci/spec.h"

/*
 * --sysctl and --oom-score-adj. A sysctl must be one that belongs to a namespace of the container
 * (namespaces(7)); podman's list and words.
 */
int kernel_check(const struct kernel_group *g, bool host_net, struct fail *f) MUST_USE;
/* oom_score_adj can be raised without root, not lowered below one's own (proc(5)): then, as podman, it
 * becomes one's own, with a warning. */
void kernel_clamp(struct kernel_group *g, void (*warn)(const char *fmt, ...));
void kernel_build(const struct container_config *c, struct spec *s);

#endif
