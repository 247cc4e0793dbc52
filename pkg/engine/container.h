/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_CONTAINER_H
#define PKG_ENGINE_CONTAINER_H

#include <errno.h>

#include "pkg/engine/config.h"
#include "pkg/engine/engine.h"
#include "runtime/state.h"
#include "storage/ctr.h"

/* A container on disk: its folder, config and what it does now. */
struct container {
	char id[CTR_ID_LEN + 1];
	int dir_fd;
	struct container_config config;
	struct state state;
	bool with_volumes;	/* for engine_remove: `rm -v`, its anonymous volumes go with it */
	bool wrecked;		/* its files can't be read (container_open_wreck) */
	int64_t stop_asked;	/* monotonic ns at which stop_begin asked for the end; 0: it didn't */
};

/*
 * ctr_find (storage/ctr.h), which knows names alone. A rename that was killed leaves a container two of them: found
 * by the one that isn't its own, it is found no more. While a rename is under way both find it.
 */
int container_find(struct engine *e, const char *text, char ret[CTR_ID_LEN + 1], struct fail *f) MUST_USE;

/* Finds by name, id or prefix and loads all. Release with container_done, also after a failure. */
int container_open(struct engine *e, const char *text, struct container *ret, struct fail *f) MUST_USE;
/* The same by full id. */
int container_open_id(struct engine *e, const char *id, struct container *ret, struct fail *f) MUST_USE;
/*
 * container_open_id for who takes it away by force. One whose files can't be read (cut off by a full disk, say) is
 * WRECKED and has nothing in its config but id, name and SIGTERM; the state of one whose state.json can't be read
 * either is STATUS_CONFIGURED, whether or not it runs.
 */
int container_open_wreck(struct engine *e, const char *id, struct container *ret, struct fail *f) MUST_USE;
void container_done(struct container *c);
#define auto_container __attribute__((cleanup(container_done)))
#define CONTAINER_INIT { .dir_fd = -EBADF }

/* Its monitor means it to run: also while paused, and between two runs of a restart policy. */
bool container_is_running(const struct container *c);
/* All of it is there, and its command waits for the start (engine_init): not running. */
bool container_is_prepared(const struct container *c);

/*
 * A process of the user namespace that C's lives in, for who is to enter C: its monitor, while it runs, else
 * OTHERWISE. A container stays in the namespace that it was started in; when the one whose monitor
 * engine_userns_hint knows has ended, the next command's may be another.
 */
pid_t container_userns_hint(const struct container *c, pid_t otherwise);

#endif
