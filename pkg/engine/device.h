/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_DEVICE_H
#define PKG_ENGINE_DEVICE_H

#include "pkg/engine/config.h"
#include "pkg/oci/spec.h"

/*
 * --device HOST[:CTR][:rwm]: without root no device can be made, so the host's is bound, and the host's rights on
 * it decide. A folder gives every device in it. What is missing, is no device or can't be opened
 * by the caller is refused: inside it could not be opened either.
 */
enum { DEVICES_MAX = 512 };
int device_parse(const struct device_group *g, struct container_config *c, struct fail *f) MUST_USE;

/* What holds less than one may believe, said once at the making: WARN gets a line for each. */
void device_warn(const struct container_config *c, void (*warn)(const char *fmt, ...));

/* Their mounts, to come after /dev. */
void device_mounts(const struct container_config *c, struct spec *s);

#endif
