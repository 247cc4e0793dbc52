/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_SEAL_H
#define RUNTIME_SEAL_H

#include "pkg/util/fail.h"

/*
 * The program that enters a container can be reached from it by /proc/PID/exe, and overwritten by
 * whoever owns it inside (CVE-2019-5736). Where our file belongs to the user himself, who is root
 * in his containers, or is writable by others, we run from a sealed copy in memory instead.
 *
 * Executes the copy with ARGV and doesn't return; 0 when there is no need or we are the copy;
 * -errno with F set when no copy can be made (a host that forbids executable memory files): the
 * caller may warn and go on.
 */
int seal_self(char **argv, struct fail *f) MUST_USE;

/* Where our program lies on disk, also when we run from the copy. Caller frees. */
int seal_exe_path(char **ret, struct fail *f) MUST_USE;

#endif
