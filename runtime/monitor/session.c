// SPDX-License-Identifier: Apache-2.0
#include "runtime/monitor/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"

/* What a pipe takes without waiting once poll calls it writable (pipe(7): PIPE_BUF). */
enum { SMALL_PIECE = 4096, PIPE_LARGE = 1024 * 1024 };

/* --- our stdout and stderr --- */

/*
 * A write must never wait, or a signal would wait behind it. Setting O_NONBLOCK on what we were given
 * would change it for everybody who shares it, and stay so when we are killed; so a pipe or terminal
 * is opened anew. A file never makes us wait. What can't be opened anew (another user's pipe) gets
 * small pieces.
 */
static void open_out(struct out *out, int fd, bool drop)
{
	char path[FD_PATH_MAX];
	struct stat st;

	*out = (struct out){ .fd = fd, .own = -EBADF, .drop = drop };
	if (drop || fstat(fd, &st) < 0 || S_ISREG(st.st_mode))
		return;
	if (S_ISFIFO(st.st_mode) || (S_ISCHR(st.st_mode) && isatty(fd)))
		out->own = fd_open(AT_FDCWD, fd_path(fd, path), O_WRONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (out->own >= 0)
		out->fd = out->own;
	else
		out->small = true;
}

void session_output(struct session *s, int stream, size_t n)
{
	s->out_stream = stream == 2;
	s->out_done = 0;
	s->out_len = s->out[s->out_stream].drop ? 0 : n;
}

static int flush_output(struct session *s, struct fail *f)
{
	struct out *out = &s->out[s->out_stream];

	while (s->out_done < s->out_len) {
		size_t left = s->out_len - s->out_done;
		ssize_t n = io_write(out->fd, s->msg->data + s->out_done,
				     out->small && left > SMALL_PIECE ? SMALL_PIECE : left);

		/* Whoever reads it takes less at once than we have: a larger pipe, once. Refused: as it was. */
		if (!out->small && !out->grown && (n == -EAGAIN || (n > 0 && (size_t)n < left))) {
			out->grown = true;
			(void)!fcntl(out->fd, F_SETPIPE_SZ, PIPE_LARGE);
			s->out_done += n > 0 ? (size_t)n : 0;
			continue;
		}
		if (n == -EAGAIN)
			return 0;
		if (n == -EPIPE) {
			fail(f, EPIPE, "write to %s", s->out_stream ? "stderr" : "stdout");
			f->status = 128 + SIGPIPE;
			return -EPIPE;
		}
		if (n < 0)
			return fail(f, (int)-n, "write to %s", s->out_stream ? "stderr" : "stdout");
		s->out_done += (size_t)n;
		if (out->small)
			return 0;	/* poll again before the next */
	}
	return 0;
}

/* --- our stdin --- */

static void read_input(struct session *s)
{
	char buf[INPUT_MAX];
	ssize_t n = io_read(STDIN_FILENO, buf, sizeof(buf));

	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		/* A terminal that was hung up, a file's end, a stdin nobody may read: no more comes. */
		s->in_open = false;
		s->in_end = true;
		return;
	}
	s->in_done = 0;
	if (s->tty.fd < 0) {
		memcpy(s->in, buf, (size_t)n);
		s->in_len = (size_t)n;
	} else if (keys_feed(&s->keys, buf, (size_t)n, s->in, &s->in_len)) {
		s->in_open = false;
		s->result.detached = true;
	}
}

/* Sends what waits for the container: signals before input. */
static int send_pending(struct session *s)
{
	struct proto_size size;
	int r = 1;

	for (int sig = 1; s->signals && sig < NSIG && r > 0; sig++) {
		if (!(s->signals & (UINT64_C(1) << (sig - 1))))
			continue;
		r = s->link->signal(s, sig);
		if (r > 0)
			s->signals &= ~(UINT64_C(1) << (sig - 1));
	}
	if (r > 0 && s->resized && tty_size(&size)) {
		r = s->link->resize(s, &size);
		s->resized = r <= 0;
	}
	while (r > 0 && s->in_done < s->in_len && s->link->wants_input(s)) {
		r = s->link->input(s, s->in + s->in_done, s->in_len - s->in_done);
		if (r > 0)
			s->in_done += (size_t)r;
	}
	if (r > 0 && s->in_end && s->in_done == s->in_len) {
		r = s->link->input_end(s);
		s->in_end = r <= 0;
	}
	return r < 0 ? r : 0;
}

/* --- signals --- */

static bool is_proxied(int sig)
{
	switch (sig) {
	case SIGHUP:
	case SIGINT:
	case SIGQUIT:
	case SIGTERM:
	case SIGUSR1:
	case SIGUSR2:
	case SIGALRM:
		return true;
	default:
		/* Not those of job control: ^Z stops us, as it does any filter. */
		return sig >= SIGRTMIN && sig <= SIGRTMAX;
	}
}

static bool is_fatal(int sig)
{
	return sig == SIGHUP || sig == SIGINT || sig == SIGQUIT || sig == SIGTERM;
}

