/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_PORTS_HOLDER_H
#define PKG_ENGINE_PORTS_HOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "pkg/engine/engine.h"
#include "pkg/util/str.h"

/*
 * Who listens on PORT of the host, as far as a user can tell: "container web", "process 4711 (nginx)", "a process of
 * root"; nothing when it can't be told. For messages: it reads every process's descriptors.
 */
void port_holder(struct engine *e, bool udp, const char *ip, uint16_t port, struct str *ret);

#endif
