/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_NAME_H
#define STORAGE_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "pkg/oci/digest.h"
#include "pkg/oci/ref.h"
#include "storage/store.h"

/* The files of refs/ (storage/image.h tells their form), for the rest of storage. */
struct name {
	struct ref ref;
	struct digest image, manifest;
};

struct name_list {
	struct name *v;	  /* sorted by path */
	size_t n;
	char **broken;	  /* "refs/...": files that could not be read */
	bool trouble;	  /* ... some of them for reasons of ours (descriptors, the disk) */
};
/* All names. Only trouble with refs/ itself is a failure; release in any case. */
int name_list_load(const struct store *s, struct name_list *ret, struct fail *f) MUST_USE;
void name_list_done(struct name_list *l);

/* image_name_remove for whoever holds store_lock. */
int name_unlink(const struct store *s, const struct ref *name, struct fail *f) MUST_USE;

/* -ENOENT with nothing recorded when the name is missing; other failures are recorded. */
int name_read(const struct store *s, const struct ref *name, struct digest *ret_image,
	      struct digest *ret_manifest, struct fail *f) MUST_USE;

#endif
