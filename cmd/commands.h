/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_COMMANDS_H
#define CMD_COMMANDS_H

#include "cmd/app.h"

/* The rows that cmd/<name>.c define, in the order of help. */
extern const struct command doctor_command;
extern const struct command import_command, load_command;
extern const struct command version_command;

#endif
