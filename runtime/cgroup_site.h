/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_CGROUP_SITE_H
#define RUNTIME_CGROUP_SITE_H

#include <stdbool.h>

#include "pkg/util/fail.h"

/*
 * Where the caller may make the cgroups of containers. A cgroup that has controllers for its children may hold no
 * process itself, and to be born into a cgroup takes the right to write to the common ancestor's
 * cgroup.procs (cgroups(7), "delegation containment"): it must be one that was delegated to us, whose
 * processes are ours to move. The rungs, from the best on:
 *
 *	CGROUP_LEAF	we are in <delegated>/rbox-leaf already: <delegated>
 *	CGROUP_OURS	the delegated cgroup holds nothing but rbox and its children, or we are a systemd unit's main
 *			process or process 1 of a cgroup namespace: all of it is moved to rbox-leaf
 *	CGROUP_NONE	others are in it (a shell, a CI job), or it isn't ours
 *
 * What belongs to us, but is a systemd unit's without Delegate=yes, isn't delegated: systemd would undo it.
 * rbox-leaf stays when rbox ends, since nobody can remove where he is; systemd removes it with the unit.
 */
enum cgroup_rung { CGROUP_NONE, CGROUP_LEAF, CGROUP_OURS };

struct cgroup_site {
	enum cgroup_rung rung;
	char *base;		/* the cgroup to make them in; of CGROUP_NONE: NULL */
	char **controllers;	/* what they can have */
	char *why;		/* of CGROUP_NONE: what keeps it from us, for a message */
	char *fix;		/* and the command that mends it; may be NULL */
};

/* Looks, and changes nothing. PARENT: --cgroup-parent; NULL or "": none was given. */
void cgroup_site_look(const char *parent, struct cgroup_site *ret);

/*
 * Looks and makes it ready: moves processes, enables controllers. A rung that turns out not to hold gives
 * CGROUP_NONE, which is no failure; its reason is looked for when one is WANTED only. To be called before
 * helpers are forked that aren't to be looked at. RUN_DIR: a folder that is the user's alone (0700), for the lock
 * that calls at the same time wait for (cgroup.lock in it).
 */
void cgroup_site_enter(const char *parent, bool wanted, const char *run_dir, struct cgroup_site *ret);

void cgroup_site_done(struct cgroup_site *s);
#define auto_site __attribute__((cleanup(cgroup_site_done)))

#endif
