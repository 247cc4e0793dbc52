/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_EACH_H
#define CMD_EACH_H

#include <limits.h>

#include "cmd/app.h"
#include "pkg/engine/container.h"
#include "pkg/engine/select.h"

/*
 * What stop, kill, rm, start, pause ... have in common: the containers chosen by names, --all, --latest,
 * --filter or --cidfile (pkg/engine/select.h), in turn; one that fails is reported and the rest goes on,
 * as in podman. FN prints what it did: SHOWN is the name as typed, else the whole id.
 */
struct each {
	struct select_opts select;
	struct select_rule rule;
	/* With --all: whether it is one for this command; NULL: all are. */
	bool (*wanted)(const struct container *c);
	/* Called for all of them before FN is for the first, failures don't count; may be NULL. */
	void (*begin)(struct app *app, struct container *c, void *opts);
	int (*fn)(struct app *app, struct container *c, const char *shown, void *opts, struct fail *f);
	void *opts;
	bool wrecks;	/* those too whose files can't be read (container_open_wreck) */
};

/*
 * Operands argv[FIRST ..]. 0, or the exit status of the failures that were reported: 1 when one was that
 * (a missing container, rm), else 2 (one that runs, rm), else 125. *F is set only when nothing was tried.
 */
int each_container(struct app *app, const struct each *e, char *const *operands, struct fail *f) MUST_USE;

/* The rows of struct select_opts as member SELECT of TYPE; each command takes those that podman's has. */
#define EACH_LATEST(type) \
	OPT_FLAG('l', "latest", type, select.latest, "the newest container instead of a name")
#define EACH_FILTER(letter, type) \
	OPT_LIST(letter, "filter", type, select.filters, "KEY=VALUE", \
		 "those for which this holds, as in ps; several times")
#define EACH_CIDFILE(type) \
	OPT_LIST(0, "cidfile", type, select.cidfiles, "FILE", "read a container's id from there; several times")
#define EACH_IGNORE(type) \
	OPT_FLAG('i', "ignore", type, select.ignore, "a container that is missing is no failure")

/* -t, --time and docker's --timeout: TIME begins as EACH_TIME_UNSET and is read by each_time. */
enum { EACH_TIME_UNSET = INT_MIN };
#define EACH_TIME(type, help_) \
	OPT_INT('t', "time", type, time, "SECONDS", help_), OPT_INT(0, "timeout", type, time, "SECONDS", NULL)
/* What was typed is -1 or more. Called once, before anything is touched. */
int each_time_check(int typed, struct fail *f) MUST_USE;
/* Seconds for engine_stop: its own by default, -1 without limit. */
int each_time(int typed);

#endif
