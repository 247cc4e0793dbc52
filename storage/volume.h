/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_VOLUME_H
#define STORAGE_VOLUME_H

#include <stdbool.h>
#include <stdint.h>

#include "pkg/util/json.h"
#include "storage/store.h"

/*
 * Volumes: the folder volumes/<name>/ each, with
 *
 *	_data/		what containers see
 *	volume.json	what it is; written before the folder gets its name
 *	copyup		there while the first use is to fill it from the image (runtime/firstuse.h)
 *
 * Made in tmp/ and renamed, so that two who make the same one at once get one whole volume; taken away by one
 * rename into trash/. No sweep looks into the data of a volume that is there.
 *
 * The file lock.volumes is held shared from when a container's volumes are looked up until the container that names
 * them is on disk, and exclusively by whoever removes a volume because no container names it.
 */
struct volume {
	char *name;
	int64_t created;
	char **labels, **options;
	bool anonymous;		/* made for one container, which takes it along when it goes (rm -v, --rm) */
};
void volume_done(struct volume *v);
#define auto_volume __attribute__((cleanup(volume_done)))

int volume_lock(const struct store *s, bool exclusive, struct fail *f) MUST_USE;
/* The exclusive one for who has a client waiting: within MS milliseconds, or -EWOULDBLOCK. */
int volume_lock_soon(const struct store *s, int ms) MUST_USE;

/* podman's rule for names, and its words. */
int volume_check_name(const char *name, struct fail *f) MUST_USE;

/* Makes V, whose name may be NULL: 64 random hex digits then. Fsynced. -EEXIST: in podman's words. */
int volume_make(const struct store *s, struct volume *v, struct fail *f) MUST_USE;

/* By its name, or the beginning of one alone: the whole name in RET (caller frees). -ENOENT in podman's words. */
int volume_find(const struct store *s, const char *text, char **ret, struct fail *f) MUST_USE;
int volume_load(const struct store *s, const char *name, struct volume *ret, struct fail *f) MUST_USE;
bool volume_exists(const struct store *s, const char *name);
/* True while no container has filled it. */
bool volume_is_fresh(const struct store *s, const char *name);
/* Names, sorted. */
int volume_list(const struct store *s, char ***ret, struct fail *f) MUST_USE;
/* The absolute path of its data; caller frees. */
char *volume_path(const struct store *s, const char *name) MUST_USE;

/* Moves it into trash/; the caller holds the exclusive lock and has looked for users. */
int volume_remove(const struct store *s, const char *name, struct fail *f) MUST_USE;

/*
 * Every volume that containers name, each as "NAME=ID": for ps-like questions and for removal. A container whose config
 * can't be read may use any: RET_BROKEN has such as "ID=why".
 */
int volume_users(const struct store *s, char ***ret, char ***ret_broken, struct fail *f) MUST_USE;

/*
 * For anonymous ones, whose names are like no other text: those of NAMES that stand anywhere in the config of a
 * container, be it broken. Cheap: nothing is parsed.
 */
int volume_named(const struct store *s, char *const *names, char ***ret, struct fail *f) MUST_USE;

/*
 * A container that goes takes its anonymous volumes along when it was made with --rm, or when the file CTR_DROP is in
 * its folder (`rm -v`; made under its lock before ctr_remove). Whoever removed it looks after them; should he be
 * killed before, its entry in trash/ stays until the next command has (store_sweep leaves it alone).
 *
 * Of DIR_FD, such an entry: the names of those that are still there; NULL when it owes none.
 */
#define CTR_DROP "drop"
char **volume_owed(const struct store *s, int dir_fd);
/* They are gone, or others need them: the entry may go. */
void volume_settled(int dir_fd);

#endif
