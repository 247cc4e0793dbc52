/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_MONITOR_INTERNAL_H
#define RUNTIME_MONITOR_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/launch.h"
#include "runtime/monitor/client.h"
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
	PHASE_TELLING,	/* its end is recorded; clients are sent what is left, for a while */
	PHASE_LINGERING, /* all is done but for a foreground client that reads slowly */
	PHASE_OVER,
	PHASES,
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
	int mnt_fd;		/* the container's mount namespace, held past its end */
	struct launched ctr;
	struct slirp slirp;
	bool has_slirp, tty;
	int out_fd[2];		/* stdout, stderr; with a terminal its master and -EBADF */
	int in_fd;		/* stdin; with a terminal its master too (not owned) */
	bool in_end;		/* close stdin once the queue is empty */
	struct stdin_piece *in_first, **in_last;
	size_t in_queued;
	struct log log;
	struct client *clients[CLIENTS_MAX];
	struct state st;
	enum phase phase;
	int exit_code;
	int64_t deadline;	/* monotonic ns; 0: none */
	struct proto_msg *msg;	/* the one buffer for what is received and what is read */
};

/* From a running container to its end; the exit status is recorded when it returns. */
void monitor_loop(struct monitor *m);

/* Writes the file "exit" from m->exit_code; its room on the disk was taken at the start. */
void monitor_save_exit(struct monitor *m);

/* Ends the monitor's part of the container: finish, locks, sockets. */
void monitor_release(struct monitor *m);

#endif
