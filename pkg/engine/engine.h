/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_ENGINE_H
#define PKG_ENGINE_ENGINE_H

#include <sys/types.h>

#include "pkg/util/fail.h"
#include "runtime/userns.h"
#include "storage/store.h"

/*
 * The use cases: each engine function does what one command asks and returns data; nothing here
 * prints. A struct engine is opened once per invocation and passed to all.
 */
struct engine {
	struct store store;
	struct store_temp claim; /* ctr_claim of the container that this command made and didn't start yet */
	char *run_dir;		/* $XDG_RUNTIME_DIR/rbox or its fallback: exists, ours, 0700 */
	void (*warn)(const char *fmt, ...) PRINTF_LIKE(1, 2); /* one line for the user; never NULL */
};

/* Opens the store and finds the runtime folder. WARN gets lines worth the user's eye. */
int engine_open(struct engine *ret, void (*warn)(const char *fmt, ...), struct fail *f) MUST_USE;
void engine_done(struct engine *e);
/* The container that was created is kept, whatever becomes of us (it runs, or is wanted so). */
void engine_unclaim(struct engine *e);

/* $XDG_CACHE_HOME/rbox (made when missing), or -errno: a cache is never a reason to fail. */
int engine_cache_dir(void) MUST_USE;

/*
 * The user's namespace for this invocation: begun early, finished by whoever enters it.
 * engine_hint remembers a process that lives in it for the next command.
 */
int engine_userns_begin(struct engine *e, struct userns_plan *plan, struct userns_begun *ret,
			struct fail *f) MUST_USE;
void engine_hint(struct engine *e, pid_t monitor);
/* The process that was remembered, or 0; it may be gone, or somebody else by now (userns_begin looks). */
pid_t engine_userns_hint(const struct engine *e);

/* Removes what nothing holds any more, by a detached child in the user's namespace. Never fails. */
void engine_sweep(struct engine *e);

#endif
