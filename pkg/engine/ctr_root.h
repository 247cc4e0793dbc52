/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_CTR_ROOT_H
#define PKG_ENGINE_CTR_ROOT_H

#include "pkg/engine/config.h"
#include "runtime/launch.h"
#include "storage/store.h"

/*
 * What a container's root is made of, for whoever mounts it: its start, and cp, export, diff and commit
 * while it is stopped. All of them mount it alike.
 */
struct ctr_root {
	struct launch_rootfs launch;	/* points into what follows, and to the config */
	char *base, *rw, *like;
	char **lowers;
};

/* C's, whose folder is DIR_FD; C must live as long as RET. */
void ctr_root_of(const struct store *s, const struct container_config *c, int dir_fd, struct ctr_root *ret);
void ctr_root_done(struct ctr_root *r);
#define auto_ctr_root __attribute__((cleanup(ctr_root_done)))

/*
 * Its overlay needn't outlive a crash of the machine: what goes with its end is removed after a boot
 * anyway. Mounted so, it isn't synced when it ends, which takes a quarter of a second on a busy disk.
 */
bool ctr_root_is_volatile(const struct container_config *c);

#endif
