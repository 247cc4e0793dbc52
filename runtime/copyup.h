/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_COPYUP_H
#define RUNTIME_COPYUP_H

#include <stdbool.h>

#include "pkg/util/fail.h"

/*
 * tmpcopyup: what the folder FROM (O_PATH) holds, copied into the folder TO: files, folders and
 * links with mode, owner and times; devices and sockets are passed over, links are not followed.
 * An owner that isn't mapped stays ours. TOP_TOO: the folder's own mode and owner as well.
 */
int copyup_tree(int from, int to, bool top_too, struct fail *f) MUST_USE;

#endif
