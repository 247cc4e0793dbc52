/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_WHY_H
#define PKG_ENGINE_WHY_H

#include <jansson.h>

#include "pkg/engine/engine.h"

/*
 * How a container ended, and how one knows: an object
 *
 *	Id Name Status ExitCode Signal Restarts StartedAt FinishedAt
 *	Cause	one word for programs: running paused never-started start-failed exited signal
 *		stopped killed timeout unhealthy bound seccomp oom monitor-lost reboot
 *	Verdict	a sentence
 *	Because	[{Source, Text}]: a file, a field or a line of the log, and what it says
 *	Fix	[sentences]; may be empty
 *
 * Only what is on disk and in /proc is looked at; nothing is changed. What can't be known (who sent a
 * signal, whether memory ran out where there is no cgroup) is said to be so.
 */
int engine_why(struct engine *e, const char *name, json_t **ret, struct fail *f) MUST_USE;

#endif
