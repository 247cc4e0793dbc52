/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_MARK_H
#define STORAGE_MARK_H

#include <stdbool.h>
#include <stddef.h>

#include "storage/store.h"

/* What is still referred to: the first half of gc (storage/gc.h names the roots). */
struct mark_set {
	char **v;	/* hex of digests, sorted once loaded */
	size_t n, cap;
};
struct marks {
	struct mark_set layers, blobs;
	bool keep_layers;	/* a container's config could not be read */
};

/*
 * Under the exclusive store_lock. An image whose file holds no image is put into quarantine/; trouble
 * of ours (descriptors, the disk) is a failure, so that nothing is thought unused by mistake.
 */
int marks_load(const struct store *s, struct marks *ret, struct fail *f) MUST_USE;
void marks_done(struct marks *m);
#define auto_marks __attribute__((cleanup(marks_done)))

bool mark_has(const struct mark_set *set, const char *hex);

#endif
