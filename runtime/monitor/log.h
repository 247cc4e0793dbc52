/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_MONITOR_LOG_H
#define RUNTIME_MONITOR_LOG_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "pkg/util/fail.h"
#include "pkg/util/str.h"

/*
 * The container's log in podman's k8s-file format (COMPAT 4.10), one line of it:
 *
 *	2025-05-27T09:58:34.663942371+02:00 stdout F text
 *
 * F ends a line of the container; P is a piece of one whose end comes later (its newline is the
 * log's own, not the container's). What was read at once is written at once, so a prompt without a
 * newline is there as P right away and nothing waits in memory for a kill -9; a piece has at most
 * LOG_PIECE_MAX bytes. All that is read together bears one time.
 *
 * Rotation: before a line that would take the file past MAX_SIZE, the file is renamed to
 * NAME.1 (the one before goes) and a new one begun. A reader that follows keeps its descriptor, reads
 * on to the end when NAME is another file, and goes on there: no line is lost.
 */
enum { LOG_PIECE_MAX = 16 * 1024, LOG_BATCH = 64 * 1024 };

struct log {
	int dir_fd;		/* borrowed */
	char *name;
	int fd;			/* -EBADF: no log */
	int64_t size, max_size;
	struct str batch;
	int error;		/* the first errno: lines were lost from there on */
	time_t second;		/* what STAMP is of: "2025-05-27T09:58:34" and "+02:00" */
	char stamp[32], zone[8];
};

/* Opens or makes NAME, mode 0600, to append. */
int log_open(int dir_fd, const char *name, int64_t max_size, struct log *ret, struct fail *f) MUST_USE;

/*
 * Writes N bytes of STREAM (1 or 2) read at time NOW. It never fails: on a full disk the lines are
 * lost, the file keeps whole lines only, and ->error says why.
 */
void log_write(struct log *l, int stream, const char *data, size_t n, int64_t now);
void log_done(struct log *l);

#endif
