// SPDX-License-Identifier: Apache-2.0
/*
 * A process that is the parent of an exec which may outlive the command: detached from the start, or later by
 * the detach keys. While a user is attached it does all the work, and the command only waits for its word.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/engine/event.h"
#include "pkg/engine/exec_part.h"
#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "runtime/exec.h"
#include "runtime/monitor/title.h"
#include "runtime/ns.h"

/* The keeper's only word to the command. */
struct word {
	int r;		/* what engine_exec returns */
	struct fail fail;
};

static void say(int *sock, int r, const struct fail *f)
{
	struct word w = { .r = r };

	if (r < 0)
		w.fail = *f;
	(void)!fd_send(*sock, &w, sizeof(w), NULL, 0);
	*sock = fd_close(*sock);
}

/* --- the keeper --- */

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Whoever reads the caller's pipes to their end must not wait for us. */
static void close_others(struct exec_run *x, const struct launched *p)
{
	int keep[] = { x->e->store.root_fd, x->session.dir_fd, x->session.lock_fd, p->pidfd, p->console_fd };
	auto_fd int null = fd_open(AT_FDCWD, "/dev/null", O_RDWR, 0);
	const int stdio[3] = { null, null, null };
	struct fail ignored = { 0 };
	unsigned next = 3;

	if (null >= 0)
		(void)!exec_place_stdio(stdio, &ignored);
	qsort(keep, ARRAY_LEN(keep), sizeof(*keep), by_number);
	for (size_t i = 0; i < ARRAY_LEN(keep); i++) {
		if (keep[i] < (int)next)
			continue;
		if ((unsigned)keep[i] > next)
			(void)close_range(next, (unsigned)keep[i] - 1, 0);
		next = (unsigned)keep[i] + 1;
	}
	(void)close_range(next, ~0U, 0);
	null = -EBADF;	/* closed with the rest */
}

/* Nobody sees what the terminal says any more, but who writes there must not wait for ever. */
static void drain(int *console)
{
	char buf[4096];
	ssize_t n = io_read(*console, buf, sizeof(buf));

	if (n == 0 || (n < 0 && n != -EAGAIN && n != -EIO))
		*console = fd_close(*console);
}

static int linger(struct launched *p)
{
	siginfo_t si = { 0 };
	bool hung_up = false;

	for (;;) {
		struct pollfd fds[] = {
			{ .fd = p->pidfd, .events = POLLIN },
			/* Hung up while nobody has it open; somebody may open it again. */
			{ .fd = hung_up ? -1 : p->console_fd, .events = POLLIN },
		};
		int r = poll(fds, 2, hung_up ? 1000 : -1);

		if (r < 0 && errno != EINTR)
			return FAIL_EXIT_ENGINE;
		if (r > 0 && fds[0].revents)
			break;
		hung_up = r > 0 && (fds[1].revents & POLLHUP) && !(fds[1].revents & POLLIN);
		if (r > 0 && fds[1].revents)
			drain(&p->console_fd);
	}
	while (waitid(P_PIDFD, (id_t)p->pidfd, &si, WEXITED) < 0)
		if (errno != EINTR)
			return FAIL_EXIT_ENGINE;
	return si.si_code == CLD_EXITED ? si.si_status : 128 + si.si_status;
}

static void __attribute__((noreturn)) stay(struct exec_run *x, struct launched *p)
{
	struct fail ignored = { 0 };

	(void)prctl(PR_SET_PDEATHSIG, 0);
	(void)setsid();
	/* The event needs what title_set overwrites of argv no more: the config is its own copy. */
	(void)!title_set("rbox exec", &ignored);
	close_others(x, p);
	exec_ended(x, linger(p));
	p->pid = 0;	/* reaped */
	launched_done(p);
	_exit(0);
}

