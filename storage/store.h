/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_STORE_H
#define STORAGE_STORE_H

#include <stdbool.h>

#include "pkg/oci/digest.h"
#include "pkg/util/fail.h"

/*
 * The per-user store on disk (HACKING.md, "On disk"). Opening makes the layout when it
 * is missing (root folder 0700), and refuses a newer format number in `version`.
 *
 *	blobs/sha256/<hex>   layers/<hex>/{tree/,layer.json}   images/<hex>.json   refs/...
 *	containers/<id>/     names/<name> -> ../containers/<id>
 *	tmp/<random>/{lock,...}   trash/<random>/{lock,...}   quarantine/   lock.store
 *
 * Locks. What is being made or removed lives in a folder of its own in tmp/ or trash/, whose
 * file `lock` is flocked for life; what no lock holds is swept by the next command.
 * `lock.store` is held for microseconds: shared by whoever makes something visible that
 * refers to layers or blobs (an image, a container, a pin), exclusively by gc while it decides
 * and renames into trash/. Never across the network, an unpack or a tree removal.
 */
struct store {
	int root_fd;	/* O_RDONLY folder */
	char *path;	/* absolute, for messages and child processes */
};

/* PATH NULL: $XDG_DATA_HOME/rbox, else $HOME/.local/share/rbox, else the passwd entry's home. */
int store_open(const char *path, struct store *ret, struct fail *f) MUST_USE;
void store_done(struct store *s);
#define auto_store __attribute__((cleanup(store_done)))

/* O_RDONLY descriptor of a folder of the layout ("containers", "blobs/sha256"). */
int store_dir(const struct store *s, const char *name, struct fail *f) MUST_USE;

/* lock.store; released by closing the descriptor. */
int store_lock(const struct store *s, bool exclusive, struct fail *f) MUST_USE;

/*
 * A new folder in tmp/ with its lock held. KEEP: the folder is left to the sweeper when
 * the struct goes (after a crash); otherwise store_temp_done removes what is still there.
 */
struct store_temp {
	const struct store *store;
	int dir_fd;	/* tmp/<name> */
	int lock_fd;
	char name[33];
};
int store_temp_new(const struct store *s, struct store_temp *ret, struct fail *f) MUST_USE;
void store_temp_done(struct store_temp *t);
#define auto_temp __attribute__((cleanup(store_temp_done)))

/*
 * Moves FROM_DIR/NAME into trash/<random>/ (one rename) and returns; nothing is deleted
 * yet. -ENOENT when it is gone already.
 */
int store_trash(const struct store *s, int from_dir, const char *name, struct fail *f) MUST_USE;

/*
 * Sweeps tmp/ and trash/: removes every entry whose lock nobody holds, each with its lock
 * taken. Files of subordinate owners need the caller to be in the store's user namespace:
 * outside it such entries are left for the next sweep and *ret_left counts them.
 */
int store_sweep(const struct store *s, unsigned *ret_left, struct fail *f) MUST_USE;
/* True when trash/ or tmp/ holds anything that a sweep could remove (cheap: two readdirs). */
bool store_needs_sweep(const struct store *s);

/* A blob: blobs/<algo>/<hex>. */
int blob_open(const struct store *s, const struct digest *d, struct fail *f) MUST_USE;
bool blob_exists(const struct store *s, const struct digest *d);

#endif
