/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_SIGPIPE_H
#define REGISTRY_SIGPIPE_H

#include <signal.h>
#include <stdbool.h>

/*
 * Keeps SIGPIPE from this thread while a library writes to sockets, whatever the program
 * does about the signal, and leaves no trace of one that came.
 */
struct sigpipe_state {
	sigset_t mask;
	bool pending;	/* one was waiting before */
};

void sigpipe_block(struct sigpipe_state *ret);
void sigpipe_restore(const struct sigpipe_state *s);

#endif
