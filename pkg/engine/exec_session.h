/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_EXEC_SESSION_H
#define PKG_ENGINE_EXEC_SESSION_H

#include "storage/ctr.h"

/*
 * The execs of a container, for inspect: an empty file containers/<id>/exec/<session id>, whose lock is
 * held for life by whoever waits for the process. One whose lock is free was left by somebody who was
 * killed; it counts for nothing, and is removed by whoever lists. No two execs share a lock.
 */
struct exec_session {
	char id[CTR_ID_LEN + 1];	/* always there; 64 hex digits as a container's */
	int dir_fd, lock_fd;		/* -EBADF: there is no file */
};
#define EXEC_SESSION_INIT { .dir_fd = -EBADF, .lock_fd = -EBADF }

/* Never in the way of an exec: on a full disk, say, it is only not shown. CTR_FD: containers/<id>. */
void exec_session_begin(int ctr_fd, struct exec_session *ret);
/* Removes the file. */
void exec_session_end(struct exec_session *s);
/* Lets go of our copy of the descriptors: another process holds the session. */
void exec_session_close(struct exec_session *s);

/* The ids of those that live, sorted, in a NULL-terminated list for strv_free. */
int exec_session_list(int ctr_fd, char ***ret) MUST_USE;

#endif
