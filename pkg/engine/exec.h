/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_EXEC_H
#define PKG_ENGINE_EXEC_H

#include "pkg/engine/engine.h"
#include "pkg/util/tri.h"
#include "storage/ctr.h"

/* A further process in a running container. */
struct exec_opts {
	bool tty, interactive, detach, privileged, no_session;
	char *user, *workdir, *detach_keys;
	char **env, **env_file;
	unsigned preserve_fds;	/* 3 and so on, as many */
	char **preserve_fd;	/* each one by its number */
};

/*
 * Runs ARGS in container TEXT with our stdio and returns its exit status (>= 0); with detach
 * 0 once it runs, and RET_SESSION has the session's id. -errno when it could not be started (126, 127,
 * 125); where the container doesn't run the status is 255, as podman's.
 *
 * The process dies with us, by whatever signal we end. Detached, or after the user typed the detach keys,
 * a process of ours stays as its parent until its end: it takes what the terminal says, the exit
 * status (event exec_died) and the session away.
 */
int engine_exec(struct engine *e, const char *text, const struct exec_opts *o, char *const *args,
		char ret_session[CTR_ID_LEN + 1], struct fail *f) MUST_USE;

#endif
