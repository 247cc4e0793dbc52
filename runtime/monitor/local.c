// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "runtime/monitor/session.h"

/* The link to a process of our own, by its pty's master or its pipes. */
struct local {
	int out[2];	/* what we read; with a terminal its master and -EBADF */
	int in;		/* what we write; with a terminal its master */
	int console, pidfd;
	bool blocked, exited;
	bool hung_up;	/* nobody has the terminal open: not asked again in this round */
};

enum { HANGUP_PAUSE_MS = 50 };

static size_t local_watch(struct session *s, struct pollfd *p, bool want, int *ret_wait_ms)
{
	struct local *l = s->ctx;
	size_t n = 0;

	if (l->exited) {
		/* Nothing is waited for: what is in the pipes is read, and that is all. */
		*ret_wait_ms = want ? 0 : -1;
		return 0;
	}
	if (l->hung_up)
		*ret_wait_ms = HANGUP_PAUSE_MS;
	for (int i = 0; i < 2; i++)
		if (want && l->out[i] >= 0 && !l->hung_up)
			p[n++] = (struct pollfd){ .fd = l->out[i], .events = POLLIN };
	if (l->blocked)
		p[n++] = (struct pollfd){ .fd = l->in, .events = POLLOUT };
	if (want)
		p[n++] = (struct pollfd){ .fd = l->pidfd, .events = POLLIN };
	l->hung_up = false;
	return n;
}

/* 1 with a piece of output, 0 without, of stream I. */
static int take_output(struct session *s, int i)
{
	struct local *l = s->ctx;
	ssize_t n = l->out[i] < 0 ? -EAGAIN : io_read(l->out[i], s->msg->data, sizeof(s->msg->data));

	if (n > 0) {
		session_output(s, i + 1, (size_t)n);
		return 1;
	}
	if (n == -EAGAIN)
		return 0;
	if (l->console >= 0)
		l->hung_up = true;	/* EIO; somebody may open it again */
	else
		l->out[i] = -EBADF;
	return 0;
}

static int reap(struct session *s, struct fail *f)
{
	struct local *l = s->ctx;
	siginfo_t si = { 0 };
	int r;

	do
		r = waitid(P_PIDFD, (id_t)l->pidfd, &si, WEXITED);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return fail(f, errno, "wait for the process");
	s->result.exit_code = si.si_code == CLD_EXITED ? si.si_status : 128 + si.si_status;
	l->exited = true;
	return 0;
}

static int local_ready(struct session *s, const struct pollfd *p, size_t n, struct fail *f)
{
	struct local *l = s->ctx;

	if (l->exited) {
		/*
		 * All that it wrote is in the pipes by now. Others may hold the other ends and never close
		 * them, so the end is where a read would wait.
		 */
		if (s->out_done == s->out_len && !take_output(s, 0) && !take_output(s, 1))
			s->ended = true;
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (!p[i].revents)
			continue;
		if (p[i].fd == l->in && (p[i].events & POLLOUT))
			l->blocked = false;
		else if (p[i].fd == l->pidfd)
			return reap(s, f);
		else if (take_output(s, p[i].fd == l->out[1]))
			return 0;
	}
	return 0;
}

static bool local_wants_input(const struct session *s)
{
	const struct local *l = s->ctx;

	return !l->blocked && !l->exited;
}

static int local_input(struct session *s, const char *data, size_t n)
{
	struct local *l = s->ctx;
	ssize_t sent = l->in < 0 ? (ssize_t)n : io_write(l->in, data, n);

	if (sent == -EAGAIN) {
		l->blocked = true;
		return 0;
	}
	/* It has closed its stdin: what comes is read and forgotten. */
	return sent < 0 ? (int)n : (int)sent;
}

static int local_input_end(struct session *s)
{
	struct local *l = s->ctx;
	auto_fd int null = -EBADF;

	if (l->in < 0 || l->console >= 0)
		return 1;
	/* The number stays the caller's to close; what it stood for is closed now. */
	null = fd_open(AT_FDCWD, "/dev/null", O_WRONLY, 0);
	if (null < 0)
		return null;
	(void)!dup3(null, l->in, O_CLOEXEC);
	l->in = -EBADF;
	return 1;
}

static int local_resize(struct session *s, const struct proto_size *size)
{
	const struct local *l = s->ctx;
	struct winsize w = { .ws_row = size->rows, .ws_col = size->cols };

	if (l->console >= 0)
		(void)ioctl(l->console, TIOCSWINSZ, &w);
	return 1;
}

static int local_signal(struct session *s, int sig)
{
	const struct local *l = s->ctx;

	(void)pidfd_send_signal(l->pidfd, sig, NULL, 0);
	return 1;
}

int attach_run_local(const struct attach_local *al, const struct attach_opts *o, struct attach_result *ret,
		     struct fail *f)
{
	static const struct link link = {
		.watch = local_watch, .ready = local_ready, .wants_input = local_wants_input,
		.input = local_input, .input_end = local_input_end, .resize = local_resize,
		.signal = local_signal,
	};
	bool tty = al->console_fd >= 0;
	struct local l = {
		.out = { tty ? al->console_fd : al->out_fd, tty ? -EBADF : al->err_fd },
		.in = tty ? al->console_fd : al->in_fd, .console = al->console_fd,
		.pidfd = al->pidfd,
	};
	struct session s = { .o = o, .link = &link, .ctx = &l };
	const int fds[] = { l.out[0], l.out[1], l.in };
	int r;

	for (size_t i = 0; i < 3; i++) {
		r = fds[i] < 0 ? 0 : fd_set_nonblock(fds[i], 1);
		if (r < 0)
			return fail(f, -r, "set a pipe not to block");
	}
	return session_run(&s, ret, f);
}
