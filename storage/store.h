/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_STORE_H
#define STORAGE_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "pkg/oci/digest.h"
#include "pkg/util/fail.h"

/*
 * The per-user store on disk (HACKING.md, "On disk"). Opening makes the layout when it
 * is missing (root folder 0700), and refuses a newer format number in `version`.
 *
 *	blobs/sha256/<hex>   layers/<hex>/{tree/,layer.json}   images/<hex>.json   refs/...
 *	containers/<id>/     names/<name> -> ../containers/<id>
 *	tmp/<random>/{lock,...}   trash/<random>   quarantine/   lock.store
 *
 * Locks. What is being made lives in a folder of its own in tmp/ whose file `lock` is flocked for
 * life; what is removed is renamed into trash/, and whoever deletes it holds its file `lock`; what
 * no lock holds is swept by the next command. A lock counts only while its file is still linked:
 * after flock both sides look, so a folder that is just being made can't be swept and used at once.
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
 * A new folder in tmp/ with its lock held. store_temp_done removes what is still there; after a crash
 * the sweeper does.
 */
struct store_temp {
	const struct store *store;
	int dir_fd;	/* tmp/<name> */
	int lock_fd;
	char name[33];
};
int store_temp_new(const struct store *s, struct store_temp *ret, struct fail *f) MUST_USE;
void store_temp_done(struct store_temp *t);
/* Lets go of it but leaves it to the next sweep, which runs gc (storage/gc.h) when it holds pins. */
void store_temp_leave(struct store_temp *t);
#define auto_temp __attribute__((cleanup(store_temp_done)))

/*
 * Moves the file or folder FROM_DIR/NAME to trash/<random> (one rename, nothing written: it
 * works on a full disk) and returns; nothing is deleted yet. -ENOENT when it is gone already.
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

/* Moves FROM_DIR/NAME to quarantine/<what>.<random>: broken, kept for a person to look at. */
int store_quarantine(const struct store *s, int from_dir, const char *name, const char *what,
		     struct fail *f) MUST_USE;

/*
 * blob_commit publishes the file tmp/<t->name>/NAME, whose bytes the caller has checked against D, as
 * blobs/<algo>/<hex>: fsync, pin in T (storage/gc.h), rename, fsync of the folder. When the blob is
 * there already: success, ours is left to T. blob_put does all that with bytes in memory.
 */
int blob_commit(struct store_temp *t, const char *name, const struct digest *d, struct fail *f) MUST_USE;
int blob_put(struct store_temp *t, const void *data, size_t len, const struct digest *d,
	     struct fail *f) MUST_USE;

/* A blob: blobs/<algo>/<hex>. */
int blob_open(const struct store *s, const struct digest *d, struct fail *f) MUST_USE;
bool blob_exists(const struct store *s, const struct digest *d);

#endif
