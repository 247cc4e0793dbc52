/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_LIB_DENY_H
#define TESTS_LIB_DENY_H

#include <errno.h>
#include <seccomp.h>
#include <string.h>

#include "pkg/util/str.h"

/*
 * Makes the system calls named ("clone3,openat2") fail with ENOSYS for this process and all that
 * come of it, as an old kernel or an outer engine's filter does: fallbacks that never run don't work.
 * With CAP_SYS_ADMIN no_new_privs is not set, so that newuidmap keeps its rights.
 */
static int deny_syscalls(const char *names, int no_new_privs)
{
	auto_strv char **list = strv_split(names, ",", true);
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int r;

	if (!ctx)
		return -ENOMEM;
	r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, (uint32_t)no_new_privs);
	strv_each(it, list) {
		int nr = seccomp_syscall_resolve_name(*it);

		if (r == 0)
			r = nr == __NR_SCMP_ERROR ? -EINVAL :
						    seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), nr, 0);
	}
	if (r == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r;
}

#endif
