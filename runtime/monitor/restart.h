/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_MONITOR_RESTART_H
#define RUNTIME_MONITOR_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#include "pkg/util/fail.h"

/*
 * Restart policies, podman's words (podman-run(1), --restart): no, always, unless-stopped (the same
 * until the next boot, where a container that its user stopped stays so) and on-failure[:N], N times
 * at most. The monitor launches the container again itself, in the same process.
 *
 * Pure: what the kernel or the clock says is passed in.
 */
enum restart_kind { RESTART_NO, RESTART_ON_FAILURE, RESTART_ALWAYS, RESTART_UNLESS_STOPPED };
extern const char *const restart_names[];	/* by enum, NULL-terminated */

struct restart_policy {
	enum restart_kind kind;
	int max;		/* on-failure: so many restarts; 0: without limit */
};

/* NULL and "" are no. Messages are podman's. */
int restart_parse(const char *text, struct restart_policy *ret, struct fail *f) MUST_USE;

/* How a run ended. */
struct restart_case {
	int exit_code;
	int restarts;		/* since a user started it */
	bool stopped;		/* by its user, or because the system goes down */
	bool wanted;		/* by a health check: whatever the policy says */
};
bool restart_wanted(const struct restart_policy *p, const struct restart_case *c);

/*
 * The pause before the next run, in ns: 100 ms, doubled each time up to a minute, and back to 100 ms
 * once the container has run for 10 seconds (docker's figures; podman has no pause, and a container
 * that fails at once takes a CPU for itself there). LAST: the pause before, 0 for the first.
 */
int64_t restart_pause(int64_t last, int64_t ran);

/* What is to run again when the machine starts: always, and unless-stopped that no user stopped. */
bool restart_at_boot(const struct restart_policy *p, bool stopped_by_user);

#endif
