/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_MONITOR_MONITOR_H
#define RUNTIME_MONITOR_MONITOR_H

#include <stdbool.h>

#include "pkg/util/fail.h"
#include "runtime/launch.h"
#include "runtime/userns.h"

/*
 * A container's monitor: a forked process, one per running container, inside U. It holds
 * lock.run for life, launches the container, owns pty or pipes, writes the log, serves attach on
 * <run_dir>/<id>/attach and over the descriptor of the client that made it, records the exit status
 * before all else, and ends. A table of state x event (poll loop, signalfd, pidfd); less than 1 MB.
 * It overwrites its argv and environ (they may hold -e SECRET), has its own session, closes what
 * it does not need, and its oom_score and stdio (/dev/null) are its own.
 */
enum log_driver { LOG_K8S_FILE, LOG_NONE };

enum net_mode { NET_NONE, NET_HOST, NET_SLIRP };

struct monitor_opts {
	const char *id;
	int dir_fd;			/* containers/<id> */
	const char *run_dir;		/* absolute folder for sockets, exists, ours, 0700 */
	struct launch launch;		/* its stdio is filled in by the monitor */
	enum net_mode net;
	struct userns_begun *userns;	/* begun by the caller; the monitor's process finishes and enters it */
	enum log_driver log_driver;
	const char *log_name;		/* in DIR_FD: "log" */
	int64_t log_max_size;		/* bytes, then rotated to log.1; <= 0 never */
	bool open_stdin;		/* -i: stdin stays open for attached clients */
	bool foreground;		/* a client stays attached on the returned socket */
	int pid_file_fd;		/* --pidfile: written with the container's pid, or -EBADF */
	/* Called once the exit status is recorded, before any client is told: quick (--rm's renames, so
	 * that the name is free again when the client returns). May be NULL. */
	void (*ended)(void *ctx, int exit_code);
	/* Called in the monitor at the end, after the exit status is recorded and every client has been
	 * told: what may take long (deleting the trash). Both open what they need anew: the monitor
	 * closed the descriptors it was not told of. May be NULL. */
	void (*finish)(void *ctx, int exit_code);
	void *ctx;
};

/*
 * Forks the monitor and waits until the container's process has exec'd. Returns a connected
 * attach socket (runtime/monitor/attach.h) when FOREGROUND, else 0; on failure nothing runs, and F
 * has the cause with its exit status (126, 127, 125). lock.run must be free (-EBUSY).
 */
int monitor_start(const struct monitor_opts *o, pid_t *ret_pid, struct fail *f) MUST_USE;

#endif
