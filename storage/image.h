/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_IMAGE_H
#define STORAGE_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "pkg/oci/digest.h"
#include "pkg/oci/image.h"
#include "pkg/oci/ref.h"
#include "storage/store.h"

/*
 * Images and their names.
 *
 * images/<hex of the config digest>.json says what an image is made of; its id is that hex.
 * refs/<registry>/<repository>/:<tag> and .../@<algo>:<hex> are names: small JSON files
 * {"image": "sha256:...", "manifest": "sha256:..."} (tag and repository can't hold a ':' or '@'
 * first, so a name never collides with a folder). All are made by file_replace with FILE_SYNC.
 */
struct image_layer {
	struct digest diff_id;
	struct digest key;	/* which folder of layers/ */
	struct digest blob;	/* as it was distributed */
	char *media_type;
	int64_t blob_size;
};

struct image {
	struct digest id;	/* of the config blob */
	struct digest manifest;	/* of the manifest blob it came with last */
	struct digest index;	/* of the index it was chosen from; may be unset */
	struct image_layer *layers;	/* lowest first */
	size_t n_layers;
	int64_t size;		/* sum of the layers' unpacked sizes */
	int64_t added;		/* ns */
};

int image_load(const struct store *s, const struct digest *id, struct image *ret, struct fail *f) MUST_USE;
void image_done(struct image *i);
#define auto_image __attribute__((cleanup(image_done)))
/* Writes images/<hex>.json; all blobs and layers must be there (checked under a shared store_lock). */
int image_save(const struct store *s, const struct image *i, struct fail *f) MUST_USE;
/* The parsed config blob of an image. */
int image_load_config(const struct store *s, const struct digest *id, struct image_config *ret,
		      struct fail *f) MUST_USE;
/* Both; after a failure nothing is left to release. */
int image_load_both(const struct store *s, const struct digest *id, struct image *ret, struct image_config *ret_config,
		    struct fail *f) MUST_USE;
/* The same of whatever image TEXT names: a name, an id or the beginning of one. */
int image_open(const struct store *s, const char *text, struct image *ret, struct image_config *ret_config,
	       struct fail *f) MUST_USE;

/* Names. image_name_set replaces; remove of a missing name is -ENOENT. */
int image_name_set(const struct store *s, const struct ref *name, const struct digest *image,
		   const struct digest *manifest, struct fail *f) MUST_USE;
int image_name_get(const struct store *s, const struct ref *name, struct digest *ret_image,
		   struct digest *ret_manifest, struct fail *f) MUST_USE;
int image_name_remove(const struct store *s, const struct ref *name, struct fail *f) MUST_USE;

/*
 * Finds an image by what a user types: a name ("alpine", also localhost/NAME before
 * docker.io/library/NAME for short ones), name@digest, an id or a unique prefix of one (>= 3
 * hex digits... any length as podman accepts), with or without "sha256:". -ENOENT with the name
 * as the user typed it ("NAME: image not known"); an ambiguous prefix is -EEXIST and lists both.
 * *ret_name, when not NULL, gets the full matched name (caller frees) or NULL when found by id.
 */
int image_find(const struct store *s, const char *text, struct digest *ret, char **ret_name,
	       struct fail *f) MUST_USE;

/* One row per image, with its names (sorted) and their manifests' digests. */
struct image_entry {
	struct image image;
	char **names;	/* full "docker.io/library/alpine:latest" or "...@sha256:..." */
	char **manifests; /* beside names */
};
struct image_list {
	struct image_entry *v;
	size_t n;
	char **broken;	/* files that could not be read: named, never fatal */
};
int image_list_load(const struct store *s, struct image_list *ret, struct fail *f) MUST_USE;
void image_list_done(struct image_list *l);

/* Removes images/<hex>.json and its remaining names; layers and blobs are gc's. */
int image_remove(const struct store *s, const struct digest *id, struct fail *f) MUST_USE;

#endif
