// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/time.h"
#include "runtime/cgroup.h"
#include "runtime/monitor/internal.h"

enum event {
	EV_EXIT, EV_SIGNAL, EV_OUTPUT, EV_INPUT, EV_CLIENT_IN, EV_CLIENT_OUT, EV_LISTEN, EV_TIMER, EV_CHECK,
	EV_BOUND, EVENTS,
};

struct watch {
	enum event event;
	int index;	/* of the client or stream */
};

enum {
	WATCH_MAX = CLIENTS_MAX + 12,
	READS_A_ROUND = 8,
	PIPE_FULL = 64 * 1024, PIPE_LARGE = 1024 * 1024,
	STALL_LOOK_MS = 250,
	/* What an outsider that holds the container's pipe may still write while we drain it. */
	DRAIN_MAX = 4 * 1024 * 1024,
};
#define HANGUP_PAUSE (TIME_SECOND / 4)

/* --- timers --- */

void monitor_timer(struct monitor *m, enum timer timer, int64_t ns)
{
	m->timers[timer] = ns > 0 ? time_monotonic() + ns : 0;
}

/* --- output --- */

static bool any_slow(const struct monitor *m)
{
	for (int i = 0; i < CLIENTS_MAX; i++)
		if (m->clients[i] && client_is_slow(m->clients[i]))
			return true;
	return false;
}

/* Reads once from stream I and gives it to the log and every client. Returns what io_read does. */
static ssize_t pass_output(struct monitor *m, int i)
{
	ssize_t n = io_read(m->out_fd[i], m->msg->data, sizeof(m->msg->data));

	if (n <= 0)
		return n;
	/*
	 * A writer that fills its pipe gets a larger one, for fewer turns between it and us. Not from the
	 * start: what all pipes of a user may hold is limited (pipe(7): pipe-user-pages-soft), idle or not.
	 */
	if (n >= PIPE_FULL && !m->grown[i]) {
		m->grown[i] = true;
		(void)!fcntl(m->out_fd[i], F_SETPIPE_SZ, PIPE_LARGE);
	}
	log_write(&m->log, i + 1, m->msg->data, (size_t)n, time_now());
	for (int c = 0; c < CLIENTS_MAX; c++)
		if (m->clients[c])
			client_send(m->clients[c], ATTACH_OUTPUT, i + 1, m->msg->data, (size_t)n);
	return n;
}

static void on_output(struct monitor *m, int i)
{
	ssize_t n = -EAGAIN;

	/* Several pieces a round, so that a fast writer costs fewer polls; not so many that others wait. */
	for (int k = 0; k < READS_A_ROUND && !any_slow(m); k++) {
		n = pass_output(m, i);
		if (n <= 0)
			break;
	}
	if (n > 0 || n == -EAGAIN)
		return;
	if (m->tty) {
		/*
		 * Nobody in the container has its terminal open just now (EIO). Somebody may open it
		 * again, and poll would say "hung up" all the time until then.
		 */
		monitor_timer(m, TIMER_HANGUP, HANGUP_PAUSE);
		return;
	}
	m->out_fd[i] = fd_close(m->out_fd[i]);
}

/*
 * All that was written before the end is in the pipes now (a write returns once its bytes are there, and
 * a terminal's are flushed by the read). Somebody outside may hold the other end and write on, or
 * never close it: we read until it would block, and not for ever.
 */
static void drain(struct monitor *m)
{
	for (int i = 0; i < 2; i++) {
		for (ssize_t n, sum = 0; m->out_fd[i] >= 0 && sum < DRAIN_MAX; sum += n) {
			n = pass_output(m, i);
			if (n <= 0)
				break;
		}
	}
}

/* --- input --- */

static void acknowledge(struct stdin_piece *p)
{
	uint32_t n = (uint32_t)p->len;

	if (p->from)
		client_send(p->from, ATTACH_STDIN_ACK, 0, &n, sizeof(n));
}

void monitor_drop_input(struct monitor *m)
{
	while (m->in_first) {
		struct stdin_piece *p = m->in_first;

		m->in_first = p->next;
		acknowledge(p);
		free(p);
	}
	m->in_last = &m->in_first;
	m->in_queued = 0;
}

