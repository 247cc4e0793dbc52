/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_MONITOR_HEALTH_H
#define RUNTIME_MONITOR_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "pkg/oci/spec.h"
#include "runtime/state.h"

/*
 * Health checks (podman-run(1), --health-*): a command that the monitor runs in the container, at once
 * when it starts and an interval after each result, and what its results make of the container. While
 * there is a start-up check it runs instead, until it has passed often enough; the container is
 * "starting" until the first regular check that passes. A failure within START_PERIOD of the start
 * counts only once a check has passed. RETRIES failures in a row make it unhealthy.
 *
 * The results are in containers/<id>/health.json, as inspect shows them (State.Health), and the status
 * is in state.json.
 */
enum health_action { HEALTH_ACT_NONE, HEALTH_ACT_KILL, HEALTH_ACT_RESTART, HEALTH_ACT_STOP };
extern const char *const health_action_names[];	/* NULL-terminated */

struct health_plan {
	const struct spec_process *process;	/* its args are the check; NULL: no checks */
	int64_t interval, timeout, start_period;	/* ns; interval 0: only when asked for */
	int retries;
	const struct spec_process *startup;	/* NULL: no start-up check */
	int64_t startup_interval, startup_timeout;
	int startup_retries;		/* failures in a row that restart the container; 0: never */
	int startup_successes;		/* passes in a row that end the start-up; 0 as 1 */
	enum health_action action;	/* when it becomes unhealthy */
	int log_count, log_size;	/* results kept, bytes of output of each; 0: as many as fit */
};

/* The most that is kept of one check's output, and of results. */
enum { HEALTH_OUTPUT_MAX = 16 * 1024, HEALTH_LOG_MAX = 100 };

/* Where a container stands: a pure machine, fed with results. */
struct health {
	enum health_status status;
	int streak;			/* failures in a row that count */
	bool up;			/* the start-up check has passed, or there is none */
	bool passed;			/* a regular check has passed: the start period is over */
	int up_passed, up_failed;	/* of the start-up check, in a row */
};
enum health_verdict {
	HEALTH_GO_ON,
	HEALTH_AT_ONCE,		/* the start-up is over: the regular check is due now */
	HEALTH_TURNED,		/* it has just become unhealthy */
	HEALTH_GAVE_UP,		/* the start-up check has failed too often: restart it */
};
void health_start(struct health *h, const struct health_plan *p);
/* PASSED: of the check that health_start or the last result asked for. AGE: ns since the start. */
enum health_verdict health_feed(struct health *h, const struct health_plan *p, bool passed, int64_t age);

#endif
