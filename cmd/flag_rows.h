/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_FLAG_ROWS_H
#define CMD_FLAG_ROWS_H

#include "cmd/opt.h"

/* The rows of the groups in pkg/engine/groups.h, for run and create. */
extern const struct opt env_rows[], device_rows[], kernel_rows[], place_rows[], ns_rows[], compat_rows[], users_rows[];

#endif
