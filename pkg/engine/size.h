/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_SIZE_H
#define PKG_ENGINE_SIZE_H

#include "pkg/engine/config.h"
#include "pkg/engine/engine.h"

/*
 * What a container takes on disk, in bytes: RW is the content of the files it wrote (its overlay's
 * upper folder), ROOT_FS that and the layers below, as podman counts. Folders and what is no file are
 * nothing; of a file with several names each name gets its share.
 */
struct size {
	int64_t rw, root_fs;
};

/*
 * Of the N containers C, in one go: the files belong to subordinate ids, so that a child in the user's
 * namespace looks. RET has room for N; what couldn't be counted is -1.
 */
int engine_sizes(struct engine *e, const struct container_config *const *c, size_t n, struct size *ret,
		 struct fail *f) MUST_USE;

#endif
