/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_EXEC_H
#define PKG_ENGINE_EXEC_H

#include "pkg/engine/engine.h"
#include "pkg/util/tri.h"

/* A further process in a running container. */
struct exec_opts {
	bool tty, interactive, detach, privileged;
	char *user, *workdir, *detach_keys;
	char **env, **env_file;
};

/*
 * Runs ARGS in container TEXT with our stdio and returns its exit status (>= 0); with detach
 * 0 at once. -errno when it could not be started (126, 127, 125), -ESRCH when it isn't running.
 */
int engine_exec(struct engine *e, const char *text, const struct exec_opts *o, char *const *args,
		struct fail *f) MUST_USE;

#endif
