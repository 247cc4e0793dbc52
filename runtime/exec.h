/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_EXEC_H
#define RUNTIME_EXEC_H

#include <stdint.h>

#include "pkg/util/fail.h"

/*
 * The last steps of a process on its way into a container, shared by a launch and by exec.
 */

/*
 * Replaces the program: ARGS[0] is looked for in ENV's PATH unless it has a slash. Returns only with
 * a failure: status 127 when there is no such program, 126 when it can't be executed, and why.
 */
int exec_program(char *const *args, char *const *env, struct fail *f) MUST_USE;

/* Close-on-exec on every descriptor from 3 on, inherited ones too. Needs /proc without close_range. */
int exec_hide_fds(struct fail *f) MUST_USE;

/* Default dispositions and an empty mask. */
void exec_reset_signals(void);

/*
 * Pipes among FDS become UID's: one opened anew by /dev/stdout is judged by its owner. Files and terminals
 * keep theirs. Best effort: what belongs to an id that is not mapped here can't be given away.
 */
void exec_give_pipes(const int fds[3], uint32_t uid);

/* Puts FDS in place as 0, 1 and 2, whatever their numbers. */
int exec_place_stdio(const int fds[3], struct fail *f) MUST_USE;

/*
 * Death with the parent, which holds the other end of SOCK; to be set after the ids have changed (prctl(2):
 * that clears it). A parent that is gone already ends the process here.
 */
void exec_die_with_parent(int sock);

#endif
