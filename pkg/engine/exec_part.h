/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_EXEC_PART_H
#define PKG_ENGINE_EXEC_PART_H

#include "pkg/engine/container.h"
#include "pkg/engine/exec.h"
#include "pkg/engine/exec_session.h"
#include "pkg/engine/keepfd.h"
#include "runtime/join.h"
#include "runtime/monitor/attach.h"

/* What the files exec*.c share; nobody else includes this. */

/* One exec on its way: all that was made for it. */
struct exec_run {
	struct engine *e;
	struct container *c;
	const struct exec_opts *o;
	struct join join;		/* its descriptors are ours */
	struct attach_local local;	/* our ends of its streams */
	struct exec_session session;
	struct keepfds keep;
};

/* Closes the process's ends: they have been handed over. */
void exec_close_theirs(struct exec_run *x);
/* Copies between our stdio and the process of P until its end; its exit status. */
int exec_converse(struct exec_run *x, struct launched *p, bool *ret_detached, struct fail *f) MUST_USE;
/* The end: the event, and the session is gone. */
void exec_ended(struct exec_run *x, int status);

/*
 * Starts it by a process of its own, which stays when the process outlives the command. Returns as
 * engine_exec does.
 */
int exec_keep(struct exec_run *x, struct fail *f) MUST_USE;

#endif
