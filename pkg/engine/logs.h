/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_LOGS_H
#define PKG_ENGINE_LOGS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pkg/engine/engine.h"
#include "pkg/util/str.h"

/*
 * The log of a container (runtime/monitor/log.h: k8s-file or json-file, the oldest of "log.2", "log.1",
 * "log" first), read without a lock while its monitor writes and rotates it; or of journald, by
 * journalctl (pkg/engine/journal.h), up to what journald has taken in by then.
 *
 *	logs_open(e, name, &opts, &l, f);
 *	while ((r = logs_read(l, sink, ctx, f)) > 0 && logs_wait(&l, 1))
 *		;
 *	logs_free(l);
 *
 * A reader that follows opens each file as soon as it sees it, and so keeps what it hasn't read yet when
 * the rotation removes it, up to LOGS_HELD_MAX files. One that is slower still loses lines, and
 * logs_has_lost says so.
 */
enum {
	LOGS_STOP = 2,		/* of a sink: it has what it wanted */
	LOGS_HELD_MAX = 64,
	/* Of another program's log: what is longer comes in pieces. */
	LOGS_LINE_MAX = 1024 * 1024,
	/* json-file: what may stand behind the text of a line. */
	LOGS_JSON_END_MAX = 128,
	LOGS_TAIL_JSON_MAX = 1024 * 1024,
};

struct logs_opts {
	bool follow;		/* until the container has ended */
	int64_t tail;		/* that many lines from the end; < 0: all */
	int64_t since, until;	/* ns; 0: no bound */
};

struct logs_line {
	int stream;		/* 1 stdout, 2 stderr */
	bool partial;		/* a piece of a line: its end comes later */
	const char *stamp, *text;	/* raw bytes, not terminated */
	size_t stamp_len, len;
};

struct logs;
/* 0: the next line, > 0: enough for now (logs_read returns it), -errno with F set: a failure. */
typedef int logs_sink(void *ctx, const struct logs_line *line, struct fail *f);

/* Failures: no such container; a log driver that keeps nothing to read. */
int logs_open(struct engine *e, const char *name, const struct logs_opts *o, struct logs **ret,
	      struct fail *f) MUST_USE;
/*
 * Gives SINK every line that is there. 1: more may come (only with follow), 0: that was all, LOGS_STOP:
 * SINK returned that, -errno: a read failed, or SINK did (its result, with F set by it).
 */
int logs_read(struct logs *l, logs_sink *sink, void *ctx, struct fail *f) MUST_USE;
/* Waits until one of N logs may have more, a second at most; false: nobody reads our stdout any more. */
bool logs_wait(struct logs *const *v, size_t n) MUST_USE;
const char *logs_id(const struct logs *l);
const char *logs_name(const struct logs *l);
/* Lines were rotated away before they could be read. */
bool logs_has_lost(const struct logs *l);
void logs_free(struct logs *l);

/* "STAMP STREAM TAG TEXT" -> LINE; false: no line of this format. Pure. */
bool logs_parse(const char *s, size_t n, struct logs_line *ret);
/* {"log":"TEXT\\n","stream":...} -> LINE, whose text lies in TEXT. Pure. */
bool logs_parse_json(const char *s, size_t n, struct str *text, struct logs_line *ret);

/*
 * Where the last *WANT lines of FD, SIZE bytes long, begin. The pieces of a line count as one; so do those
 * without an end at the end of the NEWEST file, in an older one they go on in the next. With fewer lines than
 * wanted: 0, and *WANT is what is left for the file before.
 */
off_t logs_tail(int fd, off_t size, bool newest, int64_t *want);
off_t logs_tail_json(int fd, off_t size, int64_t *want);

#endif
