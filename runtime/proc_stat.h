/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_PROC_STAT_H
#define RUNTIME_PROC_STAT_H

#include <sys/types.h>

#include "pkg/util/fail.h"
#include "pkg/util/str.h"

/* /proc/PID/stat, whose second field is a name that may hold blanks and brackets (proc_pid_stat(5)). */

/* The file of process PID (0: ours) into S, whose ceiling should be 4096. -ENOENT or -ESRCH: it is gone. */
int proc_stat_read(pid_t pid, struct str *s) MUST_USE;

/* Where field N (3: the state, 4: the parent ...) of such a TEXT begins; NULL when there is none. */
const char *proc_stat_field(const char *text, int n);

#endif
