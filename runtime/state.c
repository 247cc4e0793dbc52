// SPDX-License-Identifier: Apache-2.0
#include "runtime/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/time.h"
#include "runtime/cgroup.h"
#include "runtime/proc_stat.h"

enum { STATE_VERSION = 1, STATE_MAX = 1024, STATE_READ_MAX = 64 * 1024, ERROR_KEPT = 160 };

const char *const status_names[] = {
	[STATUS_CONFIGURED] = "configured", [STATUS_CREATING] = "creating",
	[STATUS_CREATED] = "created",	    [STATUS_RUNNING] = "running",
	[STATUS_PAUSED] = "paused",	    [STATUS_STOPPING] = "stopping",
	[STATUS_STOPPED] = "stopped",	    [STATUS_REMOVING] = "removing",
	[STATUS_RESTARTING] = "restarting",
	NULL,
};

const char *const health_names[] = { "", "starting", "healthy", "unhealthy", NULL };

const struct field state_fields[] = {
	FIELD_INT("version", struct state, version),
	FIELD_ENUM("status", struct state, status, status_names),
	FIELD_INT("pid", struct state, pid),
	FIELD_INT("monitor_pid", struct state, monitor_pid),
	FIELD_I64("pid_start", struct state, pid_start),
	FIELD_STR("boot_id", struct state, boot_id),
	FIELD_INT("exit_code", struct state, exit_code),
	FIELD_INT("signal", struct state, signal),
	FIELD_BOOL("oom_killed", struct state, oom_killed),
	FIELD_BOOL("stopped_by_user", struct state, stopped_by_user),
	FIELD_I64("started_at", struct state, started_at),
	FIELD_I64("finished_at", struct state, finished_at),
	FIELD_INT("restarts", struct state, restarts),
	FIELD_INT("last_code", struct state, last_code),
	FIELD_ENUM("health", struct state, health, health_names),
	FIELD_STR("error", struct state, error),
	FIELD_STR("run_dir", struct state, run_dir),
	FIELD_STR("cgroup", struct state, cgroup),
	FIELD_END
};

const char *status_word(enum status s)
{
	switch (s) {
	case STATUS_CONFIGURED:
		return "created";
	case STATUS_CREATING:
	case STATUS_CREATED:
		return "initialized";
	case STATUS_STOPPED:
		return "exited";
	case STATUS_RUNNING:
	case STATUS_PAUSED:
	case STATUS_STOPPING:
	case STATUS_REMOVING:
	case STATUS_RESTARTING:
		break;
	}
	return status_names[s];
}

int state_boot_id(char **ret, struct fail *f)
{
	auto_str struct str s = STR_INIT(128);
	int r = file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &s);

	if (r < 0)
		return fail(f, -r, "read /proc/sys/kernel/random/boot_id");
	*ret = mem_strndup(str_cstr(&s), strcspn(str_cstr(&s), "\n"));
	return 0;
}

int state_pid_start(pid_t pid, int64_t *ret)
{
	auto_str struct str s = STR_INIT(4096);
	const char *p;
	uint64_t v;
	auto_free char *word = NULL;
	int r = proc_stat_read(pid, &s);

	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	p = proc_stat_field(str_cstr(&s), 22);
	if (!p)
		return -EIO;
	word = mem_strndup(p, strcspn(p, " \n"));
	r = str_to_u64(word, 10, &v);
	*ret = (int64_t)v;
	return r;
}

