// SPDX-License-Identifier: Apache-2.0
#include "runtime/monitor/health.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "runtime/cgroup.h"
#include "runtime/monitor/internal.h"

const char *const health_action_names[] = {
	[HEALTH_ACT_NONE] = "none", [HEALTH_ACT_KILL] = "kill", [HEALTH_ACT_RESTART] = "restart",
	[HEALTH_ACT_STOP] = "stop", NULL,
};

/* Beyond its time-out a runner has this long to kill the command and to report. */
#define RUNNER_PATIENCE (5 * TIME_SECOND)
/* A check that could not even be begun (no processes left, say), or while the container is paused. */
#define TRY_AGAIN TIME_SECOND

/* --- the machine --- */

void health_start(struct health *h, const struct health_plan *p)
{
	*h = (struct health){ .status = p->process ? HEALTH_STARTING : HEALTH_NONE, .up = !p->startup };
}

static enum health_verdict feed_startup(struct health *h, const struct health_plan *p, bool passed)
{
	if (!passed) {
		h->up_passed = 0;
		h->up_failed++;
		return p->startup_retries && h->up_failed >= p->startup_retries ? HEALTH_GAVE_UP : HEALTH_GO_ON;
	}
	h->up_failed = 0;
	h->up = ++h->up_passed >= p->startup_successes;
	return h->up ? HEALTH_AT_ONCE : HEALTH_GO_ON;
}

enum health_verdict health_feed(struct health *h, const struct health_plan *p, bool passed, int64_t age)
{
	if (!h->up)
		return feed_startup(h, p, passed);
	if (passed) {
		h->status = HEALTH_HEALTHY;
		h->passed = true;
		h->streak = 0;
		return HEALTH_GO_ON;
	}
	if (!h->passed && age < p->start_period)
		return HEALTH_GO_ON;
	h->streak++;
	if (h->streak < p->retries || h->status == HEALTH_UNHEALTHY)
		return HEALTH_GO_ON;
	h->status = HEALTH_UNHEALTHY;
	return HEALTH_TURNED;
}

/* --- what is kept --- */

/* A check may write anything; JSON takes UTF-8. */
static json_t *output_json(const char *s, size_t n)
{
	auto_str struct str text = STR_INIT((size_t)HEALTH_OUTPUT_MAX * 3);

	while (n) {
		size_t len = *s ? str_utf8(s, n, NULL) : 0;

		if (len)
			str_addn(&text, s, len);
		else
			str_add_rune(&text, 0xfffd);
		s += len ? len : 1;
		n -= len ? len : 1;
	}
	return json_string(str_cstr(&text));
}

static void add_result(struct monitor *m, const struct check_result *r)
{
	char start[TIME_TEXT_MAX], end[TIME_TEXT_MAX];
	size_t max = m->o->health.log_count > 0 && m->o->health.log_count < HEALTH_LOG_MAX ?
		     (size_t)m->o->health.log_count : HEALTH_LOG_MAX;

	json_array_append_new(m->results, json_pack("{s:s, s:s, s:i, s:o}", "Start", time_format(r->start, start),
						    "End", time_format(r->end, end), "ExitCode", r->exit_code,
						    "Output", output_json(r->output, r->len)));
	while (json_array_size(m->results) > max)
		json_array_remove(m->results, 0);
}

/* health.json is what inspect shows; a full disk loses a result, not the container. */
static void save(struct monitor *m)
{
	auto_json json_t *j = json_pack("{s:s, s:i, s:O}", "Status", health_names[m->health.status],
					"FailingStreak", m->health.streak, "Log", m->results);
	auto_free char *text = jsonf_text(j, 0);

	(void)!file_replace(m->dir_fd, "health.json", text, strlen(text), 0600, 0);
}

static void save_status(struct monitor *m)
{
	struct fail ignored = { 0 };

	if (m->st.health == (int)m->health.status)
		return;
	m->st.health = (int)m->health.status;
	(void)!state_save(m->dir_fd, &m->st, &ignored);
}

/* --- checks --- */

static int64_t interval_of(const struct monitor *m)
{
	return m->health.up ? m->o->health.interval : m->o->health.startup_interval;
}

static bool is_checking(const struct monitor *m)
{
	return m->check_fd >= 0;
}

static void begin_check(struct monitor *m)
{
	const struct health_plan *p = &m->o->health;
	struct check c = {
		.cgroup_fd = m->cgroup_fd,
		.pid = m->ctr.pid, .pidfd = m->ctr.pidfd, .seccomp_fd = m->o->launch.seccomp_fd,
		.process = m->health.up ? p->process : p->startup,
		.timeout = m->health.up ? p->timeout : p->startup_timeout,
		.output_max = p->log_size, .core = m->core,
	};
	struct fail ignored = { 0 };
	int fd = check_start(&c, &m->check_pid, &ignored);

	if (fd < 0) {
		monitor_timer(m, TIMER_HEALTH, TRY_AGAIN);
		return;
	}
	m->check_fd = fd;
	monitor_timer(m, TIMER_HEALTH, c.timeout > 0 ? c.timeout + RUNNER_PATIENCE : 0);
}

