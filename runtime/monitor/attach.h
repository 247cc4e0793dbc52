/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_MONITOR_ATTACH_H
#define RUNTIME_MONITOR_ATTACH_H

#include <stdbool.h>
#include <stdint.h>

#include "pkg/util/fail.h"

/*
 * The attach protocol between a client and a monitor, version 1: SOCK_SEQPACKET, one message =
 * struct attach_head + data, at most ATTACH_DATA_MAX bytes. A monitor of the version before
 * must be understood. Client to monitor: HELLO first (on a connected socket; the one made at start
 * needs none) with the largest message that the client takes (uint32; not said: ATTACH_DATA_OLD),
 * then STDIN, STDIN_END, RESIZE (uint16 rows, columns), SIGNAL (int32). Monitor to client:
 * STARTED (int32 pid of the container) on the starter's socket, OUTPUT (stream 1 or 2), STDIN_ACK
 * (uint32: so many bytes of STDIN went into the container), FAILED (a struct fail), EXITED (int32
 * status) as the last of a run: the monitor of a container that is restarted lets its clients go there.
 * Client to monitor as well: STOP (the file "stop" was written: no run after this one; int32: the seconds that a run
 * which began meanwhile has between the stop signal and SIGKILL, -1 without limit; a monitor of the version before
 * passes over it, and a client of that version sends none: the container's own stop timeout), and CHECK (run
 * the health check now), answered by CHECKED (int32: 0 passed, 1 failed, 2 failed before the start-up check has
 * passed) or FAILED. GO (int32: 1 when the client stays attached) lets the command of a prepared container
 * run (monitor.h); answered by STARTED or FAILED. LOOK: the restart policy has changed. A client has at most
 * ATTACH_WINDOW bytes of STDIN under way, so that a SIGNAL never waits behind input that the container
 * doesn't read.
 */
enum {
	ATTACH_VERSION = 1,
	ATTACH_DATA_MAX = 128 * 1024,
	ATTACH_DATA_OLD = 32 * 1024,	/* no client of version 1 takes less, no monitor of it sends more STDIN */
	ATTACH_WINDOW = 64 * 1024,
};
enum attach_type {
	ATTACH_HELLO = 1, ATTACH_STDIN, ATTACH_STDIN_END, ATTACH_RESIZE, ATTACH_SIGNAL, ATTACH_OUTPUT,
	ATTACH_STARTED, ATTACH_FAILED, ATTACH_EXITED, ATTACH_STDIN_ACK,
	ATTACH_STOP, ATTACH_CHECK, ATTACH_CHECKED, ATTACH_GO, ATTACH_LOOK,
};
struct attach_head { uint8_t type, stream; uint16_t version; uint32_t len; };

struct attach_opts {
	bool want_stdin;	/* forward our stdin */
	bool tty;		/* the container has a terminal: raw mode, SIGWINCH, detach keys */
	bool sig_proxy;		/* without a terminal: forward SIGINT, SIGTERM, SIGHUP, ... */
	const char *detach_keys; /* "ctrl-p,ctrl-q" by default, "" for none */
	bool no_stdout, no_stderr;
};

/* How an attachment ended. */
struct attach_result { bool detached; int exit_code; };

/* Connects to a running container's monitor; returns the socket. */
int attach_connect(const char *run_dir, const char *id, struct fail *f) MUST_USE;

/*
 * Copies between our stdio and the monitor until the container exits, the user detaches or the
 * monitor is lost (a failure). Puts the terminal into raw mode and right again in every case:
 * a small guard process restores it when we are killed by SIGKILL.
 */
int attach_run(int sock, const struct attach_opts *o, struct attach_result *ret, struct fail *f) MUST_USE;

/* The same for a process we started ourselves (exec): PTY master or pipes instead of a monitor. */
struct attach_local {
	int console_fd;		/* pty master, or -EBADF */
	int in_fd, out_fd, err_fd; /* our ends of pipes, or -EBADF */
	int pidfd;	/* our child: its end is waited for here */
};
int attach_run_local(const struct attach_local *l, const struct attach_opts *o, struct attach_result *ret,
		     struct fail *f) MUST_USE;

#endif
