/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_INSIDE_H
#define PKG_ENGINE_INSIDE_H

#include <sys/types.h>

#include "pkg/util/fail.h"

/*
 * Work that needs the user's namespace U, where the files of containers have owners that can be read and
 * given: FN runs in a child that has entered U and can't be traced. It keeps the login's supplementary
 * groups, so that the user's own files are as reachable as to the user, and our standard input and
 * output; it dies with us.
 *
 * Returns what FN returned (>= 0), or -errno with FN's own failure in F. What FN says by
 * inside_warn comes out of WARN here. Anything else that it finds out goes through a descriptor
 * that the caller made before.
 */
struct inside;
typedef int (*inside_fn)(void *ctx, struct inside *in, struct fail *f);

/* USERNS_HINT: a process that may live in U already, or 0 (engine_userns_hint). */
int inside_run(pid_t userns_hint, inside_fn fn, void *ctx, void (*warn)(const char *fmt, ...), struct fail *f) MUST_USE;

/*
 * The same in two halves, for who has to work along (to read what FN writes into a pipe, say). To be
 * begun while no other thread runs. inside_end waits and returns what inside_run would; always call it.
 */
struct inside_job {
	pid_t pid;
	int sock;
};
int inside_begin(pid_t userns_hint, inside_fn fn, void *ctx, struct inside_job *ret, struct fail *f) MUST_USE;
int inside_end(struct inside_job *j, void (*warn)(const char *fmt, ...), struct fail *f) MUST_USE;

/* From FN: a line for the user; never a failure. IN may be NULL: nobody hears it. */
void inside_warn(struct inside *in, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
