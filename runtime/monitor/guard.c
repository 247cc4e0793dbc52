// SPDX-License-Identifier: Apache-2.0
#include "runtime/monitor/guard.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "runtime/ns.h"

static void __attribute__((noreturn)) guard_main(int ctr, int monitor)
{
	int keep[] = { ctr, monitor };
	struct pollfd p[2] = { { ctr, POLLIN, 0 }, { monitor, POLLIN, 0 } };

	/* Not ours to hold open: the container's lock, its stdin, its clients. */
	if (fd_close_others(keep, ARRAY_LEN(keep)) < 0)
		_exit(1);
	(void)prctl(PR_SET_NAME, "rbox-guard");
	while (poll(p, 2, -1) < 0)
		if (errno != EINTR)
			_exit(1);
	if (!p[0].revents)
		(void)!ns_pidfd_kill(ctr, SIGKILL);
	_exit(0);
}

pid_t guard_start(int ctr, struct fail *f)
{
	auto_fd int monitor = ns_pidfd_open(getpid());
	pid_t pid;

	if (monitor < 0)
		return fail(f, -monitor, "open the monitor's own process");
	pid = fork();
	if (pid < 0)
		return fail(f, errno, "fork the guard of --bind-to");
	if (pid == 0)
		guard_main(ctr, monitor);
	return pid;
}
