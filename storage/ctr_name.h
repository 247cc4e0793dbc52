/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_CTR_NAME_H
#define STORAGE_CTR_NAME_H

#include <stdbool.h>

#include "storage/ctr.h"

/* names/<name> -> ../containers/<id>, for the rest of storage. Links change only under this lock
 * (microseconds, no fsync inside), so a link to nothing is what a killed process left. */
int ctr_names_lock(const struct store *s, struct fail *f) MUST_USE;

/* Under the lock. A name in use is -EEXIST with its holder's id in the message. */
int ctr_name_take(const struct store *s, const char *name, const char *id, struct fail *f) MUST_USE;
/* Under the lock: removes the link if it is ID's. */
void ctr_name_drop(const struct store *s, const char *name, const char *id);

/* Whose the name is; -ENOENT with nothing recorded when nobody's or when the container is gone. */
int ctr_name_read(const struct store *s, const char *name, char ret[CTR_ID_LEN + 1]) MUST_USE;

/* Removes the links to containers that are gone: what ctr_commit and ctr_remove leave when killed. */
int ctr_names_sweep(const struct store *s, struct fail *f) MUST_USE;

bool ctr_is_id(const char *text);

/* The member "Layers" of config.json: keys as text. No such file or member: an empty list. */
int ctr_layers(int dir_fd, char ***ret, struct fail *f) MUST_USE;

#endif
