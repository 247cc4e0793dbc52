/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_PATHS_H
#define REGISTRY_PATHS_H

#include "pkg/util/str.h"

/* Where a user's files lie. Each result is the caller's; NULL when there is no such place. */

/* $HOME/REST, the home of the user database when HOME is not set. */
char *paths_home(const char *rest);
/* $XDG_CONFIG_HOME/REST, else ~/.config/REST. */
char *paths_config(const char *rest);
/* $XDG_RUNTIME_DIR/REST, else NULL. */
char *paths_runtime(const char *rest);
/* The value of an environment variable that is set and not empty, else NULL. Not owned. */
const char *paths_env(const char *name);

#endif
