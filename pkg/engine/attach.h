/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_ATTACH_H
#define PKG_ENGINE_ATTACH_H

#include "pkg/engine/engine.h"
#include "runtime/monitor/attach.h"

/*
 * Copies between our stdio and a running container (runtime/monitor/attach.h). The container says
 * whether it has a terminal and an open stdin; O->want_stdin is what the user allows.
 */
int engine_attach(struct engine *e, const char *name, const struct attach_opts *o,
		  struct attach_result *ret, struct fail *f) MUST_USE;

#endif
