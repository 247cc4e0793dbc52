/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_ROOTVIEW_H
#define PKG_ENGINE_ROOTVIEW_H

#include "pkg/engine/container.h"

/*
 * A look at a container's root without a mount: the overlay's folders (what it wrote, then the
 * layers from the top) are searched as the overlay would, links and whiteouts included; only what an
 * opaque folder hides is still seen. For reading a
 * file or two of a container that doesn't run (why). What is bound into it is looked at where it is on
 * the host; what is closed to us (a file of a subordinate id without rights for others) is -EACCES.
 */
struct rootview {
	int *fds;	/* O_PATH of each folder, topmost first */
	size_t n;
	const struct container_config *config;	/* the caller's, must live as long */
};

int rootview_open(struct engine *e, const struct container *c, struct rootview *ret, struct fail *f) MUST_USE;
void rootview_done(struct rootview *v);
#define auto_rootview __attribute__((cleanup(rootview_done)))

/*
 * O_PATH descriptor of the file or folder that the absolute PATH leads to in the container, or -errno:
 * -ENOENT (nothing there), -ELOOP, -ENOTDIR.
 */
int rootview_find(const struct rootview *v, const char *path) MUST_USE;

#endif
