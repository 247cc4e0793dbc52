/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_MONITOR_TITLE_H
#define RUNTIME_MONITOR_TITLE_H

#include "pkg/util/fail.h"

/*
 * Overwrites this process's argv and environ in memory: what ps and /proc/PID/cmdline and environ
 * show becomes TITLE and nothing (a command line may hold `-e PASSWORD=...`). Every pointer into argv
 * is zeroes afterwards. The environment keeps copies of the few variables that libraries ask for
 * (TZ, PATH, HOME, locale, XDG folders); all others are gone.
 */
int title_set(const char *title, struct fail *f) MUST_USE;

#endif
