/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_VOLUMES_H
#define PKG_ENGINE_VOLUMES_H

#include <jansson.h>

#include "pkg/engine/config.h"
#include "pkg/engine/engine.h"

/*
 * Volumes (storage/volume.h) as containers and the command `volume` use them.
 *
 * A container that is being made holds its volumes from volumes_take until volumes_release: meanwhile nobody
 * removes them for want of a user. What was made and isn't wanted after all (the container failed) goes again.
 */
struct volumes_held {
	int lock_fd;
	char **made;
};
#define VOLUMES_NONE { .lock_fd = -EBADF }

/*
 * Completes C's mounts: --volumes-from, the image's volumes, and the source of each mount of type volume, made when
 * it is missing. Sorted by destination again.
 */
int volumes_take(struct engine *e, const struct run_opts *o, struct container_config *c, struct volumes_held *ret,
		 struct fail *f) MUST_USE;
void volumes_release(struct engine *e, struct volumes_held *h, bool wanted);

/*
 * The anonymous volumes of a container that is gone, unless another one uses them too: as good as always at once. It
 * holds nobody up who has a client waiting, though: while somebody who makes a container is stopped on the way they
 * are left to volumes_settle.
 */
void volumes_drop_anonymous(const struct store *s, const struct container_config *c);

/* Those of containers in trash/ (storage/volume.h: CTR_DROP): what was put off, or left by somebody who was killed. Called
 * before store_sweep; waits for nobody. */
void volumes_settle(const struct store *s);

struct volume_opts {
	char **labels, **options;
	char *driver;
	bool ignore;
};
/* NAME NULL or "": a random one. RET is the name; caller frees. */
int engine_volume_create(struct engine *e, const struct volume_opts *o, const char *name, char **ret,
			 struct fail *f) MUST_USE;
/* One by name (or its unique beginning), as podman's inspect shows it. */
int engine_volume_inspect(struct engine *e, const char *text, json_t **ret, struct fail *f) MUST_USE;
/* What that leaves out of a volume when it is empty, as templates see it (struct template_env); a new reference. */
json_t *engine_volume_omitted(void) MUST_USE;
/* All for which the filters hold. */
int engine_volumes(struct engine *e, char *const *filters, json_t **ret, struct fail *f) MUST_USE;
/* In use: status 2 in podman's words, or with FORCE its containers are removed. Missing: status 1. RET: its name. */
int engine_volume_remove(struct engine *e, const char *text, bool force, int timeout, char **ret,
			 struct fail *f) MUST_USE;
/* Every one that no container uses and the filters hold for; the names in RET. */
int engine_volume_prune(struct engine *e, char *const *filters, bool dry_run, char ***ret, struct fail *f) MUST_USE;

#endif
