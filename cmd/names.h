/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_NAMES_H
#define CMD_NAMES_H

#include "cmd/app.h"

/* The command of TABLE that NAME names, by its own name or another one; NULL: none. */
const struct command *command_find(const struct command *const *table, const char *name);

/*
 * From the noun *C (NULL: rbox itself), which was typed as *PATH, to the command that WORD names there by its
 * name or another one of it; *PATH grows by the word. A word that podman knows and rbox doesn't is refused as that,
 * any other with the names that are near.
 */
int command_step(const struct command **c, char **path, const char *word, struct fail *f) MUST_USE;

#endif
