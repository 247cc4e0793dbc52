/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_INIT_H
#define RUNTIME_INIT_H

#include "runtime/launch.h"
#include "runtime/plan.h"

/*
 * The container's first process, from its birth in new namespaces to its exec: waits until its ids
 * are mapped, interprets the plan, and tells SOCK of its failure. Never returns.
 */
void init_run(const struct launch *l, const struct plan *p, int sock) __attribute__((noreturn));

#endif