/* 0 passed, 1 failed, 2 failed during the start-up. */
static void answer_clients(struct monitor *m, int32_t result)
{
	for (int i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = m->clients[i];

		if (!c || !c->checks)
			continue;
		client_send(c, ATTACH_CHECKED, 0, &result, sizeof(result));
		c->told = true;
	}
}

static void act(struct monitor *m)
{
	switch (m->o->health.action) {
	case HEALTH_ACT_NONE:
		break;
	case HEALTH_ACT_KILL:
		monitor_kill(m, "killed: " STATE_BY_HEALTH);
		break;
	case HEALTH_ACT_RESTART:
		m->again = true;
		monitor_stop(m, "restarted: " STATE_BY_HEALTH);
		break;
	case HEALTH_ACT_STOP:
		m->leaving = true;
		monitor_stop(m, "stopped: " STATE_BY_HEALTH);
		break;
	}
}

static void take_result(struct monitor *m, const struct check_result *r)
{
	bool was_up = m->health.up, passed = r->exit_code == 0;
	enum health_verdict verdict = health_feed(&m->health, &m->o->health, passed,
						  time_monotonic() - m->began);

	add_result(m, r);
	save(m);
	save_status(m);
	monitor_news(m, MONITOR_HEALTH);
	answer_clients(m, passed ? 0 : was_up ? 1 : 2);
	monitor_timer(m, TIMER_HEALTH, interval_of(m));
	switch (verdict) {
	case HEALTH_GO_ON:
		break;
	case HEALTH_AT_ONCE:
		if (m->o->health.interval)
			begin_check(m);
		break;
	case HEALTH_TURNED:
		act(m);
		break;
	case HEALTH_GAVE_UP:
		m->again = true;
		monitor_stop(m, STATE_BY_STARTUP);
		break;
	}
}

static void end_runner(struct monitor *m)
{
	check_stop(m->check_pid, m->check_fd);
	m->check_pid = 0;
	m->check_fd = -EBADF;
}

static void lose_runner(struct monitor *m, const char *why)
{
	auto_free struct check_result *r = mem_alloc(sizeof(*r));

	end_runner(m);
	r->start = r->end = time_now();
	r->exit_code = -1;
	r->len = (uint32_t)strlen(why);
	memcpy(r->output, why, r->len);
	take_result(m, r);
}

/* --- what the loop calls --- */

void monitor_health_prepare(struct monitor *m)
{
	health_start(&m->health, &m->o->health);
	m->st.health = (int)m->health.status;
	if (!m->o->health.process)
		return;
	json_decref(m->results);
	m->results = json_array();
	save(m);
}

void monitor_health_begin(struct monitor *m)
{
	if (m->o->health.process && interval_of(m))
		begin_check(m);
}

void monitor_health_end(struct monitor *m)
{
	if (is_checking(m))
		end_runner(m);
	/* They waited for a result that won't come: the end of the connection says so. */
	for (int i = 0; i < CLIENTS_MAX; i++)
		if (m->clients[i] && m->clients[i]->checks)
			m->clients[i]->gone = true;
}

void monitor_health_due(struct monitor *m)
{
	if (is_checking(m))
		lose_runner(m, "the health check did not end within its timeout\n");
	else if (m->st.cgroup && cgroup_is_frozen(m->st.cgroup))
		monitor_timer(m, TIMER_HEALTH, TRY_AGAIN);
	else
		begin_check(m);
}

void monitor_health_result(struct monitor *m)
{
	auto_free struct check_result *r = mem_alloc(sizeof(*r));
	int got = check_take(m->check_fd, r);

	if (got == 0)
		return;
	if (got < 0) {
		lose_runner(m, "the health check was killed\n");
		return;
	}
	end_runner(m);
	take_result(m, r);
}

void monitor_health_asked(struct monitor *m, struct client *c)
{
	struct fail f = { 0 };

	if (m->phase != PHASE_RUNNING)
		refuse(&f, ESRCH, "container %s is not running", m->id);
	else if (!m->o->health.process)
		refuse(&f, EINVAL, "container %s has no defined healthcheck", m->id);
	if (f.code) {
		client_send(c, ATTACH_FAILED, 0, &f, sizeof(f));
		c->told = true;
		return;
	}
	c->checks = true;
	if (!is_checking(m))
		begin_check(m);
	if (!is_checking(m)) {
		refuse(&f, EAGAIN, "the health check of container %s could not be begun", m->id);
		client_send(c, ATTACH_FAILED, 0, &f, sizeof(f));
		c->told = true;
	}
}
