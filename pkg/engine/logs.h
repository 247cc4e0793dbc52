/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_LOGS_H
#define PKG_ENGINE_LOGS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pkg/engine/engine.h"
#include "pkg/util/str.h"

/*
 * The log of a container (runtime/monitor/log.h: k8s-file, "log.1" and "log"), read without a
 * lock while its monitor writes and rotates it.
 *
 *	logs_open(e, name, &opts, &l, f);
 *	while ((r = logs_read(l, sink, ctx, f)) > 0)
 *		logs_wait(&l, 1);
 *	logs_free(l);
 */
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

/* Failures: no such container; a log driver that keeps nothing to read. */
int logs_open(struct engine *e, const char *name, const struct logs_opts *o, struct logs **ret,
	      struct fail *f) MUST_USE;
/*
 * Gives SINK every line that is there. 1: more may come (only with follow), 0: that was all, -errno:
 * a read failed, or SINK did (its result, with F set by it).
 */
int logs_read(struct logs *l, int (*sink)(void *ctx, const struct logs_line *line, struct fail *f),
	      void *ctx, struct fail *f) MUST_USE;
/* Waits until one of N logs may have more, a second at most. */
void logs_wait(struct logs *const *v, size_t n);
const char *logs_id(const struct logs *l);
const char *logs_name(const struct logs *l);
void logs_free(struct logs *l);

/* "STAMP STREAM TAG TEXT" -> LINE; false: no line of this format. Pure. */
bool logs_parse(const char *s, size_t n, struct logs_line *ret);

/*
 * Where the last *WANT lines of FD, SIZE bytes long, begin. The pieces of a line count as one. With
 * fewer lines than wanted: 0, and *WANT is what is left for the file before.
 */
off_t logs_tail(int fd, off_t size, int64_t *want);

#endif
