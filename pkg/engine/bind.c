// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/bind.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/str.h"
#include "runtime/ns.h"
#include "runtime/state.h"

/* 0: the parent. */
static int parse(const char *text, pid_t *ret, struct fail *f)
{
	uint64_t n;

	*ret = 0;
	if (!strcmp(text, "parent"))
		return 0;
	if (str_starts(text, "pid:") && str_to_u64(text + 4, 10, &n) == 0 && n > 0 && n <= INT_MAX) {
		*ret = (pid_t)n;
		return 0;
	}
	(void)refuse(f, EINVAL, "invalid --bind-to '%.60s': parent or pid:NUMBER is wanted", text);
	return -EINVAL;
}

int bind_check(const char *text, struct fail *f)
{
	pid_t ignored;

	return text ? parse(text, &ignored, f) : 0;
}

static int gone(pid_t pid, struct fail *f)
{
	return refuse(f, ESRCH, "--bind-to: process %d has ended already", (int)pid);
}

int bind_open(const char *text, struct fail *f)
{
	auto_fd int fd = -EBADF;
	int64_t its, ours;
	bool parent;
	pid_t pid;
	int r = parse(text, &pid, f);

	if (r < 0)
		return r;
	parent = pid == 0;
	if (parent)
		pid = getppid();
	if (pid == 0)
		return refuse(f, ESRCH, "--bind-to=parent: the caller is in another pid namespace");
	fd = ns_pidfd_open(pid);
	if (fd == -ESRCH)
		return gone(pid, f);
	if (fd < 0)
		return fail(f, -fd, "--bind-to: open process %d", (int)pid);
	/* In this order: what is right while we hold the descriptor is what we hold. */
	if (parent && getppid() != pid)
		return gone(pid, f);
	r = state_pid_start(pid, &its);
	if (r == 0)
		r = state_pid_start(getpid(), &ours);
	if (r == -ESRCH)
		return gone(pid, f);
	if (r < 0)
		return fail(f, -r, "--bind-to: read when process %d began", (int)pid);
	if (its > ours)
		return gone(pid, f);
	r = bind_alive(fd, f);
	return r < 0 ? r : fd_take(&fd);
}

int bind_alive(int fd, struct fail *f)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (fd >= 0 && poll(&p, 1, 0) > 0)
		return refuse(f, ESRCH, "--bind-to: the process that the container is bound to has ended");
	return 0;
}
