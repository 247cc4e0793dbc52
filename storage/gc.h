/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_GC_H
#define STORAGE_GC_H

#include "storage/store.h"

/*
 * What nothing refers to goes into trash/. Roots are the files of images/, the layers a container
 * names in containers/<id>/config.json (member "Layers": array of layer key digests), and pins:
 * empty files tmp/<random>/pins/<algo>:<hex> of folders whose lock is held (a pull in progress).
 * The decision and the renames happen under the exclusive store_lock; deleting is the sweeper's.
 */
int gc_run(const struct store *s, struct fail *f) MUST_USE;

/*
 * For whoever is about to take away what refers to layers and blobs, and to call gc_run then: a folder
 * of tmp/ that makes the next sweep do it should we be killed in between. Best effort (a full disk is
 * no reason to remove nothing). Release with store_temp_done after gc_run.
 */
void gc_announce(const struct store *s, struct store_temp *ret);

/* Pins a layer key or blob digest for as long as T lives; takes the shared store_lock itself. */
int gc_pin(struct store_temp *t, const struct digest *d, struct fail *f) MUST_USE;

#endif
