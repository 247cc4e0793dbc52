/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_EACH_H
#define CMD_EACH_H

#include "cmd/app.h"
#include "pkg/engine/container.h"

/*
 * What stop, kill, rm and start have in common: the containers named by the operands, or all, in
 * turn; one that fails is reported and the rest goes on, as in podman. FN prints what it did.
 */
struct each {
	bool all;		/* --all: every container for which WANTED says so */
	bool ignore;		/* --ignore: a missing one is no failure */
	bool (*wanted)(const struct container *c);
	int (*fn)(struct app *app, struct container *c, const char *typed, void *opts, struct fail *f);
	void *opts;
	char **cidfiles;	/* --cidfile: more operands */
};

/* 0, or the last failure's exit status; *F is set only when nothing could be tried. */
int each_container(struct app *app, const struct each *e, char *const *names, int n, struct fail *f) MUST_USE;

#endif