static int catch_signals(struct session *s, struct fail *f)
{
	sigemptyset(&s->caught);
	for (int sig = 1; sig < NSIG; sig++)
		if ((s->o->sig_proxy && is_proxied(sig)) || (s->tty.fd >= 0 && is_fatal(sig)))
			sigaddset(&s->caught, sig);
	if (s->o->tty)
		sigaddset(&s->caught, SIGWINCH);
	if (s->tty.fd >= 0) {
		sigaddset(&s->caught, SIGCONT);
		/* Sent by hand: stopped, we would leave a raw terminal to the shell. */
		sigaddset(&s->caught, SIGTSTP);
	}
	sigprocmask(SIG_BLOCK, &s->caught, &s->old_mask);
	s->masked = true;
	s->sig_fd = signalfd(-1, &s->caught, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->sig_fd < 0 ? fail(f, errno, "make a signalfd") : 0;
}

static void take_signal(struct session *s)
{
	struct signalfd_siginfo si;
	int sig;

	if (io_read(s->sig_fd, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return;
	sig = (int)si.ssi_signo;
	if (sig == SIGWINCH) {
		s->resized = true;
	} else if (sig == SIGCONT) {
		tty_again(&s->tty);
		s->resized = true;
	} else if (sig == SIGTSTP) {
		return;
	} else if (s->o->sig_proxy) {
		s->signals |= UINT64_C(1) << (sig - 1);
		/* Our terminal is gone: we have nothing left to do, whatever the container makes of it. */
		if (sig == SIGHUP && s->tty.fd >= 0)
			s->die_of = sig;
	} else {
		s->die_of = sig;
	}
}

/* --- from begin to end --- */

static int begin(struct session *s, struct fail *f)
{
	int r;

	s->sig_fd = -EBADF;
	s->tty.fd = -EBADF;
	s->msg = mem_alloc(sizeof(*s->msg));
	s->in_open = s->o->want_stdin;
	s->resized = s->o->tty;
	open_out(&s->out[0], STDOUT_FILENO, s->o->no_stdout);
	open_out(&s->out[1], STDERR_FILENO, s->o->no_stderr);
	r = keys_parse(s->o->detach_keys ? s->o->detach_keys : "ctrl-p,ctrl-q", &s->keys, f);
	if (r < 0)
		return r;
	if (s->o->tty && s->o->want_stdin && isatty(STDIN_FILENO)) {
		r = tty_raw(STDIN_FILENO, &s->tty, f);
		if (r < 0)
			return r;
	}
	return catch_signals(s, f);
}

static void end(struct session *s)
{
	fd_close(s->out[0].own);
	fd_close(s->out[1].own);
	fd_close(s->sig_fd);
	free(s->msg);
	tty_restore(&s->tty);
	if (s->masked)
		sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
	if (s->die_of) {
		(void)signal(s->die_of, SIG_DFL);
		(void)raise(s->die_of);
	}
}

struct round {
	struct pollfd p[LINK_FDS_MAX + 3];
	size_t n_link, n;
	int wait_ms;
	size_t in, out, sig;	/* their places in P, when > 0 */
};

static size_t add(struct round *w, int fd, short events)
{
	w->p[w->n] = (struct pollfd){ .fd = fd, .events = events };
	return w->n++;
}

static int wait_round(struct session *s, struct round *w, struct fail *f)
{
	bool full = s->out_done < s->out_len;

	*w = (struct round){ .wait_ms = -1 };
	w->n = w->n_link = s->link->watch(s, w->p, !full, &w->wait_ms);
	w->sig = add(w, s->sig_fd, POLLIN);
	if (full)
		w->out = add(w, s->out[s->out_stream].fd, POLLOUT);
	if (s->in_open && s->in_done == s->in_len && s->link->wants_input(s))
		w->in = add(w, STDIN_FILENO, POLLIN);
	if (poll(w->p, w->n, w->wait_ms) < 0 && errno != EINTR)
		return fail(f, errno, "wait for the container");
	return 0;
}

static int one_round(struct session *s, struct fail *f)
{
	struct round w;
	int r = wait_round(s, &w, f);

	if (r < 0)
		return r;
	if (w.p[w.sig].revents)
		take_signal(s);
	if (w.in && w.p[w.in].revents)
		read_input(s);
	r = send_pending(s);
	if (r == 0)
		r = s->link->ready(s, w.p, w.n_link, f);
	else if (r == -EPIPE || r == -ECONNRESET)
		/* What it said before it went is still there to be read. */
		r = s->link->ready(s, w.p, w.n_link, f);
	else
		r = fail(f, -r, "send to the container");
	if (r < 0)
		return r;
	/* What the link takes again, as it has just seen: the next poll would not be woken for it. */
	if (!s->ended) {
		r = send_pending(s);
		if (r < 0 && r != -EPIPE && r != -ECONNRESET)
			return fail(f, -r, "send to the container");
	}
	return flush_output(s, f);
}

/* The end is known; what was read before is still to be written, unless a signal ends us. */
static int write_rest(struct session *s, struct fail *f)
{
	struct pollfd p[2] = { { s->out[s->out_stream].fd, POLLOUT, 0 }, { s->sig_fd, POLLIN, 0 } };
	struct signalfd_siginfo si;

	if (poll(p, 2, -1) < 0)
		return errno == EINTR ? 0 : fail(f, errno, "wait for our output");
	if (p[1].revents && io_read(s->sig_fd, &si, sizeof(si)) == (ssize_t)sizeof(si) &&
	    is_fatal((int)si.ssi_signo))
		s->die_of = (int)si.ssi_signo;
	return p[0].revents ? flush_output(s, f) : 0;
}

int session_run(struct session *s, struct attach_result *ret, struct fail *f)
{
	int r = begin(s, f);

	while (r == 0 && !s->die_of && !s->ended && !s->result.detached)
		r = one_round(s, f);
	while (r == 0 && !s->die_of && s->out_done < s->out_len)
		r = write_rest(s, f);
	/* What was typed before the detach keys still belongs to the container, and so does SIGHUP. */
	if (r == 0 && (s->result.detached || s->die_of))
		(void)!send_pending(s);
	end(s);
	if (r == 0)
		*ret = s->result;
	return r;
}
