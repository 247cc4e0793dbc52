/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_HEALTH_H
#define PKG_ENGINE_HEALTH_H

#include <jansson.h>
#include <stdbool.h>

#include "pkg/engine/container.h"
#include "pkg/oci/spec.h"
#include "runtime/monitor/health.h"

/* Health checks: the engine's side. What runs them is the monitor (runtime/monitor/health.h). */

/* What a check runs, in *RET (NULL: not wanted; the caller frees). False: there is no check. */
bool health_args(const struct health_test *t, char ***ret);

/* The process of a check: as an exec without options. Left empty when there is none. */
int health_process(const struct container_config *c, const struct health_test *t, struct spec_process *ret,
		   struct fail *f) MUST_USE;

/* For the monitor; CHECK and STARTUP, from health_process, must live as long as the plan. */
struct health_plan health_plan(const struct health_config *h, const struct spec_process *check,
			       const struct spec_process *startup);

/* As inspect shows it: State.Health, and Config.Healthcheck (NULL: there is none); new references. */
json_t *health_state_json(const struct container *c) MUST_USE;
json_t *health_test_json(const struct health_test *t) MUST_USE;

/*
 * Runs the check of container NAME now: 0 passed, 1 failed, 2 failed before the start-up was over. When that made
 * it unhealthy, its --health-on-failure has been carried out by the return.
 */
int engine_health_run(struct engine *e, const char *name, struct fail *f) MUST_USE;

#endif
