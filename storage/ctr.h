/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_CTR_H
#define STORAGE_CTR_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "storage/dir.h"
#include "storage/store.h"

/*
 * A container's folder, containers/<id>/, and the names of containers.
 *
 *	config.json   complete, written once        summary    at most 512 bytes for ps
 *	state.json    the monitor's (runtime/monitor)  exit      the exit status, the monitor's
 *	bundle/config.json  the OCI spec            rw/{upper,work}   log
 *	lock          held while the container is changed (start, rm, rename)
 *	lock.run      held by the monitor for life: who is alive is told by this alone
 *
 * This file knows folders and locks, not what the JSON in them means.
 */
enum { CTR_ID_LEN = 64 };

/* A fresh random id: 64 lower-case hex digits. */
int ctr_id_new(char ret[CTR_ID_LEN + 1]) MUST_USE;

/*
 * Making: ctr_new gives a folder in tmp/ (with rw/upper 0755, rw/work 0700 in it); the caller
 * puts its files in; ctr_commit takes NAME (symlink names/NAME -> ../containers/ID; -EEXIST with the
 * holder's id in the message; a link to a container that is gone is taken over) and renames the
 * folder to containers/<id>. DURABLE: everything in it is fsynced first (not for --rm, unless it
 * has anonymous volumes: its config alone tells that they go).
 */
struct ctr_new {
	struct store_temp temp;
	int dir_fd;	/* tmp/<random>/ctr */
};
int ctr_new(const struct store *s, struct ctr_new *ret, struct fail *f) MUST_USE;
int ctr_commit(struct ctr_new *n, const char *id, const char *name, bool durable, struct fail *f) MUST_USE;
/*
 * Of a container that was committed and is nobody's until its monitor has lock.run (--rm): the folder of
 * tmp/ stays, and a sweep that finds its lock free and lock.run too removes the container. Called before
 * ctr_commit; after it the caller takes n->temp over (store = NULL there) for as long as it cares.
 */
int ctr_claim(struct ctr_new *n, const char *id, struct fail *f) MUST_USE;
/* What a sweep does with the claim of TMP_FD/NAME, whose lock is free. */
void ctr_claim_sweep(const struct store *s, int tmp_fd, const char *name);
void ctr_new_done(struct ctr_new *n);

/* O_RDONLY descriptor of containers/<id>. */
int ctr_open(const struct store *s, const char *id, struct fail *f) MUST_USE;

/* A name as it was typed: docker prints them with a slash before them, which is left out. NULL for NULL. */
const char *ctr_name_typed(const char *text);

/*
 * By name (ctr_name_typed), full id or unique prefix of an id. RET gets the full id. A name wins over a prefix, as
 * in podman. Messages: "no container with name or ID \"x\" found: no such container" (-ENOENT).
 */
int ctr_find(const struct store *s, const char *text, char ret[CTR_ID_LEN + 1], struct fail *f) MUST_USE;
/* All ids in a NULL-terminated list, sorted; folders that are no containers are passed over. */
int ctr_list(const struct store *s, char ***ret_ids, struct fail *f) MUST_USE;

/* The containers/<id>/lock (waits; -ENOENT when the container was removed meanwhile), and whether a
 * monitor lives. The latter looks by a shared flock for an instant: a monitor takes its lock.run with
 * LOCK_WAIT, or `ps` could make it believe that there is another. */
int ctr_lock(int dir_fd, struct fail *f) MUST_USE;
bool ctr_is_running(int dir_fd);

/* Takes the name away and moves the folder to trash/: one rename each. The caller holds ctr_lock. */
int ctr_remove(const struct store *s, const char *id, const char *name, struct fail *f) MUST_USE;

/*
 * ctr_remove by who holds lock.run and will delete the content itself a moment later: the folder's lock is
 * taken too, if nobody has it, so that no sweep begins with it although lock.run is let go of before.
 * ctr_held_delete then deletes it; < 0: it is left to the next sweep, which holds as well when it is never
 * called (the locks go with the process).
 */
struct ctr_held {
	int dir_fd, lock_fd;
	char entry[DIR_NONCE_LEN + 1];
};
#define CTR_HELD_NONE ((struct ctr_held){ .dir_fd = -EBADF, .lock_fd = -EBADF })
int ctr_remove_held(const struct store *s, const char *id, const char *name, struct ctr_held *ret,
		    struct fail *f) MUST_USE;
int ctr_held_delete(const struct store *s, struct ctr_held *h) MUST_USE;

/*
 * Takes the name TO (-EEXIST as ctr_commit), gives FROM away; each may be NULL. The caller holds ctr_lock.
 * Called for TO, then the new name is written where the caller keeps it, then for FROM: killed in between,
 * both names find the container.
 */
int ctr_rename(const struct store *s, const char *id, const char *from, const char *to,
	       struct fail *f) MUST_USE;

#endif
