// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands.h"

const struct command *const command_table[] = {
	&doctor_command,
	&import_command,
	&load_command,
	&version_command,
	NULL
};