static void close_input(struct monitor *m)
{
	monitor_drop_input(m);
	if (m->tty)
		return;
	m->in_fd = fd_close(m->in_fd);
}

static void on_input(struct monitor *m, int unused)
{
	(void)unused;
	while (m->in_first) {
		struct stdin_piece *p = m->in_first;
		ssize_t n = io_write(m->in_fd, p->data + p->done, p->len - p->done);

		if (n == -EAGAIN)
			return;
		if (n < 0) {
			/* The container has closed its stdin: what comes is read and forgotten. */
			close_input(m);
			return;
		}
		p->done += (size_t)n;
		if (p->done < p->len)
			return;
		acknowledge(p);
		m->in_queued -= p->len;
		m->in_first = p->next;
		if (!m->in_first)
			m->in_last = &m->in_first;
		free(p);
	}
	if (m->in_end)
		close_input(m);
}

static void add_input(struct monitor *m, struct client *c, const struct proto_msg *msg)
{
	struct stdin_piece *p;

	if (!msg->head.len)
		return;
	p = mem_alloc(sizeof(*p) + msg->head.len);
	p->from = c;
	p->len = msg->head.len;
	memcpy(p->data, msg->data, p->len);
	if (m->in_fd < 0 || m->in_end) {
		acknowledge(p);
		free(p);
		return;
	}
	*m->in_last = p;
	m->in_last = &p->next;
	m->in_queued += p->len;
	on_input(m, 0);
}

static void end_input(struct monitor *m)
{
	/* A terminal's end of input is a character that the user types, not a closed pipe. */
	if (m->tty || m->in_fd < 0)
		return;
	m->in_end = true;
	on_input(m, 0);
}

/* --- clients --- */

static void add_client(struct monitor *m, int fd, bool foreground)
{
	struct client *c = client_new(fd, foreground);

	for (int i = 0; i < CLIENTS_MAX; i++) {
		if (!m->clients[i]) {
			m->clients[i] = c;
			return;
		}
	}
	client_free(c);
}

/* The folder is 0700 and the socket 0600; a process that got its hands on it all the same is no owner. */
static bool is_owner(int fd)
{
	struct ucred u;
	socklen_t len = sizeof(u);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &u, &len) == 0 && u.uid == geteuid();
}

static void on_listen(struct monitor *m, int unused)
{
	int fd = accept4(m->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)unused;
	if (fd >= 0 && is_owner(fd))
		add_client(m, fd, false);
	else
		fd_close(fd);
}

static void resize(struct monitor *m, const struct proto_msg *msg)
{
	struct proto_size s;
	struct winsize w = { 0 };

	if (!m->tty || msg->head.len != sizeof(s))
		return;
	memcpy(&s, msg->data, sizeof(s));
	w.ws_row = s.rows;
	w.ws_col = s.cols;
	(void)ioctl(m->ctr.console_fd, TIOCSWINSZ, &w);
}

static void send_signal(struct monitor *m, const struct proto_msg *msg)
{
	int32_t sig;

	if (proto_int(msg, &sig) == 0 && sig > 0 && sig < NSIG)
		(void)pidfd_send_signal(m->ctr.pidfd, sig, NULL, 0);
}

static void obey_stop(struct monitor *m, const struct proto_msg *msg)
{
	int32_t timeout;

	if (!monitor_must_end(m))
		return;
	if (proto_int(msg, &timeout) < 0)
		timeout = m->o->stop_timeout;
	if (m->phase == PHASE_BACKOFF)
		monitor_finish(m);
	else if (m->phase == PHASE_PREPARED)
		monitor_kill(m, NULL);
	else if (m->phase == PHASE_RUNNING)
		/* Meant was the pause before this run: who asked doesn't know of this process. */
		monitor_stop_in(m, timeout);
}

static bool is_first(const struct monitor *m, const struct client *c)
{
	for (int i = 0; i < CLIENTS_MAX; i++)
		if (m->clients[i] && !m->clients[i]->told && !m->clients[i]->checks)
			return m->clients[i] == c;
	return false;
}

