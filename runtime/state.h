/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_STATE_H
#define RUNTIME_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pkg/util/fail.h"
#include "pkg/util/json.h"

/*
 * What a container does now: containers/<id>/state.json, written by its monitor (file_replace
 * without FILE_SYNC: the boot id voids it after a crash) and read without a lock by everybody.
 * At most 512 bytes, so that ps reads a thousand of them quickly. Whether a monitor lives
 * is told by lock.run alone; state_load heals what a dead monitor left behind: a state that says
 * creating, running or stopping with lock.run free is read as stopped, exit code 137 (of one
 * that was between two runs: the last run's), error "monitor lost"; or 255 "host reboot" when the boot
 * id differs. One that was prepared is as before: its command never ran. Whether its user had stopped it is
 * kept (the file "stop").
 */
enum status {
	STATUS_CONFIGURED,	/* saved, never launched: "created" outside */
	STATUS_CREATING,
	STATUS_CREATED,		/* prepared: its command waits for the start; "initialized" outside */
	STATUS_RUNNING, STATUS_PAUSED, STATUS_STOPPING, STATUS_STOPPED,
	STATUS_REMOVING,
	STATUS_RESTARTING,	/* between two runs: its monitor lives and will launch it again */
};
extern const char *const status_names[];	/* as they are in state.json, NULL-terminated */
/* podman's word outside: created initialized running paused stopping exited removing; docker's restarting. */
const char *status_word(enum status s);

/* As podman and docker call it; "" while a container has no health check. */
enum health_status { HEALTH_NONE, HEALTH_STARTING, HEALTH_HEALTHY, HEALTH_UNHEALTHY };
extern const char *const health_names[];	/* NULL-terminated */

/* What the monitor says in ERROR of an end that was its own doing: "killed: ...", "stopped: ..." */
#define STATE_BY_TIMEOUT "killed: its time (--timeout) was over"
#define STATE_BY_BINDING "killed: the process it was bound to (--bind-to) has ended"
#define STATE_BY_HEALTH "it became unhealthy (--health-on-failure)"
#define STATE_BY_STARTUP "restarted: its start-up check failed too often (--health-startup-retries)"

struct state {
	int version;
	int status;		/* enum status */
	int pid, monitor_pid;	/* for messages and for joining, never for "is it alive" */
	int64_t pid_start;	/* clock ticks since boot: field 22 of /proc/PID/stat */
	char *boot_id;
	int exit_code;
	int signal;		/* what ended the first process (exit_code is 128 + it), 0: it exited */
	bool oom_killed, stopped_by_user;
	int64_t started_at, finished_at;	/* ns */
	int restarts;		/* since a user started it */
	int last_code;		/* the exit status of the run before this one; with restarts > 0 */
	int health;		/* enum health_status */
	char *error;
	char *run_dir;		/* where the attach socket is */
	char *cgroup;		/* of its own (runtime/cgroup.h), of this run or the last; NULL: none */
};
extern const struct field state_fields[];

/*
 * Missing file: STATUS_CONFIGURED. DIR_FD: containers/<id>. STATUS_PAUSED is never written: a running container whose
 * cgroup is frozen is paused.
 */
int state_load(int dir_fd, struct state *ret, struct fail *f) MUST_USE;
int state_save(int dir_fd, const struct state *s, struct fail *f) MUST_USE;
void state_done(struct state *s);

/* The file as it is, believed without a look at lock.run. */
int state_load_raw(int dir_fd, struct state *ret, struct fail *f) MUST_USE;

/*
 * The exit status in the file "exit": decimal text and a newline, written by the monitor as the first
 * thing after the end and removed by the next start. -ENOENT: no end is recorded.
 */
int state_load_exit(int dir_fd, int *ret_code, int64_t *ret_finished_at) MUST_USE;

/*
 * Waits while a monitor that has recorded the end only clears up (its lock.run is still held: the
 * mounts' teardown may sync a file system), ten seconds at most. True: lock.run is free now. False at
 * once while the container runs.
 */
bool state_settle(int dir_fd);

/* When PID began, in clock ticks since boot. -ESRCH: there is none. */
int state_pid_start(pid_t pid, int64_t *ret) MUST_USE;

/* A pidfd of s->pid when it is still that very process; -ESRCH otherwise. */
int state_pidfd(const struct state *s, struct fail *f) MUST_USE;
int state_boot_id(char **ret, struct fail *f) MUST_USE;

#endif
