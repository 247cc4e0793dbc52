/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_SWEEP_H
#define STORAGE_SWEEP_H

#include "pkg/util/fail.h"
#include "storage/dir.h"
#include "storage/store.h"

/* store_trash, and the name that it has in trash/. */
int trash_move(const struct store *s, int from_dir, const char *name, char ret_entry[DIR_NONCE_LEN + 1],
	       struct fail *f) MUST_USE;

/* sweep_locked of an entry of trash/; -EBUSY when it tells of volumes that are still to go. */
int trash_delete(const struct store *s, const char *entry, int dir_fd);

/*
 * Deletes PARENT_FD/NAME, an entry of tmp/ or trash/ open as DIR_FD whose lock (storage/dir.h) the
 * caller holds: all its content, then the lock file, then the folder. -errno of the first thing
 * that could not be removed; the entry is still there then, with its lock.
 */
int sweep_locked(int parent_fd, const char *name, int dir_fd);

#endif
