/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_SECRET_H
#define STORAGE_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "pkg/util/json.h"
#include "storage/store.h"

/*
 * Secrets: the file secrets/<id> (0600) each, one line of JSON and then the bytes, so that a rename publishes
 * or replaces both at once. The file secrets/.lock is held while one is made or removed: names are unique.
 */
enum { SECRET_ID_LEN = 25, SECRET_NAME_MAX = 253, SECRET_DATA_MAX = 512000 };

struct secret {
	char *id, *name;
	char **labels;
	int64_t created, updated;
	char *data;		/* wiped by secret_done */
	size_t len;
};
void secret_done(struct secret *s);
#define auto_secret __attribute__((cleanup(secret_done)))

struct secret_list {
	struct secret *v;
	size_t n;
};
void secret_list_done(struct secret_list *l);
#define auto_secret_list __attribute__((cleanup(secret_list_done)))

/*
 * Makes S (name, labels, data), or with REPLACE takes the place of the one of that name, whose id and time of
 * making stay. S gets id and times. -EEXIST: the name is taken.
 */
int secret_save(const struct store *st, struct secret *s, bool replace, struct fail *f) MUST_USE;

/* By name, by id, or by what only one id begins with. "no secret with name or id ...": -ENOENT. */
int secret_find(const struct store *st, const char *text, struct secret *ret, struct fail *f) MUST_USE;
/* All, by name; what can't be read is passed over. */
int secret_list(const struct store *st, struct secret_list *ret, struct fail *f) MUST_USE;
/* RET_ID: the id of the one that is gone. */
int secret_remove(const struct store *st, const char *text, char ret_id[SECRET_ID_LEN + 1], struct fail *f) MUST_USE;

#endif
