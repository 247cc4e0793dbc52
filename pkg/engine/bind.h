/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_BIND_H
#define PKG_ENGINE_BIND_H

#include "pkg/util/fail.h"

/*
 * --bind-to: the process with which a container ends. "parent" is whoever runs this command, "pid:N" is
 * process N. Known by a pidfd from the first moment on, so that no later process with its number is
 * mistaken for it.
 */
int bind_check(const char *text, struct fail *f) MUST_USE;

/*
 * A pidfd of that process, the caller's to close. It has to be older than this command: else the one that
 * was meant has ended, and its number is another's. -ESRCH: it has ended.
 */
int bind_open(const char *text, struct fail *f) MUST_USE;

/* Whether the process of FD has ended meanwhile (a pull may take long). */
int bind_alive(int fd, struct fail *f) MUST_USE;

#endif
