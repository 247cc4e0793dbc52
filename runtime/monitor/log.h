/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_MONITOR_LOG_H
#define RUNTIME_MONITOR_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "pkg/util/fail.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"

/*
 * The container's log, by its driver:
 *
 *	k8s-file	2025-05-27T09:58:34.663942371+02:00 stdout F text
 *	json-file	{"log":"text\n","stream":"stdout","time":"2025-05-27T07:58:34.663942371Z"}
 *	journald	a datagram of journald's native protocol per line (log_journal.c)
 *	none, passthrough	nothing is kept
 *
 * podman's and docker's formats. F ends a line of the container; P is a piece of one whose
 * end comes later (its newline is the log's own, not the container's); in JSON a piece has no \n. What was
 * read at once is written at once, so a prompt without a newline is there as a piece right away and
 * nothing waits in memory for a kill -9 (but for the first bytes of an UTF-8 character, in JSON); a
 * piece has at most LOG_PIECE_MAX bytes. All that is read together bears one time. What is no UTF-8
 * can't be told in JSON: U+FFFD stands for it, as in docker.
 *
 * Rotation: before a line that would take the file past MAX_SIZE, NAME becomes NAME.1, that NAME.2, and
 * so on; MAX_FILE files are kept, NAME among them. A reader that follows keeps its descriptor, reads
 * on to the end when NAME is another file, and goes on there. It has a lock (F_OFD_SETLK, for reading) on
 * each file that it hasn't read to its end: such a file and those that are newer are kept beyond
 * MAX_FILE, LOG_LAG_FILES of them at most, so no line is lost to a reader that comes to it a little late.
 * A log that somebody deleted or moved is begun anew when it would have been rotated; one that can't be
 * opened then is tried again once a second, and the lines in between are lost.
 */
enum { LOG_PIECE_MAX = 16 * 1024, LOG_BATCH = 128 * 1024, LOG_FILES_MAX = 1000,
       LOG_LAG_FILES = 32 };

enum log_driver { LOG_K8S_FILE, LOG_JSON_FILE, LOG_JOURNALD, LOG_NONE, LOG_PASSTHROUGH };

struct log_opts {
	enum log_driver driver;
	int dir_fd;		/* where NAME lies; < 3: the container's folder */
	const char *name;
	int64_t max_size;	/* bytes; <= 0: never rotated */
	int max_file;		/* 1 to LOG_FILES_MAX */
	const char *id, *ctr, *tag;	/* journald: the container's id and name, its tag or NULL */
	const char *socket;	/* journald's; NULL: LOG_JOURNAL_SOCKET */
};

struct log {
	struct log_opts o;	/* DIR_FD and the strings are borrowed; NAME is NULL when there is no log */
	int fd;			/* -EBADF: no file */
	int64_t size;
	int64_t retry;		/* FD is bad: when to open it again, in monotonic time */
	int64_t patience;	/* journald: how long we still wait for it, in ns */
	int64_t n_lost;		/* journald: lines it didn't take, and wasn't told of */
	bool last;		/* journald: PATIENCE is all there is for what is left to write */
	int highest;		/* the number of the oldest file, as far as we know */
	struct str batch;
	int error;		/* the first errno: lines were lost from there on */
	time_t second;		/* what STAMP is of: "2025-05-27T09:58:34" and "+02:00" */
	char stamp[32], zone[8];
	char held[2][4];	/* JSON: the beginning of a character, by stream */
	size_t n_held[2];
};

/* Opens or makes NAME, mode 0600, to append; for journald its socket (-ENOENT: there is none). */
int log_open(const struct log_opts *o, struct log *ret, struct fail *f) MUST_USE;

/*
 * Writes N bytes of STREAM (1 or 2) read at time NOW. It never fails: on a full disk the lines are
 * lost, the file keeps whole lines only, and ->error says why.
 */
void log_write(struct log *l, int stream, const char *data, size_t n, int64_t now);
/*
 * What runs now has ended, and log_write is called for what it left in its pipes: from here to log_settle
 * journald is waited for LOG_JOURNAL_PATIENCE at most, however it takes the lines.
 */
void log_hurry(struct log *l);
/* Nothing more comes of what runs now: writes what is held back. */
void log_settle(struct log *l);
void log_done(struct log *l);

/*
 * log_journal.c: the socket, and one line of the container as journald takes it. A journald that takes
 * nothing is waited for LOG_JOURNAL_PATIENCE in all; then lines are lost, without a wait, until it takes one
 * at once. How many they were is a line of stderr then. One that is gone is connected to again, once a
 * second. Returns -errno for a line that is lost.
 */
#define LOG_JOURNAL_PATIENCE (2 * TIME_SECOND)
int log_journal_open(const char *path, struct fail *f) MUST_USE;
int log_journal_line(struct log *l, int stream, const char *text, size_t n, bool whole) MUST_USE;
/* Tells it how many lines were lost; 0 when none are. */
int log_journal_tell_lost(struct log *l);
#define LOG_JOURNAL_SOCKET "/run/systemd/journal/socket"

#endif
