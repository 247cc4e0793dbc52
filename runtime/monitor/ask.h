/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_MONITOR_ASK_H
#define RUNTIME_MONITOR_ASK_H

#include <stdbool.h>

#include "pkg/util/fail.h"

/* What is asked of a running monitor besides attaching (runtime/monitor/attach.h: STOP, LOOK, CHECK, GO). */

/*
 * The file "stop" was written: one that is between two runs ends now. A monitor that can't be reached
 * looks for itself when its pause is over. TIMEOUT: the seconds between the stop signal and SIGKILL if the next run has
 * begun by now, -1 without limit.
 */
void ask_stop(const char *run_dir, const char *id, int timeout);

/* The restart policy has changed (monitor_opts.policy): one that is between two runs looks whether there is a next. */
void ask_look(const char *run_dir, const char *id);

/*
 * Has the health check run now, or joins the one under way, and waits for its result: 0 passed, 1 failed,
 * 2 failed before the start-up check has passed. -EINVAL: the container has none; -ESRCH: it doesn't run.
 */
int ask_check(const char *run_dir, const char *id, struct fail *f) MUST_USE;

/*
 * Has the command of a prepared container run (monitor_opts.prepare), and waits until it has exec'd: 0, or with
 * ATTACH a connected attach socket. F has the cause with its exit status (126, 127) as monitor_start has it;
 * nothing runs then. -ESRCH: it isn't there any more.
 */
int ask_go(const char *run_dir, const char *id, bool attach, struct fail *f) MUST_USE;

#endif