/* Of a second client that wants it to run, too: it does. */
static void go(struct monitor *m, struct client *c, const struct proto_msg *msg)
{
	struct fail f = { 0 };
	int32_t attach = 0, pid;

	if (proto_int(msg, &attach) < 0) {
		c->gone = true;
		return;
	}
	if (m->phase == PHASE_PREPARED) {
		if (monitor_go(m, &f) < 0) {
			(void)!proto_send(c->fd, ATTACH_FAILED, 0, &f, sizeof(f), MSG_DONTWAIT);
			return;
		}
		c->foreground = attach != 0;
	}
	pid = m->ctr.pid;
	client_send(c, ATTACH_STARTED, 0, &pid, sizeof(pid));
}

static void obey(struct monitor *m, struct client *c, const struct proto_msg *msg)
{
	if (!c->ready && msg->head.type != ATTACH_HELLO) {
		c->gone = true;
		return;
	}
	switch (msg->head.type) {
	case ATTACH_HELLO:
		client_hello(c, msg);
		break;
	case ATTACH_STDIN:
		add_input(m, c, msg);
		break;
	case ATTACH_STDIN_END:
		if (is_first(m, c))
			end_input(m);
		break;
	case ATTACH_RESIZE:
		resize(m, msg);
		break;
	case ATTACH_SIGNAL:
		send_signal(m, msg);
		break;
	case ATTACH_STOP:
		obey_stop(m, msg);
		break;
	case ATTACH_LOOK:
		if (m->phase == PHASE_BACKOFF)
			monitor_look(m);
		break;
	case ATTACH_CHECK:
		monitor_health_asked(m, c);
		break;
	case ATTACH_GO:
		go(m, c, msg);
		break;
	default:
		break;	/* of a later version */
	}
}

static void on_client_in(struct monitor *m, int i)
{
	struct client *c = m->clients[i];
	int r = proto_recv(c->fd, m->msg, MSG_DONTWAIT);

	if (r == -EAGAIN)
		return;
	if (r <= 0)
		c->gone = true;
	else
		obey(m, c, m->msg);
}

/* After the end only the loss of a client is of interest. */
static void on_client_late(struct monitor *m, int i)
{
	struct client *c = m->clients[i];
	int r = proto_recv(c->fd, m->msg, MSG_DONTWAIT);

	if (r <= 0 && r != -EAGAIN)
		c->gone = true;
}

static void on_client_out(struct monitor *m, int i)
{
	client_flush(m->clients[i]);
}

static void forget_client(struct monitor *m, int i)
{
	struct client *c = m->clients[i];

	for (struct stdin_piece *p = m->in_first; p; p = p->next)
		if (p->from == c)
			p->from = NULL;
	m->clients[i] = NULL;
	/* Whoever started the container in the foreground was its input (podman closes it then, too). */
	if (c->foreground && !c->told && m->phase == PHASE_RUNNING)
		end_input(m);
	client_free(c);
}

static void sweep_clients(struct monitor *m)
{
	for (int i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = m->clients[i];

		if (c)
			client_check(c);
		if (c && (c->gone || (c->told && !c->first)))
			forget_client(m, i);
	}
}

/* --- the end --- */

static void on_end(struct monitor *m, int unused)
{
	siginfo_t si = { 0 };

	(void)unused;
	if (waitid(P_PIDFD, (id_t)m->ctr.pidfd, &si, WEXITED) < 0)
		m->exit_code = 255;
	else
		m->exit_code = si.si_code == CLD_EXITED ? si.si_status : 128 + si.si_status;
	m->st.signal = m->exit_code > 128 && si.si_code != CLD_EXITED ? si.si_status : 0;
	/* As podman: that the time was over is told from any other SIGKILL. */
	if (m->timed_out)
		m->exit_code = 255;
	m->ctr.pid = 0;	/* reaped: the number may be another's by now */
	m->st.oom_killed = m->cgroup_fd >= 0 && cgroup_had_oom(m->cgroup_fd);
	monitor_health_end(m);
	log_hurry(&m->log);
	drain(m);
	log_settle(&m->log);
	monitor_run_over(m);
}

static bool anything_queued(const struct monitor *m)
{
	for (int i = 0; i < CLIENTS_MAX; i++)
		if (m->clients[i] && m->clients[i]->first)
			return true;
	return false;
}

/* Clients that have all are let go before the mounts: their teardown may sync a file system. */
static void let_go(struct monitor *m)
{
	for (int i = 0; i < CLIENTS_MAX; i++) {
		const struct client *c = m->clients[i];

		if (c && !(m->phase == PHASE_TELLING && c->foreground && c->first && !c->gone)) {
			client_free(m->clients[i]);
			m->clients[i] = NULL;
		}
	}
}