static void heal(int dir_fd, struct state *s, int code, const char *error, int64_t finished_at)
{
	s->status = STATUS_STOPPED;
	s->exit_code = code;
	s->pid = s->monitor_pid = 0;
	s->pid_start = 0;
	/* Nobody saw the end: when it began is the last that is known, and stays the same at each look. */
	if (!s->finished_at)
		s->finished_at = finished_at ? finished_at : s->started_at;
	/* Who asked for the end matters to what is started at the next boot. */
	if (faccessat(dir_fd, "stop", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		s->stopped_by_user = true;
	mem_replace(&s->error, mem_strdup(error));
}

int state_load_exit(int dir_fd, int *ret_code, int64_t *ret_finished_at)
{
	auto_fd int fd = fd_open(dir_fd, "exit", O_RDONLY | O_NOFOLLOW, 0);
	auto_str struct str s = STR_INIT(64);
	struct stat st;
	uint64_t v;
	int r;

	if (fd < 0)
		return fd;
	r = file_read(dir_fd, "exit", &s);
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (s.len && s.s[s.len - 1] == '\n')
		s.s[--s.len] = '\0';
	r = str_to_u64(str_cstr(&s), 10, &v);
	if (r < 0 || v > 255)
		return -EINVAL;
	*ret_code = (int)v;
	if (ret_finished_at)
		*ret_finished_at = (int64_t)st.st_mtim.tv_sec * TIME_SECOND + st.st_mtim.tv_nsec;
	return 0;
}

/* S says that a monitor lives; it is believed only while lock.run is held. */
static int check_alive(int dir_fd, struct state *s, struct fail *f)
{
	auto_free char *boot = NULL;
	int64_t at = 0;
	int code, r;

	if (s->status == STATUS_CONFIGURED || s->status == STATUS_STOPPED)
		return 0;
	if (file_is_locked(dir_fd, "lock.run")) {
		/* On a full disk the end could be recorded in the file "exit" alone, made at the start. */
		if (state_load_exit(dir_fd, &code, &at) == 0)
			heal(dir_fd, s, code, NULL, at);
		return 0;
	}
	if (s->status == STATUS_CREATED && state_load_exit(dir_fd, &code, &at) < 0) {
		/* Its command never ran: nothing has ended (after a boot podman says so, too). */
		s->status = STATUS_CONFIGURED;
		s->pid = s->monitor_pid = 0;
		s->pid_start = 0;
		return 0;
	}
	r = state_boot_id(&boot, f);
	if (r < 0)
		return r;
	if (!str_eq(boot, s->boot_id)) {
		heal(dir_fd, s, 255, "host reboot", 0);
	} else if (state_load_exit(dir_fd, &code, &at) == 0) {
		/* The exit status is written first: only the record of it is missing. */
		heal(dir_fd, s, code, NULL, at);
	} else {
		heal(dir_fd, s, s->status == STATUS_RESTARTING ? s->exit_code : 137, "monitor lost", 0);
	}
	return 0;
}

bool state_settle(int dir_fd)
{
	const struct timespec pause = { .tv_nsec = 2 * 1000 * 1000 };
	int64_t start = time_monotonic();
	int code;

	while (file_is_locked(dir_fd, "lock.run")) {
		if (state_load_exit(dir_fd, &code, NULL) < 0 || time_monotonic() - start > 10 * TIME_SECOND)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

static int load(int dir_fd, struct state *ret, struct fail *f)
{
	auto_json json_t *j = jsonf_load(dir_fd, "state.json", STATE_READ_MAX, f);

	if (!j && f->code == ENOENT) {
		fail_clear(f);
		return 0;
	}
	if (!j)
		return -f->code;
	return jsonf_read(state_fields, ret, j, f);
}

int state_load_raw(int dir_fd, struct state *ret, struct fail *f)
{
	int r;

	memset(ret, 0, sizeof(*ret));
	r = load(dir_fd, ret, f);
	if (r < 0)
		state_done(ret);
	return r;
}

int state_load(int dir_fd, struct state *ret, struct fail *f)
{
	int status, r = state_load_raw(dir_fd, ret, f);

	if (r < 0)
		return r;
	status = ret->status;
	r = check_alive(dir_fd, ret, f);
	if (r == 0 && ret->status != status) {
		/*
		 * The lock is looked at after the file: a monitor that ended in between has written its
		 * last state by now. Read again, and judge what is there then.
		 */
		state_done(ret);
		r = state_load_raw(dir_fd, ret, f);
		if (r == 0)
			r = check_alive(dir_fd, ret, f);
	}
	if (r < 0)
		state_done(ret);
	else if (ret->status == STATUS_RUNNING && ret->cgroup && cgroup_is_frozen(ret->cgroup))
		ret->status = STATUS_PAUSED;
	return r;
}

int state_save(int dir_fd, const struct state *s, struct fail *f)
{
	struct state with = *s;
	auto_free char *error = mem_strndup(s->error ? s->error : "", ERROR_KEPT);
	int r;

	with.version = STATE_VERSION;
	for (;;) {
		auto_json json_t *j = NULL;
		auto_free char *text = NULL;
		size_t len = strlen(error);

		with.error = len ? error : NULL;
		j = jsonf_write(state_fields, &with);
		text = jsonf_text(j, 0);
		if (strlen(text) > STATE_MAX && len) {
			/* A reader takes each of a thousand files: the message gives way. */
			error[len / 2] = '\0';
			continue;
		}
		r = file_replace(dir_fd, "state.json", text, strlen(text), 0600, 0);
		return r < 0 ? fail(f, -r, "write state.json") : 0;
	}
}

void state_done(struct state *s)
{
	jsonf_done(state_fields, s);
	memset(s, 0, sizeof(*s));
}

int state_pidfd(const struct state *s, struct fail *f)
{
	auto_fd int fd = -EBADF;
	auto_free char *boot = NULL;
	int64_t start = 0;
	int r;

	if (s->pid <= 0)
		return refuse(f, ESRCH, "the container has no process");
	r = state_boot_id(&boot, f);
	if (r < 0)
		return r;
	fd = pidfd_open(s->pid, 0);
	if (fd < 0 && errno != ESRCH)
		return fail(f, errno, "open process %d", s->pid);
	/* In this order: what has the right start time while we hold the descriptor is what we hold. */
	if (fd < 0 || !str_eq(boot, s->boot_id) || state_pid_start(s->pid, &start) < 0 ||
	    start != s->pid_start)
		return refuse(f, ESRCH, "the container's process %d is gone", s->pid);
	return fd_take(&fd);
}