static void __attribute__((noreturn)) keep(struct exec_run *x, int sock)
{
	struct launched p = { .pidfd = -EBADF, .netns_fd = -EBADF, .console_fd = -EBADF, .sock = -EBADF };
	bool detached = x->o->detach;
	struct fail f = { 0 };
	int r = join_start(&x->join, &p, &f);

	exec_close_theirs(x);
	if (r < 0) {
		exec_session_end(&x->session);
		say(&sock, r, &f);
		_exit(0);
	}
	if (!detached)
		r = exec_converse(x, &p, &detached, &f);
	if (r >= 0 && detached) {
		say(&sock, 0, &f);
		stay(x, &p);
	}
	if (r >= 0)
		p.pid = 0;	/* reaped */
	launched_done(&p);
	exec_ended(x, r < 0 ? fail_status(&f) : r);
	say(&sock, r, &f);
	_exit(0);
}

/* --- the command --- */

/* It has put the terminal right and died of the signal that we passed on: so do we. */
static int died(pid_t pid, struct fail *f)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status)) {
		sigset_t one;

		sigemptyset(&one);
		sigaddset(&one, WTERMSIG(status));
		(void)signal(WTERMSIG(status), SIG_DFL);
		(void)sigprocmask(SIG_UNBLOCK, &one, NULL);
		(void)raise(WTERMSIG(status));
	}
	return refuse(f, ECHILD, "the process that keeps the exec died");
}

/* Waits for the keeper's word, and passes signals on to it meanwhile. */
static int hear(pid_t pid, int sock, int signals, struct fail *f)
{
	struct word w = { 0 };
	ssize_t n;

	for (;;) {
		struct pollfd fds[] = { { .fd = sock, .events = POLLIN }, { .fd = signals, .events = POLLIN } };
		struct signalfd_siginfo si;
		int r = poll(fds, 2, -1);

		if (r > 0 && fds[0].revents)
			break;
		if (r > 0 && fds[1].revents && io_read(signals, &si, sizeof(si)) == (ssize_t)sizeof(si))
			(void)kill(pid, (int)si.ssi_signo);
	}
	n = fd_recv(sock, &w, sizeof(w), NULL, 0, &(size_t){ 0 });
	if (n != (ssize_t)sizeof(w))
		return died(pid, f);
	if (w.r < 0)
		*f = w.fail;
	return w.r;
}

static int fork_keeper(struct exec_run *x, const sigset_t *usual, const int pair[2], pid_t *ret)
{
	pid_t before = getpid();

	*ret = fork();
	if (*ret < 0)
		return -errno;
	if (*ret)
		return 0;
	(void)fd_close(pair[0]);
	(void)sigprocmask(SIG_SETMASK, usual, NULL);
	if (!x->o->detach) {
		/* SIGTERM, so that the terminal is put right. */
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != before)
			_exit(FAIL_EXIT_ENGINE);
	} else {
		(void)setsid();
	}
	keep(x, pair[1]);
}

int exec_keep(struct exec_run *x, struct fail *f)
{
	auto_fd int ours = -EBADF, theirs = -EBADF, signals = -EBADF;
	sigset_t passed, usual;
	int pair[2], r = fd_socketpair(SOCK_SEQPACKET, pair);
	pid_t pid = 0;

	if (r < 0)
		return fail(f, -r, "make a socket pair");
	ours = pair[0];
	theirs = pair[1];
	sigemptyset(&passed);
	sigaddset(&passed, SIGTERM);
	sigaddset(&passed, SIGHUP);
	sigaddset(&passed, SIGINT);
	sigaddset(&passed, SIGQUIT);
	if (sigprocmask(SIG_BLOCK, &passed, &usual) < 0)
		return fail(f, errno, "block signals");
	signals = signalfd(-1, &passed, SFD_CLOEXEC);
	r = fork_keeper(x, &usual, pair, &pid);
	theirs = fd_close(theirs);
	if (r < 0)
		(void)fail(f, -r, "fork");
	else
		r = hear(pid, ours, signals, f);
	(void)sigprocmask(SIG_SETMASK, &usual, NULL);
	return r;
}
