// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/health.h"

#include <errno.h>
#include <string.h>

#include "pkg/engine/exec.h"
#include "pkg/engine/spec.h"
#include "pkg/engine/wait.h"
#include "pkg/util/mem.h"
#include "runtime/monitor/ask.h"

enum { HEALTH_JSON_MAX = 8 * 1024 * 1024 };

bool health_args(const struct health_test *t, char ***ret)
{
	const char *first = t->test ? t->test[0] : NULL;
	char **v = NULL;

	if (!first || !*first || !strcmp(first, "NONE"))
		return false;
	if (!strcmp(first, "CMD")) {
		if (!t->test[1] || !*t->test[1])
			return false;
		strv_add_all(&v, t->test + 1);
	} else if (!strcmp(first, "CMD-SHELL")) {
		/* An image's SHELL isn't asked for, as in podman. */
		strv_add(&v, "/bin/sh");
		strv_add(&v, "-c");
		strv_add_take(&v, strv_join(t->test + 1, " "));
	} else {
		strv_add_all(&v, t->test);
	}
	if (ret)
		*ret = v;
	else
		strv_free(v);
	return true;
}

int health_process(const struct container_config *c, const struct health_test *t, struct spec_process *ret,
		   struct fail *f)
{
	const struct exec_opts o = { 0 };
	auto_strv char **args = NULL;

	return health_args(t, &args) ? spec_build_exec(c, &o, args, ret, f) : 0;
}

struct health_plan health_plan(const struct health_config *h, const struct spec_process *check,
			       const struct spec_process *startup)
{
	return (struct health_plan){
		.process = check->args ? check : NULL,
		.interval = h->check.interval,
		.timeout = h->check.timeout,
		.start_period = h->check.start_period,
		.retries = h->check.retries,
		.startup = startup->args ? startup : NULL,
		.startup_interval = h->startup.interval,
		.startup_timeout = h->startup.timeout,
		.startup_retries = h->startup.retries,
		.startup_successes = h->startup.successes,
		.action = (enum health_action)h->action,
		.log_count = h->log_count,
		.log_size = h->log_size,
	};
}

json_t *health_state_json(const struct container *c)
{
	struct fail ignored = { 0 };
	json_t *j = NULL;

	if (health_args(&c->config.health.check, NULL))
		j = jsonf_load(c->dir_fd, "health.json", HEALTH_JSON_MAX, &ignored);
	if (json_is_object(j))
		return j;
	json_decref(j);
	return json_pack("{s:s, s:i, s:n}", "Status", "", "FailingStreak", 0, "Log");
}

static void put_number(json_t *o, const char *key, int64_t n)
{
	if (n)
		json_object_set_new(o, key, json_integer(n));
}

json_t *health_test_json(const struct health_test *t)
{
	json_t *o;

	if (!t->test)
		return NULL;
	o = json_pack("{s:o}", "Test", jsonf_strv(t->test));
	if (t->test[0] && !strcmp(t->test[0], "NONE"))
		return o;
	put_number(o, "StartPeriod", t->start_period);
	put_number(o, "Interval", t->interval);
	put_number(o, "Timeout", t->timeout);
	put_number(o, "Retries", t->retries);
	put_number(o, "Successes", t->successes);
	return o;
}

/*
 * What podman's user sees after the check that made a container unhealthy: it has been killed, stopped or
 * restarted by then. An unhealthy one with such an action is about to be.
 */
static void await_action(const struct container *c)
{
	struct fail ignored = { 0 };
	struct state now = { 0 };

	if (c->config.health.action == HEALTH_ACT_NONE)
		return;
	/* That its record says nothing any more is what is waited for. */
	if (state_load(c->dir_fd, &now, &ignored) == 0 && now.started_at == c->state.started_at &&
	    now.health == HEALTH_UNHEALTHY)
		wait_run_over(c->dir_fd, &now, c->config.health.action == HEALTH_ACT_RESTART);
	state_done(&now);
}

int engine_health_run(struct engine *e, const char *name, struct fail *f)
{
	auto_container struct container c = CONTAINER_INIT;
	int r = container_open(e, name, &c, f);

	if (r < 0)
		return fail_in(f, r, "unable to look up %s to perform a health check", name);
	if (c.state.status != STATUS_RUNNING)
		return refuse(f, ESRCH, "container %s is not running", c.id);
	if (!health_args(&c.config.health.check, NULL))
		return refuse(f, EINVAL, "container %s has no defined healthcheck", c.id);
	r = ask_check(c.state.run_dir, c.id, f);
	if (r == 1)
		await_action(&c);
	return r;
}
