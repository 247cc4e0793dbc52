/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_GLOBAL_H
#define CMD_GLOBAL_H

#include <stdbool.h>

#include "cmd/opt.h"
#include "pkg/util/fail.h"

/*
 * What stands between `rbox` and the command. podman's global options (podman(1)) that scripts write: those that
 * rbox has a use for, and those whose value is what rbox does anyway; every other value is refused with
 * what to write instead.
 *
 * Applies them and returns the index of the first word after them; --help and --version end them too
 * and are the caller's.
 */
int global_options(int argc, char **argv, struct fail *f) MUST_USE;

/*
 * Those that can be used, for help, the manual and completion; nothing is parsed by these rows. What is refused with
 * every value (--root, --runtime ...) is not among them.
 */
extern const struct opt global_rows[];

#endif
