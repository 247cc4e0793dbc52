// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/slirp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/spawn.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"

/* Where its descriptors are in the helper: named on its command line. */
enum { READY_AT = 3, EXIT_AT = 4, NETNS_AT = 5, LOG_MAX = 4096, READY_MS = 10000 };

static void no_slirp(struct fail *f)
{
	fail_hint(f, "apt install slirp4netns, or choose another network: --network none or --network host");
}

/* Returns the pid; the two pipes' far ends are for slirp4netns alone. */
static pid_t run(int netns_fd, int ready, int leave, int log, struct fail *f)
{
	const char *const argv[] = {
		"slirp4netns", "--configure", "--mtu=65520", "--disable-host-loopback",
		"--enable-sandbox", "--enable-seccomp", "--ready-fd=3", "--exit-fd=4",
		"--netns-type=path", "/proc/self/fd/5", "tap0", NULL,
	};
	const struct spawn_fd fds[] = {
		{ ready, READY_AT }, { leave, EXIT_AT }, { netns_fd, NETNS_AT }, { log, STDOUT_FILENO },
		{ log, STDERR_FILENO },
	};
	const struct spawn s = {
		.program = "slirp4netns",
		.argv = (char *const *)(void *)(uintptr_t)argv,
		.fds = fds,
		.n_fds = ARRAY_LEN(fds),
		/* Until its exit pipe is watched; it changes credentials, which clears this. */
		.deathsig = SIGKILL,
	};
	pid_t pid = spawn_start(&s, f);

	if (pid < 0)
		no_slirp(f);
	return pid;
}

int slirp_start(int netns_fd, struct slirp *ret, struct fail *f)
{
	auto_fd int ready = -EBADF, ready_far = -EBADF, leave = -EBADF, leave_far = -EBADF;
	auto_fd int log = -EBADF;
	int p[2], r;
	pid_t pid;

	*ret = (struct slirp){ .ready_fd = -EBADF, .exit_fd = -EBADF, .log_fd = -EBADF };
	r = fd_pipe(p);
	if (r < 0)
		return fail(f, -r, "make a pipe for slirp4netns");
	ready = p[0];
	ready_far = p[1];
	r = fd_pipe(p);
	if (r < 0)
		return fail(f, -r, "make a pipe for slirp4netns");
	leave_far = p[0];
	leave = p[1];
	log = fd_memfd("slirp4netns", 0);
	if (log < 0)
		return fail(f, -log, "make a file for what slirp4netns says");
	pid = run(netns_fd, ready_far, leave_far, log, f);
	if (pid < 0)
		return pid;
	*ret = (struct slirp){
		.pid = pid,
		.ready_fd = fd_take(&ready),
		.exit_fd = fd_take(&leave),
		.log_fd = fd_take(&log),
	};
	return 0;
}

/* What it said, on one line, without its greeting. */
static void add_log(int log_fd, struct str *s)
{
	auto_str struct str text = STR_INIT(LOG_MAX);
	auto_strv char **lines = NULL;

	if (lseek(log_fd, 0, SEEK_SET) < 0)
		return;
	(void)!io_read_all(log_fd, &text);
	lines = strv_split(str_cstr(&text), "\n", true);
	strv_each(it, lines) {
		/* Each start says these; what follows the failure is what counts. */
		if (str_starts(*it, "sent tapfd") || str_starts(*it, "received tapfd") ||
		    str_starts(*it, "WARNING: Support for") || str_starts(*it, "* ") ||
		    str_starts(*it, "Starting slirp") || str_starts(*it, "cmdline:"))
			continue;
		str_add(s, s->len ? "; " : "");
		str_add_escaped(s, *it);
	}
}

static int failed(struct slirp *s, const char *how, struct fail *f)
{
	auto_str struct str said = STR_INIT(600);

	add_log(s->log_fd, &said);
	refuse(f, EIO, "slirp4netns %s%s%s", how, said.len ? ": " : "", str_cstr(&said));
	fail_hint(f, "--network none or --network host does without it");
	return -EIO;
}

int slirp_ready(struct slirp *s, struct fail *f)
{
	int64_t end = time_monotonic() + READY_MS * (TIME_SECOND / 1000);
	struct pollfd p = { .fd = s->ready_fd, .events = POLLIN };
	char c;

	while (true) {
		int64_t left = (end - time_monotonic()) / (TIME_SECOND / 1000);
		int n;

		if (left <= 0)
			return failed(s, "was not ready within 10 seconds", f);
		n = poll(&p, 1, (int)left);
		if (n < 0 && errno != EINTR)
			return fail(f, errno, "wait for slirp4netns");
		if (n > 0)
			break;
	}
	/* One byte when the interface is up (slirp4netns(1)); the end of the pipe when it died before. */
	if (io_read(s->ready_fd, &c, 1) != 1)
		return failed(s, "ended before the network was up", f);
	s->ready_fd = fd_close(s->ready_fd);
	return 0;
}

void slirp_done(struct slirp *s)
{
	s->ready_fd = fd_close(s->ready_fd);
	/* It polls the exit pipe and ends; killed as well, since it may not be that far yet. */
	s->exit_fd = fd_close(s->exit_fd);
	if (s->pid > 0) {
		(void)kill(s->pid, SIGKILL);
		(void)!spawn_wait(s->pid);
		s->pid = 0;
	}
	s->log_fd = fd_close(s->log_fd);
}
