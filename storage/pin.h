/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_PIN_H
#define STORAGE_PIN_H

#include "pkg/oci/digest.h"
#include "storage/store.h"

/* gc_pin for whoever holds store_lock already: an empty file tmp/<t->name>/pins/<algo>:<hex>. */
int pin_locked(struct store_temp *t, const struct digest *d, struct fail *f) MUST_USE;

#endif
