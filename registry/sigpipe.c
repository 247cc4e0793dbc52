// SPDX-License-Identifier: Apache-2.0
#include "registry/sigpipe.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

void sigpipe_block(struct sigpipe_state *ret)
{
	sigset_t set;

	sigemptyset(&set);
	sigpending(&set);
	ret->pending = sigismember(&set, SIGPIPE) == 1;
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &set, &ret->mask);
}

void sigpipe_restore(const struct sigpipe_state *s)
{
	const struct timespec now = { 0 };
	sigset_t set;

	/* A SIGPIPE of a write is the thread's own: only it can take it off. */
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	if (!s->pending)
		while (sigtimedwait(&set, NULL, &now) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &s->mask, NULL);
}
