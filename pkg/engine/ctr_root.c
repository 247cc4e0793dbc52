// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/ctr_root.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"

bool ctr_root_is_volatile(const struct container_config *c)
{
	return c->life.rm && !c->rootfs_dir;
}

/* Of "sha256:HEX", as the store's folder of layers has it. */
static char *tree_of(const char *layer)
{
	return mem_printf("%s/tree", strchr(layer, ':') + 1);
}

void ctr_root_of(const struct store *s, const struct container_config *c, int dir_fd, struct ctr_root *ret)
{
	*ret = (struct ctr_root){ .launch = { .dir = c->rootfs_dir } };
	if (c->rootfs_dir)
		return;
	ret->base = path_join(s->path, "layers");
	ret->rw = mem_printf("%s/containers/%s/rw", s->path, c->id);
	for (size_t i = strv_len(c->layers); i > 0; i--)
		strv_add_take(&ret->lowers, tree_of(c->layers[i - 1]));
	/* Before its first start the root is as the image has it. */
	if (c->root_layer && faccessat(dir_fd, "state.json", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		ret->like = tree_of(c->root_layer);
	ret->launch.base = ret->base;
	ret->launch.lowers = ret->lowers;
	ret->launch.rw = ret->rw;
	ret->launch.root_like = ret->like;
	ret->launch.is_volatile = ctr_root_is_volatile(c);
}

void ctr_root_done(struct ctr_root *r)
{
	mem_free_ptr(&r->base);
	mem_free_ptr(&r->rw);
	mem_free_ptr(&r->like);
	strv_free_ptr(&r->lowers);
	r->launch = (struct launch_rootfs){ .base = NULL };
}
