/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_CONSOLE_H
#define RUNTIME_CONSOLE_H

#include <stdint.h>
#include <sys/types.h>

#include "pkg/util/fail.h"

/*
 * A pty on the devpts of the container at ROOT_FD. HEIGHT and WIDTH 0: not set. The slave belongs to UID
 * afterwards, as login(1) does it. Both descriptors are the caller's.
 */
struct console { int master, slave; };
int console_make(int root_fd, uint32_t height, uint32_t width, uid_t uid, struct console *ret,
		 struct fail *f) MUST_USE;

/* Makes it the controlling terminal of the calling session leader. */
int console_control(int slave, struct fail *f) MUST_USE;

#endif
