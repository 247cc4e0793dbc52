// SPDX-License-Identifier: Apache-2.0
#include "runtime/monitor/core.h"

/*
 * The soft limit alone: that may be raised again. One byte, not none: a core that is piped into a program (core(5),
 * systemd-coredump) knows no limit, but for just this number (fs/coredump.c of the kernel); and no file is that small.
 */
static void set_soft(rlim_t soft, struct rlimit now)
{
	now.rlim_cur = soft < now.rlim_max ? soft : now.rlim_max;
	(void)setrlimit(RLIMIT_CORE, &now);
}

rlim_t core_forbid(void)
{
	struct rlimit now = { 0, 0 };

	if (getrlimit(RLIMIT_CORE, &now) < 0)
		return 0;
	set_soft(1, now);
	return now.rlim_cur;
}

void core_allow(rlim_t soft)
{
	struct rlimit now;

	if (getrlimit(RLIMIT_CORE, &now) == 0)
		set_soft(soft, now);
}
