/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_PAYLOAD_H
#define RUNTIME_PAYLOAD_H

#include "pkg/oci/spec.h"
#include "pkg/util/fail.h"
#include "runtime/privs.h"

/*
 * The last stretch of a process that is in its container already (its root is ours, /dev/pts is the
 * container's): the same for the first process and for exec. Calling order:
 *
 *	payload_console		with a terminal: a pty, made our controlling terminal
 *	payload_stdio		descriptors to 0, 1, 2
 *	payload_cwd		before the rights go, since root's cwd may be closed to the user
 *	payload_become		limits, user, capabilities, no_new_privs and seccomp in the right order
 *	payload_exec		never returns but with the failure, whose status is 126 or 127
 */

/*
 * A pty of the container's own devpts, verified to be one: whoever is root inside may have put
 * anything there. It becomes UID's. We must lead a session without a terminal. RET_SLAVE is for
 * payload_stdio, the master in RET_MASTER for whoever serves the terminal.
 */
int payload_console(const struct spec_process *p, uint32_t uid, int *ret_master, int *ret_slave,
		    struct fail *f) MUST_USE;

/* Puts STDIO at 0, 1, 2; pipes become UID's, so that it can open /dev/stdout. */
int payload_stdio(const int stdio[3], uint32_t uid, struct fail *f) MUST_USE;

/* Enters p->cwd, resolved inside the root without following /proc's magic links (CVE-2024-21626). */
int payload_cwd(const struct spec_process *p, struct fail *f) MUST_USE;

/* SECCOMP_FD: runtime/seccomp.h, or -EBADF. */
int payload_become(const struct spec_process *p, const struct privs_user *u, int seccomp_fd,
		   struct fail *f) MUST_USE;

/* Runs p->args with p->env (and HOME, when it is missing there), found by its own PATH. */
int payload_exec(const struct spec_process *p, const struct privs_user *u, struct fail *f) MUST_USE;

#endif
