/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_UTIL_SPAWN_H
#define PKG_UTIL_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "pkg/util/fail.h"
#include "pkg/util/str.h"

/*
 * Runs a helper program (newuidmap, slirp4netns, rbox-image). The child starts with an
 * empty signal mask, default dispositions, and only the descriptors named: fds[i].from
 * becomes fds[i].to; 0, 1 and 2 that are not named are /dev/null (0, 1) and ours (2).
 * A failure before exec comes back as data: spawn_start fails with the child's errno.
 */
struct spawn_fd { int from; int to; };

struct spawn {
	const char *program;	/* looked up in PATH unless it has a slash; else by exec_fd */
	char *const *argv;
	char *const *env;	/* NULL: our own */
	const struct spawn_fd *fds;
	size_t n_fds;
	int deathsig;		/* the signal the child gets when its parent thread ends, or 0 */
};

/* Returns the pid, to be waited for by spawn_wait. */
pid_t spawn_start(const struct spawn *s, struct fail *f) MUST_USE;
/* Returns the wait status as a shell says it (exit code, or 128 + signal), or -errno. */
int spawn_wait(pid_t pid) MUST_USE;
/* Runs to its end with stderr (and stdout) collected into RET_TEXT, may be NULL. */
int spawn_run(const struct spawn *s, struct str *ret_text, struct fail *f) MUST_USE;
/* True when NAME is an executable in PATH; the path in RET (caller frees) unless NULL. */
bool spawn_find(const char *name, char **ret);

#endif
