/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_MONITOR_TTY_H
#define RUNTIME_MONITOR_TTY_H

#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

#include "pkg/oci/spec.h"
#include "pkg/util/fail.h"
#include "runtime/monitor/proto.h"

/*
 * The user's terminal in raw mode, with a guard: a small process in a session of its own that
 * does nothing but wait for our end. When we are killed without a chance to tidy up, it puts the
 * terminal right, if it still is as we had made it (a shell may have been quicker).
 */
struct tty {
	int fd;			/* borrowed; -EBADF: not raw, nothing to put right */
	int guard_fd;
	pid_t guard;
	struct termios saved, raw;
};

/* Raw mode on FD, a terminal. */
int tty_raw(int fd, struct tty *ret, struct fail *f) MUST_USE;
/* Raw again after somebody (a shell, SIGSTOP and SIGCONT) has changed it. */
void tty_again(const struct tty *t);
/* As it was, and the guard gone. */
void tty_restore(struct tty *t);

/* The size of the first of our stdin, stdout and stderr that is a terminal; false: none is. */
bool tty_size(struct proto_size *ret);
/* P's console gets it from the start: its command may ask before any client has come to set it. */
void tty_size_console(struct spec_process *p);

#endif
