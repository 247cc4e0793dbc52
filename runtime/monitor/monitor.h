/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_MONITOR_MONITOR_H
#define RUNTIME_MONITOR_MONITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pkg/util/fail.h"
#include "runtime/launch.h"
#include "runtime/monitor/health.h"
#include "runtime/monitor/restart.h"
#include "runtime/monitor/log.h"
#include "runtime/net/port.h"
#include "runtime/userns.h"

/*
 * A container's monitor: a forked process, one per running container, inside U. It holds
 * lock.run for life, launches the container, owns pty or pipes, writes the log, serves attach on
 * <run_dir>/<id>/attach and over the descriptor of the client that made it, records the exit status
 * before all else, and ends. A table of state x event (poll loop, signalfd, pidfd); less than 1 MB.
 * A file "stop" in the container's folder, made by whoever asks it to stop, is how the record knows
 * that the end was asked for (State.StoppedByUser). It overwrites its argv and environ (they may
 * hold -e SECRET), has its own session, closes what it does not need, and its stdio is /dev/null.
 */
enum net_mode { NET_NONE, NET_HOST, NET_SLIRP };

/*
 * PREPARED: all of the container is there. STARTED: its process has exec'd, and nobody has been told yet; of a
 * further run both come after RESTARTED. DIED comes only after STARTED. CLEANED: there will be no further run, nobody
 * has been told of the end yet; not of one that ENDED is called for.
 */
enum monitor_event { MONITOR_DIED, MONITOR_RESTARTED, MONITOR_PREPARED, MONITOR_STARTED, MONITOR_HEALTH,
		     MONITOR_CLEANED };
struct monitor_news {
	enum monitor_event event;
	int exit_code;			/* DIED */
	bool oom_killed;
	enum health_status health;	/* HEALTH */
	int streak;
};

struct monitor_opts {
	const char *id;
	int dir_fd;			/* containers/<id> */
	const char *run_dir;		/* absolute folder for sockets, exists, ours, 0700 */
	struct launch launch;		/* its stdio is filled in by the monitor */
	enum net_mode net;
	const struct port_forward *ports; /* of NET_SLIRP: open before the container's first instruction */
	size_t n_ports;
	struct userns_begun *userns;	/* begun by the caller; the monitor's process finishes and enters it */
	/* Where a cgroup of its own is made for each run (runtime/cgroup_site.h); NULL: nowhere. What is set in it is the
	 * spec's linux.resources; with CGROUP_OPTIONAL a container that can't have it runs without. */
	const char *cgroup_base;
	bool cgroup_optional;
	struct log_opts log;
	/* With LOG_PASSTHROUGH the container has our stdin, stdout and stderr themselves. */
	bool open_stdin;		/* -i: stdin stays open for attached clients */
	bool prepare;			/* everything but the exec: that waits for ask_go (ask.h) */
	bool foreground;		/* a client stays attached on the returned socket */
	int pid_file_fd;		/* --pidfile: written with the container's pid, or -EBADF */
	int monitor_pid_file_fd;	/* --conmon-pidfile: written with the monitor's, or -EBADF */
	struct restart_policy restart;
	struct health_plan health;
	int stop_signal, stop_timeout;	/* how the monitor itself stops it: seconds, -1 without limit */
	int64_t timeout;		/* ns; a run that takes longer is killed (exit status 255); 0: none */
	int bind_fd;			/* pidfd of the process with which the container ends, or -EBADF */
	/* Called when a run has ended and before a further one, for the policy that holds now; RET has the one before.
	 * May be NULL. */
	void (*policy)(void *ctx, struct restart_policy *ret);
	/* Called once the last exit status is on disk (the file "exit"), before any client is told: quick
	 * (--rm's renames, so that the name is free again when the client returns), and when the start
	 * failed. True: the container is gone, so nothing more is recorded of it. May be NULL. */
	bool (*ended)(void *ctx, int exit_code);
	/* Called in the monitor at the end, after the exit status is recorded and every client has been
	 * told: what may take long (deleting the trash). Both open what they need anew: the monitor
	 * closed the descriptors it was not told of. May be NULL. lock.run is still held in ENDED, and
	 * free in FINISH: the container may be started again, or be gone, by then. CTX must not lead
	 * to argv: that is overwritten by then (and environ, but for PATH, HOME, TZ, XDG_*). */
	void (*finish)(void *ctx, int exit_code);
	/* Called for what is worth an event; what is recorded of it is on disk by then. May be NULL. */
	void (*news)(void *ctx, const struct monitor_news *n);
	void *ctx;
};

/*
 * Forks the monitor and waits until the container's process has exec'd. Returns a connected
 * attach socket (runtime/monitor/attach.h) when FOREGROUND, else 0; on failure nothing runs, and F
 * has the cause with its exit status (126, 127, 125). lock.run must be free (-EBUSY); a monitor that
 * has recorded the end and only clears up is waited for. A starter that dies meanwhile takes the
 * start with it. *RET_PID (may be NULL): the monitor.
 *
 * USERNS is finished here (its helpers are our children) while the monitor gets ready; NULL: the
 * monitor stays where we are.
 *
 * With PREPARE it returns once all is there but the command, recorded as STATUS_CREATED; a signal ends it then.
 *
 * Signals to the monitor: SIGTERM is passed on to the container's first process, all others
 * that can be blocked are ignored: it ends only after the container has.
 *
 * A run that ends and is to be followed by another (restart.h, a health check's action) is recorded as
 * "restarting"; clients get what is left and EXITED, the mounts and the network are let go, and after a
 * pause the container is launched again, with a new network and new pipes; its log goes on. The file "stop"
 * ends that at once (monitor_wake), SIGTERM too.
 *
 * At the end of the last run, in this order: the output is read to its end, the file "exit" is written, then
 * state.json, ENDED is called; clients get what is left and EXITED (for a second at most; a slow
 * foreground client may
 * take longer and is served to its end beside all that follows), the container's mount namespace,
 * held until then, is let go, lock.run is free, FINISH is called.
 */
int monitor_start(const struct monitor_opts *o, pid_t *ret_pid, struct fail *f) MUST_USE;

#endif
