// SPDX-License-Identifier: Apache-2.0
#include "pkg/util/sig.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pkg/util/str.h"

enum { RT_MIN = 34, RT_MAX = 64 };

int sig_parse(const char *text, int *ret, struct fail *f)
{
	const char *name = strncasecmp(text, "SIG", 3) ? text : text + 3;
	uint64_t n;

	if (str_to_u64(text, 10, &n) == 0) {
		if (n < 1 || n > RT_MAX)
			/* Both are podman's words, which scripts look for. */
			return n ? refuse(f, EINVAL, "valid signals are 1 through %d", RT_MAX) :
				   refuse(f, EINVAL, "invalid signal: 0");
		*ret = (int)n;
		return 0;
	}
	for (int i = 1; i < RT_MIN; i++) {
		const char *abbrev = sigabbrev_np(i);

		if (abbrev && !strcasecmp(name, abbrev)) {
			*ret = i;
			return 0;
		}
	}
	if (!strncasecmp(name, "RTMIN", 5) && (!name[5] || name[5] == '+') &&
	    (!name[5] || str_to_u64(name + 6, 10, &n) == 0)) {
		n = name[5] ? n + RT_MIN : RT_MIN;
		if (n <= RT_MAX) {
			*ret = (int)n;
			return 0;
		}
	}
	if (!strcasecmp(name, "IOT") || !strcasecmp(name, "CLD") || !strcasecmp(name, "RTMAX")) {
		*ret = !strcasecmp(name, "IOT") ? SIGABRT : !strcasecmp(name, "CLD") ? SIGCHLD : RT_MAX;
		return 0;
	}
	return refuse(f, EINVAL, "invalid signal: %.60s", text);
}

const char *sig_name(int sig, char buf[SIG_NAME_MAX])
{
	const char *abbrev = sig < RT_MIN ? sigabbrev_np(sig) : NULL;

	if (abbrev)
		snprintf(buf, SIG_NAME_MAX, "SIG%s", abbrev);
	else if (sig == RT_MIN)
		snprintf(buf, SIG_NAME_MAX, "SIGRTMIN");
	else
		snprintf(buf, SIG_NAME_MAX, "SIGRTMIN+%d", sig - RT_MIN);
	return buf;
}

void sig_reset(void)
{
	/* The kernel's struct sigaction: zeros are SIG_DFL, no flags, an empty mask. */
	static const unsigned long zeros[8];

	for (int sig = 1; sig <= RT_MAX; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			(void)syscall(SYS_rt_sigaction, sig, zeros, NULL, (size_t)(RT_MAX / 8));
}
