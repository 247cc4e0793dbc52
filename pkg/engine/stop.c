// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pkg/engine/mark.h"
#include "pkg/engine/event.h"
#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/sig.h"
#include "pkg/util/time.h"
#include "runtime/monitor/ask.h"
#include "runtime/ns.h"

/* Whose mark it is: what is killed may as well go on, and isn't called stopping. */
enum asked { BY_KILL, BY_STOP };

/* True once the process of PIDFD has ended. */
static bool await_end(int pidfd, int64_t ns)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int64_t until = time_monotonic() + ns;

	for (;;) {
		int64_t left = until - time_monotonic();
		int64_t ms = ns < 0 ? -1 : left <= 0 ? 0 : (left + 999999) / 1000000;
		int r = poll(&p, 1, ms > INT_MAX ? INT_MAX : (int)ms);

		if (r > 0)
			return true;
		if (r == 0 && ns >= 0 && time_monotonic() >= until)
			return false;
		if (r < 0 && errno != EINTR)
			return false;
	}
}

int stop_await(struct container *c, int64_t ms, struct fail *f)
{
	int64_t until = time_monotonic() + ms * 1000000;
	struct timespec nap = { .tv_nsec = 1000000 };

	/* The lock is let go by the monitor's last breath: nothing else tells the end so surely. */
	while (ctr_is_running(c->dir_fd)) {
		if (ms >= 0 && time_monotonic() > until)
			return refuse(f, ETIMEDOUT, "the monitor of container %.12s did not end", c->id);
		nanosleep(&nap, NULL);
		if (nap.tv_nsec < 20000000)
			nap.tv_nsec *= 2;
	}
	return 0;
}

static int reload(struct container *c, struct fail *f)
{
	state_done(&c->state);
	c->state = (struct state){ 0 };
	return state_load(c->dir_fd, &c->state, f);
}

/* For State.StoppedByUser, and so that no policy restarts it; a full disk is no reason not to stop. */
static void mark_stop(const struct container *c, enum asked asked)
{
	auto_fd int fd = fd_open(c->dir_fd, "stop", O_WRONLY | O_CREAT | O_NOFOLLOW, 0600);

	if (fd >= 0 && asked == BY_STOP)
		(void)!io_write(fd, "stop\n", 5);
}

void stop_mark(const struct container *c)
{
	mark_stop(c, BY_STOP);
}

