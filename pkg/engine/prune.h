/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_PRUNE_H
#define PKG_ENGINE_PRUNE_H

#include "pkg/engine/container.h"

/*
 * Removes every container that doesn't run, of those that FILTERS choose (until, label, label!). DONE is
 * told each id, TROUBLE each failure; the rest goes on. One that starts meanwhile stays, and is no failure.
 */
struct prune_told {
	void (*done)(void *ctx, const char *id);
	void (*trouble)(void *ctx, struct fail *f);	/* clears F */
	void *ctx;
};
int engine_prune(struct engine *e, char **filters, const struct prune_told *told, struct fail *f) MUST_USE;

/*
 * What `podman container cleanup` leaves to do here, where mounts and network end with their container: waits
 * for a monitor that still clears up. Running: refused, in podman's words.
 */
int engine_cleanup(struct engine *e, struct container *c, struct fail *f) MUST_USE;

#endif
