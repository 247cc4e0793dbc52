/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_MONITOR_CORE_H
#define RUNTIME_MONITOR_CORE_H

#include <sys/resource.h>

/*
 * A monitor holds what the container has in its environment, secrets too (secretopt.h), for as long as that
 * lives, and must stay dumpable: only so may its owner open its namespaces. So it is the limit that keeps its
 * memory out of a core file. The container's own processes have the caller's limit, as if we weren't there.
 */

/* No core file of ours from here on; the limit that was, for core_allow. */
rlim_t core_forbid(void);

/* Before a fork of what becomes the container's, or in it. */
void core_allow(rlim_t soft);

#endif
