/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_LAYER_H
#define STORAGE_LAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "pkg/oci/digest.h"
#include "storage/store.h"

/*
 * An unpacked layer: layers/<key hex>/{tree/,layer.json}. The key is the diffID, or the
 * chainID where the layer's tree depends on what is below it (storage/unpack says when).
 * layer.json is written last, before the folder is renamed from tmp/ into layers/.
 */
struct layer {
	struct digest key;
	struct digest diff_id;
	int64_t size;		/* bytes of regular files, hard links once */
	int64_t files;		/* entries */
	char **changed;		/* what could not be stored as it was ("owner 5:200000 of 'x' ..."), shortened */
	/*
	 * May the tree be used on other layers than those it was unpacked on? Only where DEPENDS is NULL (it
	 * says why not) and each folder of MERGES, which holds whiteouts, is there below.
	 */
	char *depends;
	char **merges;
	bool root_named;	/* the tar said what "/" is like (mode, owner, time) */
};

bool layer_exists(const struct store *s, const struct digest *key);
int layer_load(const struct store *s, const struct digest *key, struct layer *ret, struct fail *f) MUST_USE;
void layer_done(struct layer *l);
/* O_PATH descriptor of the tree. */
int layer_open_tree(const struct store *s, const struct digest *key, struct fail *f) MUST_USE;
/*
 * Publishes DIR_FD's folder tmp/<t->name>/<name> (holding tree/): writes layer.json, syncs the
 * file system content (syncfs of that folder's file system is not wanted: files were fsynced by
 * the unpacker), renames to layers/<key>. When the layer is there already: success, ours is dropped.
 */
int layer_commit(struct store_temp *t, const char *name, const struct layer *l, struct fail *f) MUST_USE;

#endif
