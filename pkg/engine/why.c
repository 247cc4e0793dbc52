// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/why.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/engine/container.h"
#include "pkg/engine/health.h"
#include "pkg/engine/logs.h"
#include "pkg/engine/mark.h"
#include "pkg/engine/why_file.h"
#include "pkg/engine/why_log.h"
#include "pkg/util/mem.h"
#include "pkg/util/sig.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "runtime/monitor/restart.h"

enum { TEXT_MAX = 1024, LOG_LINES = 10, LOG_LINE_MAX = 200, LOG_PIECES_MAX = 16 * 1024 };

struct why {
	struct engine *e;
	struct container *c;
	const char *cause;
	char *verdict;
	json_t *because, *fix;
};

/* A container's log and names need not be UTF-8. */
static json_t *clean(const char *text)
{
	auto_str struct str s = STR_INIT(8 * TEXT_MAX);
	json_t *j = json_string(text);

	if (j)
		return j;
	str_add_escaped(&s, text);
	j = json_string(str_cstr(&s));
	return j ? j : json_string("?");
}

static json_t *text_of(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));
static json_t *text_of(const char *fmt, va_list ap)
{
	char text[TEXT_MAX];

	vsnprintf(text, sizeof(text), fmt, ap);
	return clean(text);
}

static void because(struct why *w, const char *source, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void because(struct why *w, const char *source, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	json_array_append_new(w->because, json_pack("{s:o, s:o}", "Source", clean(source), "Text", text_of(fmt, ap)));
	va_end(ap);
}

static void fix(struct why *w, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void fix(struct why *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	json_array_append_new(w->fix, text_of(fmt, ap));
	va_end(ap);
}

static void verdict(struct why *w, const char *cause, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void verdict(struct why *w, const char *cause, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	w->cause = cause;
	mem_replace(&w->verdict, mem_strdup(text));
}

static const char *ago(int64_t t, char buf[TIME_HUMAN_MAX])
{
	return time_human(time_now() - t, buf);
}

/* --- it runs, or never did --- */

static void look_at_health(struct why *w)
{
	auto_json json_t *health = health_state_json(w->c);
	json_t *log = json_object_get(health, "Log"), *last = json_array_get(log, json_array_size(log) - 1);
	const char *said = json_string_value(json_object_get(last, "Output"));
	json_int_t code = json_integer_value(json_object_get(last, "ExitCode"));

	mem_replace(&w->verdict, mem_printf("%s, and unhealthy", w->verdict));
	if (last)
		because(w, "health.json", "its last check ended with %d%s%.*s%s", (int)code, said && *said ? ": `" : "",
			(int)strcspn(said ? said : "", "\n"), said ? said : "", said && *said ? "`" : ", and said nothing");
	fix(w, "rbox inspect --format '{{json .State.Health}}' %s has the checks before; rbox healthcheck run %s",
	    w->c->config.name, w->c->config.name);
}

static void judge_alive(struct why *w)
{
	const struct state *s = &w->c->state;
	bool paused = s->status == STATUS_PAUSED;
	char when[TIME_TEXT_MAX], span[TIME_HUMAN_MAX];

	verdict(w, paused ? "paused" : "running", "it has not ended: it is %s, since %s (%s)",
		status_word((enum status)s->status), time_format(s->started_at, when), ago(s->started_at, span));
	because(w, "lock.run", "held by its monitor, process %d", s->monitor_pid);
	because(w, "state.json", "status %s, process %d", status_names[s->status], s->pid);
	if (s->health == HEALTH_UNHEALTHY)
		look_at_health(w);
	if (paused)
		fix(w, "rbox unpause %s", w->c->config.name);
}

static void judge_created(struct why *w)
{
	char when[TIME_TEXT_MAX];

	verdict(w, "never-started", "it was created and never started");
	because(w, "config.json", "created at %s", time_format(w->c->config.created, when));
	because(w, "state.json", "%s", w->c->state.boot_id ? "no start is recorded" : "missing: nothing was ever started");
	fix(w, "rbox start %s", w->c->config.name);
}

/* `init` was its last, or it was ended after that. */
static void judge_prepared(struct why *w)
{
	bool waits = container_is_prepared(w->c);

	verdict(w, "never-started", waits ? "it is prepared, and its command waits for the start" :
		"it was prepared, and ended before its command was started");
	because(w, "state.json", "status %s, no start is recorded",
		status_word((enum status)w->c->state.status));
	fix(w, "rbox start %s", w->c->config.name);
}

static void say_of_file(void *ctx, const char *source, const char *text)
{
	because(ctx, source, "%s", text);
}

static void mend_file(void *ctx, const char *text)
{
	fix(ctx, "%s", text);
}

static void look_at_command(struct why *w)
{
	const struct why_file_sink to = { .say = say_of_file, .mend = mend_file, .ctx = w };
	auto_rootview struct rootview root = { 0 };
	struct fail f = { 0 };

	if (rootview_open(w->e, w->c, &root, &f) == 0)
		why_file(&root, &w->c->config, &to);
	else
		because(w, "layers", "%s", f.msg);
}

static void judge_start(struct why *w)
{
	const struct state *s = &w->c->state;
	const struct why_sign *sign = why_sign_find(s->error, strlen(s->error));

	verdict(w, "start-failed", "it could not be started: %s", s->error);
	because(w, "state.json", "error: %s", s->error);
	if (s->exit_code == FAIL_EXIT_NOTFOUND || s->exit_code == FAIL_EXIT_NOEXEC) {
		because(w, "state.json", "exit_code %d: its command %s", s->exit_code,
			s->exit_code == FAIL_EXIT_NOTFOUND ? "was not found" : "was found, but can't be executed");
		look_at_command(w);
	} else {
		because(w, "state.json", "exit_code %d: rbox failed, its command was never run", s->exit_code);
		if (sign && sign->fix)
			fix(w, "%s", sign->fix);
	}
}

/* --- nobody saw its end --- */

static void judge_reboot(struct why *w)
{
	auto_free char *boot = NULL;
	struct fail f = { 0 };

	verdict(w, "reboot", "it ran when the host went down or was rebooted");
	because(w, "state.json", "boot_id %s: it was started in an earlier boot", w->c->state.boot_id);
	if (state_boot_id(&boot, &f) == 0)
		because(w, "/proc/sys/kernel/random/boot_id", "%s: this boot", boot);
	fix(w, "rbox start %s; with a restart policy (--restart) it comes back by itself", w->c->config.name);
}

static void judge_lost(struct why *w)
{
	struct state raw = { 0 };
	struct fail f = { 0 };

	verdict(w, "monitor-lost",
		"its monitor was killed, which ended the container; its own exit code is not known (137 stands for it)");
	if (state_load_raw(w->c->dir_fd, &raw, &f) == 0)
		because(w, "state.json", "status %s under monitor %d: the last that the monitor wrote",
			status_names[raw.status], raw.monitor_pid);
	state_done(&raw);
	because(w, "lock.run", "nobody holds it: the monitor is gone");
	because(w, "exit", "missing: no end was recorded");
	fix(w, "find who sends SIGKILL to the user's processes: a logout (loginctl enable-linger), a CI runner, "
	       "or the kernel out of memory (dmesg)");
}

/* --- its end was seen --- */

struct last_lines {
	struct str open[3];	/* by stream: the pieces of a line that isn't whole yet */
	char *sign_line, *last;
	const struct why_sign *sign;
};

static int take_line(void *ctx, const struct logs_line *line, struct fail *f)
{
	struct last_lines *l = ctx;
	struct str *s = &l->open[line->stream == 2 ? 2 : 1];
	const struct why_sign *sign;

	(void)f;
	str_addn(s, line->text, line->len);
	if (line->partial && !str_failed(s))
		return 0;
	sign = why_sign_find(str_cstr(s), s->len);
	if (s->len)
		mem_replace(&l->last, mem_strndup(str_cstr(s), LOG_LINE_MAX));
	if (sign) {
		l->sign = sign;
		mem_replace(&l->sign_line, mem_strndup(str_cstr(s), LOG_LINE_MAX));
	}
	str_clear(s);
	return 0;
}

/* The last lines may tell more than an exit code. */
static void look_at_log(struct why *w)
{
	struct logs_opts o = { .tail = LOG_LINES };
	struct last_lines l = { .open = { [1] = STR_INIT(LOG_PIECES_MAX), [2] = STR_INIT(LOG_PIECES_MAX) } };
	struct logs *logs = NULL;
	struct fail f = { 0 };

	if (logs_open(w->e, w->c->id, &o, &logs, &f) < 0 || logs_read(logs, take_line, &l, &f) < 0) {
		because(w, "log", "%s", f.msg);
	} else if (l.sign) {
		because(w, "log", "`%s`: %s", l.sign_line, l.sign->means);
		if (l.sign->fix)
			fix(w, "%s", l.sign->fix);
	} else if (l.last) {
		because(w, "log", "its last line is `%s`", l.last);
	} else {
		because(w, "log", "it wrote nothing");
	}
	logs_free(logs);
	str_done(&l.open[1]);
	str_done(&l.open[2]);
	free(l.sign_line);
	free(l.last);
}

static const char *code_meaning(int code)
{
	switch (code) {
	case 125: return "what container engines and timeout(1) use for a failure of their own";
	case 126: return "what a shell returns for a command that can't be executed";
	case 127: return "what a shell returns for a command that it can't find";
	case 130: return "what a shell returns when its command was ended by SIGINT (Ctrl-C)";
	case 134: return "what a shell returns when its command was ended by SIGABRT (abort)";
	case 137: return "what a shell returns when its command was killed by SIGKILL";
	case 139: return "what a shell returns when its command was ended by SIGSEGV";
	case 143: return "what a shell returns when its command was ended by SIGTERM";
	case 255: return "what many programs (ssh, a negative code) end with on failure";
	default: return code > 128 && code < 128 + 65 ? "128 and a signal's number, as a shell returns it" :
							"the command's own; see its manual";
	}
}

static void say_stopped(struct why *w)
{
	char name[SIG_NAME_MAX];

	because(w, "stop", "the mark of `rbox stop`; its stop signal is %s", sig_name(w->c->config.stop_signal, name));
}

static void judge_exit(struct why *w)
{
	const struct state *s = &w->c->state;

	if (s->stopped_by_user)
		verdict(w, "stopped", "it was stopped by a user, and its command ended with exit code %d", s->exit_code);
	else if (!s->exit_code)
		verdict(w, "exited", "its command ended by itself with success (exit code 0)");
	else
		verdict(w, "exited", "its command ended by itself with exit code %d", s->exit_code);
	because(w, "state.json", "exit_code %d, no signal: the first process called exit", s->exit_code);
	if (s->stopped_by_user)
		say_stopped(w);
	if (!s->exit_code || s->stopped_by_user)
		return;
	because(w, "exit", "%d is %s", s->exit_code, code_meaning(s->exit_code));
	look_at_log(w);
}

static void say_memory(struct why *w)
{
	because(w, "state.json", "oom_killed: %s", w->c->state.oom_killed ? "true" : w->c->state.cgroup ?
		"false; its cgroup has counted no end by memory" :
		"false; whether the machine's memory ran out can't be known without a cgroup of its own (dmesg may tell)");
}

static void judge_killed(struct why *w)
{
	verdict(w, "signal", "it was killed by SIGKILL, and not by rbox");
	say_memory(w);
	because(w, "kill", "no mark of `rbox kill` for this signal; the kernel doesn't tell who sent one");
	fix(w, "look for the kernel's OOM killer (dmesg | grep -i oom), a supervisor's time-out, or a logout "
	       "(loginctl enable-linger)");
}

static void judge_seccomp(struct why *w)
{
	auto_free char *opts = strv_join(w->c->config.security.security_opt, " ");

	verdict(w, "seccomp", "it was killed for a system call that its seccomp filter forbids (SIGSYS)");
	because(w, "config.json", "security options: %s", *opts ? opts : "none, rbox's own filter applies");
	fix(w, "find the call by strace -f, and allow it: --security-opt seccomp=PROFILE");
}

static void judge_crash(struct why *w, int sig)
{
	char name[SIG_NAME_MAX];

	verdict(w, "signal", "its command crashed (%s)", sig_name(sig, name));
	because(w, "signal(7)", "%s is the program's own fault%s", name,
		sig == SIGABRT ? ": abort(), a failed assertion or a damaged heap" : ", such as a bad pointer");
	look_at_log(w);
}

static bool is_crash(int sig)
{
	return sig == SIGSEGV || sig == SIGBUS || sig == SIGILL || sig == SIGFPE || sig == SIGABRT || sig == SIGTRAP;
}

static void judge_stopped(struct why *w, int sig)
{
	char name[SIG_NAME_MAX];

	if (sig != SIGKILL || w->c->config.stop_signal == SIGKILL) {
		verdict(w, "stopped", "it was stopped by a user (%s)", sig_name(sig, name));
		say_stopped(w);
		return;
	}
	verdict(w, "stopped", "it was stopped by a user, and killed because it didn't end by itself in time");
	say_stopped(w);
	because(w, "config.json", "StopTimeout %d s (rbox stop -t may have said otherwise)",
		w->c->config.life.stop_timeout);
	/* Its own init passes signals on, and any other process is ended by one that it has no handler for. */
	if (w->c->config.process.init) {
		fix(w, "its command ignores %s: have it end by that, or name another by --stop-signal",
		    sig_name(w->c->config.stop_signal, name));
		return;
	}
	fix(w, "the first process of a container is not ended by a signal that it has no handler for: handle %s, "
	       "or use --init or --stop-signal", sig_name(w->c->config.stop_signal, name));
}

static bool was_sent(const struct why *w, int sig, struct mark *ret)
{
	return mark_kill_load(w->c->dir_fd, ret) == 0 && ret->sig == sig && ret->at >= w->c->state.started_at;
}

static void judge_signal(struct why *w, int sig)
{
	char name[SIG_NAME_MAX], when[TIME_TEXT_MAX];
	struct mark mark;

	sig_name(sig, name);
	because(w, "state.json", "exit_code %d, signal %d (%s): the first process was ended by a signal",
		w->c->state.exit_code, sig, name);
	/* Before the other: a kill that is to end it leaves both marks, a stop only its own. */
	if (was_sent(w, sig, &mark)) {
		verdict(w, "killed", "it was killed by a user: `rbox kill` sent %s", name);
		because(w, "kill", "%s sent at %s", name, time_format(mark.at, when));
	} else if (w->c->state.stopped_by_user) {
		judge_stopped(w, sig);
	} else if (sig == SIGSYS) {
		judge_seccomp(w);
	} else if (sig == SIGKILL) {
		judge_killed(w);
	} else if (is_crash(sig)) {
		judge_crash(w, sig);
	} else {
		verdict(w, "signal", "it was ended by %s", name);
		because(w, "kill", "no mark of `rbox kill` for it: it came by a client (Ctrl-C, a time-out that ended "
			"`rbox run`), from inside, or from another process of the user");
	}
}

static void judge_oom(struct why *w)
{
	const struct state *s = &w->c->state;

	/* The kernel chooses whom it kills: the first process may have gone on, and ended by itself. */
	if (s->signal == SIGKILL)
		verdict(w, "oom", "it was killed because its memory ran out");
	else
		verdict(w, "oom", "one of its processes was killed because the memory ran out; it ended with %d", s->exit_code);
	because(w, "state.json", "oom_killed: true, counted in memory.events of its cgroup, %s", s->cgroup ? s->cgroup : "");
	if (w->c->config.resources.memory)
		because(w, "config.json", "its memory was limited to %s", w->c->config.resources.memory);
	fix(w, "give it more (--memory), or let it use less");
}

/* The monitor ended it, and said so. */
static bool judge_monitor(struct why *w)
{
	const char *error = w->c->state.error, *at;

	if (!error)
		return false;
	at = strstr(error, STATE_BY_HEALTH);
	if (!at && strcmp(error, STATE_BY_TIMEOUT) && strcmp(error, STATE_BY_BINDING) &&
	    strcmp(error, STATE_BY_STARTUP))
		return false;
	verdict(w, at || !strcmp(error, STATE_BY_STARTUP) ? "unhealthy" :
		!strcmp(error, STATE_BY_TIMEOUT) ? "timeout" : "bound", "its monitor ended it: %s", error);
	because(w, "state.json", "error: %s", error);
	if (at)
		fix(w, "look at what its checks said: rbox inspect --format '{{json .State.Health}}' %s",
		    w->c->config.name);
	return true;
}

static void judge(struct why *w)
{
	const struct state *s = &w->c->state;

	if (container_is_running(w->c))
		judge_alive(w);
	else if (s->status == STATUS_CONFIGURED && !s->error)
		judge_created(w);
	else if (container_is_prepared(w->c) || (!s->started_at && !s->error && s->signal))
		judge_prepared(w);
	else if (str_eq(s->error, "host reboot"))
		judge_reboot(w);
	else if (str_eq(s->error, "monitor lost"))
		judge_lost(w);
	else if (!s->started_at && s->error)
		judge_start(w);
	else if (s->oom_killed)
		judge_oom(w);
	else if (judge_monitor(w))
		return;
	else if (s->signal)
		judge_signal(w, s->signal);
	else
		judge_exit(w);
}

/* What its restart policy made of the end, or of those before this run. */
static void judge_restarts(struct why *w)
{
	const struct state *s = &w->c->state;
	struct restart_policy p = { RESTART_NO, 0 };
	struct fail ignored = { 0 };

	if (container_is_running(w->c)) {
		if (s->restarts > 0)
			because(w, "state.json", "restarts %d: this is run %d since a user started it; the one before "
				"ended with exit code %d", s->restarts, s->restarts + 1, s->last_code);
		return;
	}
	if (restart_parse(w->c->config.life.restart, &p, &ignored) < 0 || p.kind == RESTART_NO || !s->started_at ||
	    s->stopped_by_user)
		return;
	if (p.kind == RESTART_ON_FAILURE && s->exit_code && p.max && s->restarts >= p.max) {
		mem_replace(&w->verdict, mem_printf("%s; its restart policy has given up after %d runs", w->verdict,
						    s->restarts + 1));
		because(w, "config.json", "--restart %s: at most %d restarts", w->c->config.life.restart, p.max);
		because(w, "state.json", "restarts %d; the run before the last ended with exit code %d", s->restarts,
			s->last_code);
	} else if (p.kind == RESTART_ON_FAILURE && !s->exit_code) {
		because(w, "config.json", "--restart %s: an exit code of 0 is no failure, it is not started again (after "
			"%d restarts)", w->c->config.life.restart, s->restarts);
	}
}

static json_t *stamp(int64_t t)
{
	char buf[TIME_TEXT_MAX];

	return json_string(t ? time_format(t, buf) : "");
}

int engine_why(struct engine *e, const char *name, json_t **ret, struct fail *f)
{
	auto_container struct container c = CONTAINER_INIT;
	struct why w = { .e = e, .c = &c };
	char when[TIME_TEXT_MAX];
	const struct state *s = &c.state;
	int r = container_open(e, name, &c, f);

	if (r < 0)
		return r;
	w.because = json_array();
	w.fix = json_array();
	judge(&w);
	judge_restarts(&w);
	/* Of an end that nobody saw the time isn't known. */
	if (!container_is_running(&c) && s->finished_at && !str_eq(w.cause, "reboot") &&
	    !str_eq(w.cause, "monitor-lost"))
		because(&w, "state.json", "finished_at %s", time_format(s->finished_at, when));
	*ret = json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:o, s:o, s:s, s:o, s:o, s:o}", "Id", c.id, "Name",
			 c.config.name, "Status", status_word((enum status)s->status), "ExitCode", s->exit_code,
			 "Signal", s->signal, "Restarts", s->restarts, "StartedAt", stamp(s->started_at), "FinishedAt",
			 stamp(s->finished_at), "Cause", w.cause, "Verdict", clean(w.verdict), "Because", w.because,
			 "Fix", w.fix);
	free(w.verdict);
	return *ret ? 0 : fail(f, EILSEQ, "tell of container %.12s", c.id);
}
