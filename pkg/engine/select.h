/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_SELECT_H
#define PKG_ENGINE_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pkg/engine/engine.h"
#include "storage/ctr.h"

/*
 * Which containers a command is about: one rule for all of them, podman's (its man pages podman-stop(1),
 * -rm(1), -start(1) ...; the refusals are its words).
 *
 * Everything is looked up before anything is done: one name that doesn't exist, or a short id that fits
 * two, and nothing happens to the others.
 */
struct select_opts {
	bool all;		/* --all */
	bool latest;		/* --latest: the newest container, whatever its state */
	bool running;		/* --running: of those that run (restart) */
	bool ignore;		/* --ignore: names and files that are missing are passed over */
	char **filters;		/* --filter KEY=VALUE as in ps, over containers of any state */
	char **cidfiles;	/* --cidfile: the id is each file's first line */
};

/* How a command differs. All zero is stop's, kill's, pause's ... rule. */
struct select_rule {
	bool some_left_out;	/* a missing name becomes an entry (MISSING) instead of a refusal: rm, wait */
	bool filter_names;	/* names may stand beside --filter, which chooses among them: start */
};

struct selected {
	char id[CTR_ID_LEN + 1];
	char *shown;		/* the name as typed; the whole id when it was chosen otherwise */
	bool missing;		/* nothing of that name; id is empty */
	bool typed;
	int64_t stop_asked;	/* for the caller: struct container's, while it isn't open */
};

struct selection {
	struct selected *v;
	size_t n;
};

/* Combinations that make no sense, and nothing asked for at all; N_NAMES operands. */
int select_check(const struct select_opts *o, const struct select_rule *rule, size_t n_names,
		 struct fail *f) MUST_USE;

/*
 * Checks and looks up. NAMES is NULL-terminated. In the order typed; --filter oldest first; --all by id.
 * Release with selection_done, also after a failure.
 */
int engine_select(struct engine *e, const struct select_opts *o, const struct select_rule *rule,
		  char *const *names, struct selection *ret, struct fail *f) MUST_USE;
void selection_done(struct selection *s);
#define auto_selection __attribute__((cleanup(selection_done)))

/*
 * For commands about one container, by name or --latest: its id as text that container_open and ctr_find
 * take. NAME is NULL with LATEST, else refused. Caller frees.
 */
int select_one(struct engine *e, bool latest, const char *name, char **ret, struct fail *f) MUST_USE;

#endif
