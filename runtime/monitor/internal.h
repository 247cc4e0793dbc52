/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_MONITOR_INTERNAL_H
#define RUNTIME_MONITOR_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "runtime/launch.h"
#include "runtime/monitor/check.h"
#include "runtime/monitor/client.h"
#include "runtime/monitor/core.h"
#include "runtime/monitor/log.h"
#include "runtime/monitor/monitor.h"
#include "runtime/monitor/proto.h"
#include "runtime/net/slirp.h"
#include "runtime/state.h"

/*
 * The monitor's process, as data. monitor.c brings it up to a running container, one phase after the
 * other; loop.c is what happens from there to the end, a table of phase x event.
 */
enum { CLIENTS_MAX = 32, STDIN_QUEUE_MAX = 1024 * 1024 };

enum phase {
	PHASE_RUNNING,	/* the container runs */
	PHASE_PREPARED,	/* all of it is there, but its command waits for ATTACH_GO */
	PHASE_BACKOFF,	/* it has ended and will be launched again */
	PHASE_TELLING,	/* its end is recorded; clients are sent what is left, for a while */
	PHASE_LINGERING, /* all is done but for a foreground client that reads slowly */
	PHASE_OVER,
	PHASES,
};

/* What happens at a time: the one list of deadlines. */
enum timer {
	TIMER_HANGUP,	/* nobody has the terminal open: look again */
	TIMER_TELL,	/* clients have had their time */
	TIMER_RESTART,	/* the pause is over */
	TIMER_LIFE,	/* --timeout */
	TIMER_KILL,	/* it was asked to stop, and didn't */
	TIMER_HEALTH,	/* the next check, or the end of patience with the runner of this one */
	TIMERS,
};

/* Bytes on their way to the container's stdin, and whose they are. */
struct stdin_piece {
	struct stdin_piece *next;
	struct client *from;	/* gets the acknowledgement; NULL when it has left */
	size_t len, done;
	char data[];
};

struct monitor {
	const struct monitor_opts *o;
	char *id;
	int lock_fd, dir_fd, starter_fd;
	int sig_fd, listen_fd;
	int attach_dir_fd;	/* <run_dir>/<id> */
	int exit_fd;		/* ".exit", to be renamed to "exit" */
	int cgroup_fd;		/* its folder; -EBADF: it has none of its own */
	int mnt_fd;		/* the container's mount namespace, held past its end */
	struct launched ctr;
	rlim_t core;		/* the container's limit of a core file */
	struct slirp slirp;
	bool has_slirp, tty;
	bool grown[2];		/* the pipe of OUT_FD has been made large */
	int out_fd[2];		/* stdout, stderr; with a terminal its master and -EBADF */
	int stdio[3];		/* the caller's, with LOG_PASSTHROUGH; else -EBADF */
	int in_fd;		/* stdin; with a terminal its master too (not owned) */
	bool in_end;		/* close stdin once the queue is empty */
	struct stdin_piece *in_first, **in_last;
	size_t in_queued;
	struct log log;
	struct client *clients[CLIENTS_MAX];
	struct state st;
	enum phase phase;
	int exit_code;
	int before;		/* enum status in which its starter found it */
	int64_t timers[TIMERS];	/* monotonic ns; 0: off */
	int64_t began;		/* of this run, monotonic */
	struct restart_policy policy;	/* as it was last looked at */
	int64_t pause;		/* ns before the last further run */
	bool leaving;		/* SIGTERM, or what it is bound to has ended: no run after this one */
	bool unbound;		/* what it is bound to has ended: not watched any more */
	bool again;		/* a health check wants another run */
	bool stopping;		/* this run was sent the stop signal */
	bool stop_unsaid;	/* ... and nobody has said yet how long it has from there */
	bool timed_out;
	const char *cause;	/* why the monitor itself ended it, for the record */
	struct health health;
	pid_t check_pid;	/* the runner of the check that is under way */
	int check_fd;		/* its result comes here; -EBADF: none is under way */
	json_t *results;	/* of the last checks */
	struct proto_msg *msg;	/* the one buffer for what is received and what is read */
};

/* From a running container to its end; the exit status is recorded when it returns. */
void monitor_loop(struct monitor *m);

/*
 * Launches the container: stdio, namespaces, network, exec, and the record of it. FIRST: by its starter.
 * On failure nothing runs and nothing is held.
 */
int monitor_launch(struct monitor *m, bool first, struct fail *f);

/*
 * From PHASE_PREPARED to a running container. On failure it is recorded as one of the start, nothing is left
 * and the phase is PHASE_OVER.
 */
int monitor_go(struct monitor *m, struct fail *f);

/* Lets go of what belongs to one run: descriptors, mounts, network. */
void monitor_end_run(struct monitor *m);

/* The container's cgroup goes, with all that is left in it. Twice is allowed. */
void monitor_end_cgroup(struct monitor *m);

/* Writes the file "exit" from m->exit_code; its room on the disk was taken at the start. */
void monitor_save_exit(struct monitor *m);

/* Nobody attaches any more: its folder of the runtime folder goes. Twice is allowed. */
void monitor_unlisten(struct monitor *m);

/* Ends the monitor's part of the container: finish, locks, sockets. */
void monitor_release(struct monitor *m);

/* --- loop.c --- */

/* TIMER is due in NS; 0: off. */
void monitor_timer(struct monitor *m, enum timer timer, int64_t ns);
/* What waits for the container's stdin is acknowledged and forgotten. */
void monitor_drop_input(struct monitor *m);

/* --- runs.c --- */

/* The container has exec'd: its timers and checks begin. */
void monitor_run_begin(struct monitor *m);
/* It has ended, and its output is read: a pause before the next run, or the end. */
void monitor_run_over(struct monitor *m);
/* The pause is over. */
void monitor_run_again(struct monitor *m);
/* Between two runs: the end of all, when by now no further one is wanted. */
void monitor_look(struct monitor *m);
/* There is no further run: recorded, and clients told. */
void monitor_finish(struct monitor *m);
/* Whether somebody wants no further run: its user, by `stop` or `kill`; whoever ends us. */
bool monitor_must_end(const struct monitor *m);

/*
 * The stop signal, once a run, and SIGKILL after the stop timeout: whoever asks again puts neither off. CAUSE
 * (static) goes into the record.
 */
void monitor_stop(struct monitor *m, const char *cause);
/* The same for somebody who said how many seconds (-1: without limit) there are between the two. */
void monitor_stop_in(struct monitor *m, int timeout);
void monitor_kill(struct monitor *m, const char *cause);
void monitor_news(struct monitor *m, enum monitor_event event);

/* --- health.c --- */

/* Before a run: nothing is known of its health. */
void monitor_health_prepare(struct monitor *m);
void monitor_health_begin(struct monitor *m);
void monitor_health_end(struct monitor *m);
void monitor_health_due(struct monitor *m);
void monitor_health_result(struct monitor *m);
/* A client wants a check now. */
void monitor_health_asked(struct monitor *m, struct client *c);

#endif
