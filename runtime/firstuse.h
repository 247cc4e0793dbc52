/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_FIRSTUSE_H
#define RUNTIME_FIRSTUSE_H

#include "pkg/oci/spec.h"
#include "runtime/plan.h"

/*
 * A volume's first use, as podman has it: what the image holds at the volume's place is copied into it, with owner and
 * mode; where the image has no such place, the volume belongs to the container's user.
 *
 * OP is a bind whose source is the folder _data of a volume's folder. Beside it lies the file "copyup" until that
 * has been done, or something else has been put there; "copying" while it is under way, so that whoever was killed in
 * the middle is finished by the next. The file "lock" there is held: two containers that start at
 * once don't fill it twice, nor does the second run before it is full.
 */
int volume_first_use(int root_fd, const struct op *op, const struct spec_user *user, struct fail *f) MUST_USE;

#endif
