// SPDX-License-Identifier: Apache-2.0
/*
 * The end of a run, and what follows it: the next one after a pause, or the end of all. The loop says
 * when (loop.c), restart.h whether.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/time.h"
#include "runtime/monitor/internal.h"

/* How long clients have to take what is left. */
#define TELL_TIME (TIME_SECOND)

bool monitor_must_end(const struct monitor *m)
{
	return m->leaving || faccessat(m->dir_fd, "stop", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

void monitor_news(struct monitor *m, enum monitor_event event)
{
	struct monitor_news n = {
		.event = event, .exit_code = m->exit_code, .oom_killed = m->st.oom_killed,
		.health = m->health.status, .streak = m->health.streak,
	};

	if (m->o->news)
		m->o->news(m->o->ctx, &n);
}

void monitor_kill(struct monitor *m, const char *cause)
{
	if (cause)
		m->cause = cause;
	(void)pidfd_send_signal(m->ctr.pidfd, SIGKILL, NULL, 0);
}

/* The end comes in TIMEOUT seconds: not later than anybody has said before, but as late as the first one says. */
static void kill_in(struct monitor *m, int timeout)
{
	int64_t due = timeout < 0 ? 0 : time_monotonic() + timeout * TIME_SECOND;
	int64_t *timer = &m->timers[TIMER_KILL];

	if (m->stop_unsaid || !*timer || (due && due < *timer))
		*timer = due;
	m->stop_unsaid = false;
}

void monitor_stop_in(struct monitor *m, int timeout)
{
	if (!timeout) {
		monitor_kill(m, NULL);
		return;
	}
	if (!m->stopping)
		(void)pidfd_send_signal(m->ctr.pidfd, m->o->stop_signal, NULL, 0);
	m->stopping = true;
	kill_in(m, timeout);
}

void monitor_stop(struct monitor *m, const char *cause)
{
	if (cause)
		m->cause = cause;
	if (!m->stopping || !m->o->stop_timeout)
		monitor_stop_in(m, m->o->stop_timeout);
}

static void record(struct monitor *m, enum status status)
{
	struct fail f = { 0 };

	m->st.status = (int)status;
	m->st.pid = 0;
	m->st.pid_start = 0;
	m->st.exit_code = m->exit_code;
	m->st.stopped_by_user = faccessat(m->dir_fd, "stop", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	if (m->cause)
		mem_replace(&m->st.error, mem_strdup(m->cause));
	else if (m->log.error)
		mem_replace(&m->st.error, mem_printf("the log lost lines: %s", strerror(m->log.error)));
	/* On a full disk the file "exit" was there before, and state_load heals from it. */
	if (state_save(m->dir_fd, &m->st, &f) < 0)
		fail_clear(&f);
}

/* Clients that are attached get what is left of this run and its exit status, and go. */
static void tell_clients(struct monitor *m)
{
	int32_t code = m->exit_code;

	for (int i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = m->clients[i];

		if (!c || !c->ready)
			continue;
		client_send(c, ATTACH_EXITED, 0, &code, sizeof(code));
		c->told = true;
	}
}

/* The last run is over. */
void monitor_finish(struct monitor *m)
{
	bool ran = m->phase == PHASE_RUNNING;

	monitor_save_exit(m);
	m->st.monitor_pid = 0;
	/* With --rm it is about to go: until then the file "exit" tells all that is asked (state_load). */
	if (!m->o->ended)
		record(m, STATUS_STOPPED);
	memset(m->timers, 0, sizeof(m->timers));
	/* The end before a pause was told then. */
	if (ran)
		monitor_news(m, MONITOR_DIED);
	if ((ran || m->phase == PHASE_BACKOFF) && !m->o->ended)
		monitor_news(m, MONITOR_CLEANED);
	if (m->o->ended && !m->o->ended(m->o->ctx, m->exit_code))
		record(m, STATUS_STOPPED);
	/* Before anybody hears of the end: a folder there without a container is a trace of a killed monitor. */
	else if (m->o->ended) {
		monitor_end_cgroup(m);
		monitor_unlisten(m);
	}
	m->listen_fd = fd_close(m->listen_fd);
	tell_clients(m);
	m->phase = PHASE_TELLING;
	monitor_timer(m, TIMER_TELL, TELL_TIME);
}

/* A run is over, and another will follow. */
static void pause_before_next(struct monitor *m)
{
	bool ran = m->phase == PHASE_RUNNING;

	m->pause = restart_pause(m->pause, time_monotonic() - m->began);
	m->st.last_code = m->exit_code;
	record(m, STATUS_RESTARTING);
	memset(m->timers, 0, sizeof(m->timers));
	if (ran)
		monitor_news(m, MONITOR_DIED);
	monitor_drop_input(m);
	tell_clients(m);
	monitor_end_run(m);
	m->phase = PHASE_BACKOFF;
	monitor_timer(m, TIMER_RESTART, m->pause);
	/* Asked after it was said that there will be one: whoever stops it marks first and reads then. */
	if (monitor_must_end(m))
		monitor_finish(m);
}

/* After a run that ended with m->exit_code. */
static bool wants_another(struct monitor *m)
{
	const struct restart_case rc = { .exit_code = m->exit_code, .restarts = m->st.restarts,
					 .stopped = monitor_must_end(m), .wanted = m->again };

	/* Its user may have changed it (`update --restart`). */
	if (m->o->policy && !rc.stopped)
		m->o->policy(m->o->ctx, &m->policy);
	return restart_wanted(&m->policy, &rc);
}

void monitor_look(struct monitor *m)
{
	if (!wants_another(m))
		monitor_finish(m);
}

void monitor_run_over(struct monitor *m)
{
	m->st.finished_at = time_now();
	/* One whose command never ran isn't restarted: there is no run to be followed. */
	if (m->phase != PHASE_PREPARED && wants_another(m))
		pause_before_next(m);
	else
		monitor_finish(m);
}

/* --- the next run --- */

void monitor_run_begin(struct monitor *m)
{
	monitor_timer(m, TIMER_LIFE, m->o->timeout);
	monitor_health_begin(m);
}

void monitor_run_again(struct monitor *m)
{
	struct fail f = { 0 };

	m->timers[TIMER_RESTART] = 0;
	monitor_look(m);
	if (m->phase != PHASE_BACKOFF)
		return;
	/* What the last run left (a fuse server ends after its mount, a guard) must not pile up. */
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	m->st.restarts++;
	monitor_news(m, MONITOR_RESTARTED);
	if (monitor_launch(m, false, &f) < 0) {
		m->exit_code = fail_status(&f);
		mem_replace(&m->st.error, mem_strdup(f.msg));
		monitor_run_over(m);
		return;
	}
	m->phase = PHASE_RUNNING;
	monitor_run_begin(m);
	monitor_news(m, MONITOR_PREPARED);
	monitor_news(m, MONITOR_STARTED);
	/*
	 * Marked after we looked, before the new process was there to be read of. Whoever did it will say how
	 * long the container has; should he have died, it has its own time.
	 */
	if (monitor_must_end(m)) {
		monitor_stop(m, NULL);
		m->stop_unsaid = true;
	}
}
