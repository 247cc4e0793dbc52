/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_TOP_H
#define PKG_ENGINE_TOP_H

#include "pkg/engine/container.h"
#include "pkg/util/table.h"
#include "runtime/procs.h"

/*
 * The processes of a running container, a column for each of WORDS (podman-top(1): pid, user, args, %C ...;
 * several may stand in one word, with commas between; none: podman's default columns). A header
 * and a row for each process. 1 when a word is no descriptor: then it is for ps (top_ps).
 */
int engine_top(struct engine *e, struct container *c, char *const *words, struct table *ret,
	       struct fail *f) MUST_USE;

/* `ps WORDS` run in the container; what it printed, without the line of ps itself. */
int top_ps(struct engine *e, struct container *c, char *const *words, struct str *ret, struct fail *f) MUST_USE;

/* The words there are, in their order: for messages and completion. NULL-terminated, the caller's to free. */
char **top_words(void) MUST_USE;

/* The pure half of engine_top. PASSWD and GROUP: the container's files, "" when it has none. NOW: since 1970. */
struct top_names {
	const char *passwd, *group;
};
int top_table(const struct procs *procs, char *const *words, const struct top_names *names, int64_t now,
	      struct table *ret) MUST_USE;

#endif
