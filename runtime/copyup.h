/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_COPYUP_H
#define RUNTIME_COPYUP_H

#include <stdbool.h>

#include "pkg/util/fail.h"

/*
 * What the folder FROM (O_PATH) holds, copied into the folder TO: a volume at its first use, or a tmpfs
 * (tmpcopyup). Whole, as pkg/util/copy.h has it: owners, modes, times, attributes, capabilities, hard links, FIFOs;
 * only devices and sockets are passed over, and an owner that isn't mapped stays ours. What a copy that was
 * killed has left there is replaced. TOP_TOO: the folder's own owner and mode as well.
 */
int copyup_tree(int from, int to, bool top_too, struct fail *f) MUST_USE;

/* The folder's own owner, mode, times and attributes alone. */
int copyup_top(int from, int to, struct fail *f) MUST_USE;

#endif
