/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_MONITOR_GUARD_H
#define RUNTIME_MONITOR_GUARD_H

#include <sys/types.h>

#include "pkg/util/fail.h"

/*
 * A second tie for --bind-to: a small process that kills the container's first process (CTR, a pidfd) when
 * the monitor has ended, and ends with the container. PR_SET_PDEATHSIG, the first tie, is lost by a process
 * that changes its ids (prctl(2)); and whoever kills the caller may kill the monitor with it. As long as the
 * monitor lives, the end of what the container is bound to is the monitor's to act on: two that kill at
 * once would leave it to chance which reason is recorded. Returns its pid, a child of ours.
 */
pid_t guard_start(int ctr, struct fail *f) MUST_USE;

#endif
