/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_RESOURCE_ROWS_H
#define CMD_RESOURCE_ROWS_H

#include "cmd/opt.h"

/* The rows of struct resource_group (pkg/engine/resource.h), for run, create and update. */
extern const struct opt resource_rows[];

#endif
