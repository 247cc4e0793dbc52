/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_PRIVS_CAPS_H
#define RUNTIME_PRIVS_CAPS_H

#include <stdint.h>

#include "pkg/util/fail.h"

/* Capabilities as bit masks; what privs.c and privs_caps.c share. */

/* "CAP_CHOWN" of bit 0; NULL past the last one known here. */
const char *privs_cap_name(unsigned bit);

/* All that this kernel (this process's bounding set) has, named or not. */
uint64_t privs_cap_known(void);

/* The effective set of this process. */
int privs_caps_own(uint64_t *ret) MUST_USE;

/* The union of a list of names. */
int privs_cap_mask(char *const *list, uint64_t *ret_mask, struct fail *f) MUST_USE;

#endif
