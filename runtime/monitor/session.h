/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_MONITOR_SESSION_H
#define RUNTIME_MONITOR_SESSION_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "runtime/monitor/attach.h"
#include "runtime/monitor/keys.h"
#include "runtime/monitor/proto.h"
#include "runtime/monitor/tty.h"

/*
 * What attach_run and attach_run_local share: our stdin, stdout, stderr, terminal and signals on one
 * side, and a link to the container's process on the other, which is a monitor's socket or the
 * process's own pipes. One piece of output and one of input are under way at a time; nothing is
 * read before the last piece is delivered, so whoever is slow stops the other end, not us.
 */
enum { LINK_FDS_MAX = 4, INPUT_MAX = 8 * 1024 };

struct session;
struct link {
	/*
	 * Fills P with what the link waits for. READ: output may come. *RET_WAIT_MS may be lowered
	 * (0: call ready at once). Returns the number of entries.
	 */
	size_t (*watch)(struct session *s, struct pollfd *p, bool read, int *ret_wait_ms);
	/* After poll: takes at most one piece of output (session_output), sends what waits. */
	int (*ready)(struct session *s, const struct pollfd *p, size_t n, struct fail *f);
	/* Whether more input may be read from the user now. */
	bool (*wants_input)(const struct session *s);
	/* Each sends as much as goes without waiting: bytes sent or 0, or -errno when the link is dead. */
	int (*input)(struct session *s, const char *data, size_t n);
	int (*input_end)(struct session *s);	/* 1: done, 0: try again */
	int (*resize)(struct session *s, const struct proto_size *size);	/* 1 or 0 */
	int (*signal)(struct session *s, int sig);	/* 1 or 0 */
};

struct out {
	int fd;			/* to write to; our own when OWN */
	int own;
	bool small;		/* may block: only pieces that a ready pipe surely takes */
	bool drop;
	bool grown;		/* the pipe has been made large, if it could be */
};

struct session {
	const struct attach_opts *o;
	const struct link *link;
	void *ctx;		/* the link's */
	struct tty tty;
	struct keys keys;
	struct out out[2];
	struct proto_msg *msg;	/* output under way: msg->data */
	size_t out_len, out_done;
	int out_stream;		/* 0 or 1 */
	char in[INPUT_MAX + KEYS_MAX];
	size_t in_len, in_done;
	bool in_open, in_end;	/* still read; its end is to be passed on */
	int sig_fd;
	sigset_t old_mask, caught;
	bool masked, resized;
	uint64_t signals;	/* to be passed on: bit N - 1 */
	int die_of;		/* a signal to end by, once the terminal is right again */
	bool ended;
	struct attach_result result;
};

/* The link gives N bytes in S->msg->data for STREAM (1 or 2). */
void session_output(struct session *s, int stream, size_t n);
/* Runs until the link says ended, the user detaches, or something breaks. */
int session_run(struct session *s, struct attach_result *ret, struct fail *f) MUST_USE;

#endif
