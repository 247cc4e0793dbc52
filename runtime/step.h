/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_STEP_H
#define RUNTIME_STEP_H

#include "pkg/util/fail.h"

/*
 * The whole conversation of launch and init over a SOCK_SEQPACKET pair, one message type. A silent
 * death, a short message and a step out of order are each an error that names the step. After GO the
 * end of the conversation means exec: the child's socket is close-on-exec.
 */
enum step {
	STEP_BORN,	 /* a helper that joined namespaces has made the process: value, and a pidfd */
	STEP_NETNS,	 /* its network namespace, where the parent can't open it: a descriptor */
	STEP_FUSE,	 /* child: an overlay is wanted of fuse-overlayfs on this descriptor; before ROOT_READY */
	STEP_IDS_MAPPED, /* parent: user and group ids mean something now */
	STEP_ROOT_READY, /* child: all is prepared, with a terminal: its master */
	STEP_GO,	 /* parent */
	STEP_FAILED,	 /* child: why */
};

struct step_msg {
	enum step step;
	int value;
	struct fail fail;
};

/* FD: sent along, or -EBADF. */
int step_send(int sock, enum step step, int value, int fd, struct fail *f) MUST_USE;
/* Waits for WANT and nothing else. RET_VALUE and RET_FD may be NULL; a descriptor is the caller's. */
int step_await(int sock, enum step want, int *ret_value, int *ret_fd, struct fail *f) MUST_USE;
/* The same, where either of two may come: 0 for WANT, 1 for OR. */
int step_await_either(int sock, enum step want, enum step or_, int *ret_fd, struct fail *f) MUST_USE;
/* After GO: 0 once the process has exec'd, or its failure. */
int step_await_exec(int sock, struct fail *f) MUST_USE;
/* The child's failure to its parent; there is nobody else to tell. */
void step_fail(int sock, const struct fail *f);

#endif