static void step(struct monitor *m)
{
	if (m->phase == PHASE_TELLING && (!anything_queued(m) || !m->timers[TIMER_TELL])) {
		let_go(m);
		memset(m->timers, 0, sizeof(m->timers));
		monitor_release(m);
		m->phase = PHASE_LINGERING;
	}
	if (m->phase == PHASE_LINGERING && !anything_queued(m)) {
		let_go(m);
		m->phase = PHASE_OVER;
	}
}

/* --- the table --- */

/* A paused one would hear of it when somebody unpauses it. */
static void end_in_order(struct monitor *m)
{
	struct fail f = { 0 };

	(void)pidfd_send_signal(m->ctr.pidfd, SIGTERM, NULL, 0);
	if (m->cgroup_fd >= 0 && cgroup_is_frozen(m->st.cgroup) && cgroup_freeze(m->cgroup_fd, false, &f) < 0)
		fail_clear(&f);
}

static void on_signal(struct monitor *m, int unused)
{
	struct signalfd_siginfo si;

	(void)unused;
	if (io_read(m->sig_fd, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return;
	if (si.ssi_signo != SIGTERM)
		return;
	/* The system goes down, or somebody ends what runs here: the container is to end in order. */
	m->leaving = true;
	if (m->phase == PHASE_BACKOFF)
		monitor_finish(m);
	else if (m->phase == PHASE_PREPARED)
		monitor_kill(m, NULL);
	else
		end_in_order(m);
}

/* What the container is bound to has ended: nothing of it may stay. */
static void on_bound(struct monitor *m, int unused)
{
	(void)unused;
	m->leaving = m->unbound = true;
	m->cause = STATE_BY_BINDING;
	if (m->phase == PHASE_BACKOFF)
		monitor_finish(m);
	else
		monitor_kill(m, NULL);
}

static void on_check(struct monitor *m, int unused)
{
	(void)unused;
	monitor_health_result(m);
}

static void life_is_over(struct monitor *m)
{
	m->timed_out = true;
	monitor_kill(m, STATE_BY_TIMEOUT);
}

static void patience_is_over(struct monitor *m)
{
	monitor_kill(m, NULL);
}

/* TIMER_HANGUP and TIMER_TELL are only looked at. */
static void (*const timer_table[TIMERS])(struct monitor *) = {
	[TIMER_RESTART] = monitor_run_again,
	[TIMER_LIFE] = life_is_over,
	[TIMER_KILL] = patience_is_over,
	[TIMER_HEALTH] = monitor_health_due,
};

static void on_timer(struct monitor *m, int timer)
{
	m->timers[timer] = 0;
	if (timer_table[timer])
		timer_table[timer](m);
}

/* An event without a row in the phase isn't even waited for. */
static void (*const table[PHASES][EVENTS])(struct monitor *, int) = {
	[PHASE_RUNNING] = {
		[EV_EXIT] = on_end, [EV_SIGNAL] = on_signal, [EV_OUTPUT] = on_output,
		[EV_INPUT] = on_input, [EV_CLIENT_IN] = on_client_in, [EV_CLIENT_OUT] = on_client_out,
		[EV_LISTEN] = on_listen, [EV_TIMER] = on_timer, [EV_CHECK] = on_check, [EV_BOUND] = on_bound,
	},
	[PHASE_PREPARED] = {
		[EV_EXIT] = on_end, [EV_SIGNAL] = on_signal, [EV_CLIENT_IN] = on_client_in,
		[EV_CLIENT_OUT] = on_client_out, [EV_LISTEN] = on_listen, [EV_BOUND] = on_bound,
	},
	[PHASE_BACKOFF] = {
		[EV_SIGNAL] = on_signal, [EV_CLIENT_IN] = on_client_in, [EV_CLIENT_OUT] = on_client_out,
		[EV_LISTEN] = on_listen, [EV_TIMER] = on_timer, [EV_BOUND] = on_bound,
	},
	[PHASE_TELLING] = {
		[EV_CLIENT_IN] = on_client_late, [EV_CLIENT_OUT] = on_client_out,
		[EV_TIMER] = on_timer,
	},
	[PHASE_LINGERING] = {
		[EV_CLIENT_IN] = on_client_late, [EV_CLIENT_OUT] = on_client_out,
	},
};

struct watches {
	struct pollfd p[WATCH_MAX];
	struct watch w[WATCH_MAX];
	size_t n;
};

static void watch(const struct monitor *m, struct watches *ws, enum event event, int index, int fd,
		  short events)
{
	if (fd < 0 || !table[m->phase][event])
		return;
	ws->p[ws->n] = (struct pollfd){ .fd = fd, .events = events };
	ws->w[ws->n++] = (struct watch){ event, index };
}

static void watch_all(const struct monitor *m, struct watches *ws)
{
	bool paused = any_slow(m) || m->timers[TIMER_HANGUP];

	ws->n = 0;
	watch(m, ws, EV_SIGNAL, 0, m->sig_fd, POLLIN);
	for (int i = 0; i < 2 && !paused; i++)
		watch(m, ws, EV_OUTPUT, i, m->out_fd[i], POLLIN);
	if (m->in_first)
		watch(m, ws, EV_INPUT, 0, m->in_fd, POLLOUT);
	for (int i = 0; i < CLIENTS_MAX; i++) {
		const struct client *c = m->clients[i];

		if (c)
			watch(m, ws, EV_CLIENT_IN, i, c->fd,
			      (short)((m->in_queued < STDIN_QUEUE_MAX ? POLLIN : 0) |
				      (c->first ? POLLOUT : 0)));
	}
	watch(m, ws, EV_LISTEN, 0, m->listen_fd, POLLIN);
	watch(m, ws, EV_EXIT, 0, m->ctr.pidfd, POLLIN);
	watch(m, ws, EV_CHECK, 0, m->check_fd, POLLIN);
	/* Once is enough: it stays readable. */
	if (!m->unbound && m->o->bind_fd > 2)
		watch(m, ws, EV_BOUND, 0, m->o->bind_fd, POLLIN);
}

static void dispatch(struct monitor *m, const struct watch *w, short revents)
{
	enum phase phase = m->phase;

	if (w->event == EV_CLIENT_IN && (revents & POLLOUT))
		table[phase][EV_CLIENT_OUT](m, w->index);
	if (w->event == EV_CLIENT_IN && !(revents & ~POLLOUT))
		return;
	table[phase][w->event](m, w->index);
}

static int wait_ms(const struct monitor *m)
{
	int64_t first = INT64_MAX, left;

	for (int t = 0; t < TIMERS; t++)
		if (m->timers[t] && m->timers[t] < first)
			first = m->timers[t];
	/* A client that has stalled makes no event. */
	if (m->phase == PHASE_RUNNING && any_slow(m)) {
		int64_t look = time_monotonic() + STALL_LOOK_MS * (TIME_SECOND / 1000);

		first = look < first ? look : first;
	}
	if (first == INT64_MAX)
		return -1;
	left = first - time_monotonic();
	if (left <= 0)
		return 0;
	left = left / 1000000 + 1;
	return left > INT_MAX ? INT_MAX : (int)left;
}

static void run_timers(struct monitor *m)
{
	int64_t now = time_monotonic();
	enum phase phase = m->phase;

	for (int t = 0; t < TIMERS && m->phase == phase; t++)
		if (m->timers[t] && m->timers[t] <= now && table[phase][EV_TIMER])
			table[phase][EV_TIMER](m, t);
}

void monitor_loop(struct monitor *m)
{
	struct watches ws;

	if (m->starter_fd >= 0)
		add_client(m, fd_take(&m->starter_fd), true);
	if (m->phase == PHASE_RUNNING)
		monitor_run_begin(m);
	while (m->phase != PHASE_OVER) {
		enum phase phase = m->phase;
		int n;

		watch_all(m, &ws);
		n = poll(ws.p, ws.n, wait_ms(m));
		/* A change of phase ends the round: what was waited for may not be there any more. */
		for (size_t i = 0; n > 0 && i < ws.n && m->phase == phase; i++)
			if (ws.p[i].revents)
				dispatch(m, &ws.w[i], ws.p[i].revents);
		if (m->phase == phase)
			run_timers(m);
		sweep_clients(m);
		step(m);
	}
	monitor_drop_input(m);
}