bool stop_is_under_way(const struct container *c)
{
	struct stat st;

	return c->state.status == STATUS_RUNNING && fstatat(c->dir_fd, "stop", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_size > 0;
}

/* Marks first and reads then: the monitor does it the other way round before and after each launch. */
static int mark_and_look(struct container *c, enum asked asked, struct fail *f)
{
	mark_stop(c, asked);
	return reload(c, f);
}

/* A signal that is to end it, not one to be talked to with (podman takes every one for the end). */
static bool is_deadly(const struct container *c, int sig)
{
	return sig == SIGKILL || sig == SIGTERM || sig == SIGINT || sig == SIGQUIT || sig == SIGABRT ||
	       sig == c->config.stop_signal;
}

static int send_signal(struct container *c, int sig, struct fail *f)
{
	auto_fd int pidfd = state_pidfd(&c->state, f);
	int r;

	if (pidfd < 0)
		return pidfd;
	r = ns_pidfd_kill(pidfd, sig);
	return r < 0 ? fail(f, -r, "send signal %d to container %.12s", sig, c->id) : 0;
}

/*
 * C is marked and was between two runs when it was looked at: there is no further one. Launched a moment before,
 * that run is stopped by its monitor, with TIMEOUT seconds before SIGKILL; a monitor of the version before knows of
 * no other time than the container's own, so we send that one, too.
 */
static int end_pause(struct container *c, int timeout, struct fail *f)
{
	int r;

	ask_stop(c->state.run_dir, c->id, timeout);
	r = stop_await(c, timeout < 0 ? -1 : (timeout + INT64_C(2)) * 1000, f);
	if (r == -ETIMEDOUT) {
		fail_clear(f);
		r = reload(c, f);
		if (r == 0 && c->state.status == STATUS_RUNNING)
			r = send_signal(c, SIGKILL, f);
		if (r == -ESRCH)
			fail_clear(f);
		if (r == 0 || r == -ESRCH)
			r = stop_await(c, 10000, f);
	}
	return r < 0 ? r : reload(c, f);
}

int engine_kill(struct engine *e, struct container *c, int sig, struct fail *f)
{
	bool deadly = is_deadly(c, sig);
	int r = 0;

	if (!container_is_running(c) || (c->state.status == STATUS_RESTARTING && !deadly))
		return refuse(f, ESRCH, "can only kill running containers. %s is in state %s: container state "
			      "improper", c->id, status_word((enum status)c->state.status));
	mark_kill(c->dir_fd, sig);
	if (deadly)
		r = mark_and_look(c, BY_KILL, f);
	if (r == 0)
		r = c->state.status != STATUS_RESTARTING ? send_signal(c, sig, f) :
		    end_pause(c, sig == SIGKILL ? 0 : c->config.life.stop_timeout, f);
	if (r < 0)
		return r;
	event_container(&e->store, &c->config, "kill");
	return 0;
}

int stop_refuse_paused(const struct container *c, struct fail *f)
{
	if (c->state.status != STATUS_PAUSED)
		return 0;
	(void)refuse(f, EINVAL, "can only stop created or running containers. %s is in state paused: container state "
		     "improper", c->id);
	fail_hint(f, "rbox unpause %s", c->config.name);
	return -EINVAL;
}

/* Frozen, it would hear of no signal but SIGKILL. */
static int time_of(const struct container *c, int timeout)
{
	if (c->state.status == STATUS_PAUSED)
		return 0;
	return timeout == LIFE_TIMEOUT_UNSET ? c->config.life.stop_timeout : timeout;
}

static int ask(struct container *c, int pidfd, int timeout, struct fail *f)
{
	int sig = timeout == 0 ? SIGKILL : c->config.stop_signal;
	char name[SIG_NAME_MAX];
	int r;

	mark_stop(c, BY_STOP);
	c->stop_asked = time_monotonic();
	r = ns_pidfd_kill(pidfd, sig);
	if (r < 0 && r != -ESRCH)
		return fail(f, -r, "send %s to container %.12s", sig_name(sig, name), c->id);
	return 0;
}

int stop_begin(struct container *c, int timeout, struct fail *f)
{
	auto_fd int pidfd = -EBADF;

	timeout = time_of(c, timeout);
	if (!container_is_running(c))
		return 0;
	if (c->state.status == STATUS_RESTARTING) {
		mark_stop(c, BY_STOP);
		ask_stop(c->state.run_dir, c->id, timeout);
		return 0;
	}
	pidfd = state_pidfd(&c->state, f);
	return pidfd < 0 ? pidfd : ask(c, pidfd, timeout, f);
}

/* The process of PIDFD ends by what was asked, or else by SIGKILL. */
static int see_it_end(struct engine *e, struct container *c, int pidfd, int timeout, struct fail *f)
{
	int64_t left = c->stop_asked + timeout * TIME_SECOND - time_monotonic();
	char name[SIG_NAME_MAX];
	int r;

	if (timeout != 0 && await_end(pidfd, timeout < 0 ? -1 : left < 0 ? 0 : left))
		return 0;
	if (timeout > 0)
		e->warn("StopSignal %s failed to stop container %s in %d seconds, resorting to SIGKILL",
			sig_name(c->config.stop_signal, name), c->config.name, timeout);
	r = ns_pidfd_kill(pidfd, SIGKILL);
	if (r < 0 && r != -ESRCH)
		return fail(f, -r, "kill container %.12s", c->id);
	return await_end(pidfd, 10 * TIME_SECOND) ? 0 :
	       refuse(f, ETIMEDOUT, "container %.12s did not die of SIGKILL", c->id);
}

/* Of one that runs, or did when it was looked at. */
static int stop_run(struct engine *e, struct container *c, int timeout, struct fail *f)
{
	auto_fd int pidfd = state_pidfd(&c->state, f);
	int r = 0;

	if (pidfd < 0 && pidfd != -ESRCH)
		return pidfd;
	if (pidfd == -ESRCH)
		fail_clear(f);
	else if (!c->stop_asked)
		r = ask(c, pidfd, timeout, f);
	if (r == 0 && pidfd >= 0)
		r = see_it_end(e, c, pidfd, timeout, f);
	return r < 0 ? r : stop_await(c, 10000, f);
}

int engine_stop(struct engine *e, struct container *c, int timeout, struct fail *f)
{
	int r;

	timeout = time_of(c, timeout);
	if (!container_is_running(c) && !container_is_prepared(c))
		return 0;
	r = mark_and_look(c, BY_STOP, f);
	if (r < 0 || (!container_is_running(c) && !container_is_prepared(c)))
		return r;
	/* Its command isn't there yet to take a signal. */
	if (container_is_prepared(c))
		timeout = 0;
	if (c->state.status == STATUS_RESTARTING)
		r = end_pause(c, timeout, f);
	else
		r = stop_run(e, c, timeout, f);
	if (r == 0)
		event_container(&e->store, &c->config, "stop");
	c->stop_asked = 0;
	return r < 0 ? r : reload(c, f);
}
