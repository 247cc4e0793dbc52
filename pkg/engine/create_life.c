// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/create_life.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "pkg/engine/bind.h"
#include "pkg/engine/health.h"
#include "pkg/util/mem.h"
#include "pkg/util/time.h"
#include "runtime/monitor/health.h"
#include "runtime/monitor/restart.h"

enum { RETRIES_DEFAULT = 3, LOG_COUNT_DEFAULT = 5, LOG_SIZE_DEFAULT = 500 };
#define BLANKS " \t\n"
#define INTERVAL_DEFAULT (30 * TIME_SECOND)
#define TIMEOUT_DEFAULT (30 * TIME_SECOND)

/* --- the life --- */

static int set_life(const struct run_opts *o, struct container_config *c, struct fail *f)
{
	struct restart_policy policy;
	int r = restart_parse(o->life.restart, &policy, f);

	if (r < 0)
		return r;
	/* A container that fails may be tried again before it goes; one that always runs again never goes. */
	if (o->life.rm && (policy.kind == RESTART_ALWAYS || policy.kind == RESTART_UNLESS_STOPPED))
		return refuse(f, EINVAL, "the --rm option conflicts with --restart, when the restartPolicy is not "
			      "\"\" and \"no\"");
	if (o->life.timeout < 0)
		return refuse(f, EINVAL, "invalid --timeout %d: seconds are wanted", o->life.timeout);
	r = bind_check(o->life.bind_to, f);
	if (r < 0)
		return r;
	c->life.restart = mem_strdup(o->life.restart);
	c->life.timeout = o->life.timeout;
	c->life.bind_to = mem_strdup(o->life.bind_to);
	c->life.conmon_pidfile = mem_strdup(o->life.conmon_pidfile);
	return 0;
}

/* --- health checks --- */

/* NULL unless TEXT is an array of strings. */
static char **parse_words(const char *text)
{
	auto_json json_t *j = json_loads(text, 0, NULL);
	auto_strv char **v = NULL;
	json_t *item;
	size_t i;

	if (!json_is_array(j))
		return NULL;
	json_array_foreach(j, i, item) {
		if (!json_is_string(item))
			return NULL;
		strv_add(&v, json_string_value(item));
	}
	return mem_take(&v);
}

/* What follows the first word, as it was typed. */
static char *after_word(const char *text)
{
	text += strspn(text, BLANKS);
	text += strcspn(text, BLANKS);
	return mem_strdup(text + strspn(text, BLANKS));
}

char **health_test_parse(const char *text)
{
	auto_strv char **words = parse_words(text);
	auto_strv char **parts = words ? NULL : strv_split(text, BLANKS, true);
	char *const *first = words ? words : parts;
	char **v = NULL;

	if (!first || !first[0])
		return NULL;
	if (!strcasecmp(first[0], "NONE") && !first[1]) {
		strv_add(&v, "NONE");
	} else if (!strcasecmp(first[0], "CMD") && first[1]) {
		strv_add(&v, "CMD");
		strv_add_all(&v, first + 1);
	} else if (!strcasecmp(first[0], "CMD-SHELL") && first[1]) {
		strv_add(&v, "CMD-SHELL");
		strv_add_take(&v, words ? strv_join(first + 1, " ") : after_word(text));
	} else if (words && words[1]) {
		strv_add(&v, "CMD");
		strv_add_all(&v, words);
	} else {
		strv_add(&v, "CMD-SHELL");
		strv_add(&v, words ? words[0] : text);
	}
	return v;
}

static int parse_time(const char *text, const char *what, int64_t *ret, struct fail *f)
{
	if (!text)
		return 0;
	if (!strcmp(text, "disable") && !strcmp(what, "interval")) {
		*ret = 0;
		return 0;
	}
	if (time_parse_span(text, ret) < 0)
		return refuse(f, EINVAL, "invalid healthcheck-%s: time: invalid duration \"%.40s\"", what, text);
	return 0;
}

static int set_times(const char *interval, const char *timeout, const char *start_period, struct health_test *t,
		     struct fail *f)
{
	int r = parse_time(interval, "interval", &t->interval, f);

	if (r == 0)
		r = parse_time(timeout, "timeout", &t->timeout, f);
	if (r == 0)
		r = parse_time(start_period, "start-period", &t->start_period, f);
	if (r < 0)
		return r;
	/* podman takes a negative interval, and systemd's timer then never runs. */
	if (t->interval < 0)
		return refuse(f, EINVAL, "healthcheck-interval must be 0 seconds or greater");
	if (t->timeout <= 0)
		return refuse(f, EINVAL, "healthcheck-timeout must be at least 1 second");
	if (t->start_period < 0)
		return refuse(f, EINVAL, "healthcheck-start-period must be 0 seconds or greater");
	return 0;
}

static void from_image(const struct image_healthcheck *i, struct health_test *t)
{
	t->test = strv_dup(i->test);
	if (i->interval > 0)
		t->interval = i->interval;
	if (i->timeout > 0)
		t->timeout = i->timeout;
	if (i->start_period > 0)
		t->start_period = i->start_period;
	if (i->retries > 0)
		t->retries = i->retries;
}

static int set_check(const struct health_group *g, const struct image_config *image, struct health_test *t,
		     struct fail *f)
{
	*t = (struct health_test){ .interval = INTERVAL_DEFAULT, .timeout = TIMEOUT_DEFAULT,
				   .retries = RETRIES_DEFAULT };
	if (g->off) {
		strv_add(&t->test, "NONE");
		return 0;
	}
	if (g->cmd && *g->cmd) {
		t->test = health_test_parse(g->cmd);
		if (!t->test)
			return refuse(f, EINVAL, "must define a healthcheck command for all healthchecks");
	} else if (image) {
		from_image(&image->config.healthcheck, t);
	}
	if (!t->test)
		return 0;
	if (g->retries != HEALTH_UNSET) {
		if (g->retries < 1)
			return refuse(f, EINVAL, "healthcheck-retries must be greater than 0");
		t->retries = g->retries;
	}
	return set_times(g->interval, g->timeout, g->start_period, t, f);
}

static int set_startup(const struct health_group *g, struct health_config *h, struct fail *f)
{
	struct health_test *t = &h->startup;

	if (!g->startup_cmd || !*g->startup_cmd)
		return 0;
	if (!health_args(&h->check, NULL))
		return refuse(f, EINVAL, "startup healthcheck requires that a healthcheck is also set");
	*t = (struct health_test){ .interval = INTERVAL_DEFAULT, .timeout = TIMEOUT_DEFAULT };
	t->test = health_test_parse(g->startup_cmd);
	if (!t->test)
		return refuse(f, EINVAL, "must define a healthcheck command for all healthchecks");
	if (g->startup_retries < HEALTH_UNSET || g->startup_success < HEALTH_UNSET)
		return refuse(f, EINVAL, "startup healthcheck retries and successes are numbers from 0 on");
	t->retries = g->startup_retries == HEALTH_UNSET ? 0 : g->startup_retries;
	t->successes = g->startup_success == HEALTH_UNSET ? 0 : g->startup_success;
	return set_times(g->startup_interval, g->startup_timeout, NULL, t, f);
}

static int set_action(const struct health_group *g, struct health_config *h, struct fail *f)
{
	if (!g->on_failure)
		return 0;
	for (int i = 0; health_action_names[i]; i++) {
		if (strcmp(g->on_failure, health_action_names[i]))
			continue;
		h->action = i;
		if (i != HEALTH_ACT_NONE && !health_args(&h->check, NULL))
			return refuse(f, EINVAL, "cannot set on-failure action to %s without a health check",
				      g->on_failure);
		return 0;
	}
	return refuse(f, EINVAL, "invalid on-failure action \"%.40s\" for health check: supported actions are "
		      "none,kill,restart,stop", g->on_failure);
}

static int set_health(const struct run_opts *o, const struct image_config *image, struct container_config *c,
		      struct fail *f)
{
	const struct health_group *g = &o->health;
	struct health_config *h = &c->health;
	int r;

	if (g->off && g->cmd && *g->cmd)
		return refuse(f, EINVAL, "cannot specify both --no-healthcheck and --health-cmd");
	if (g->log_destination && strcmp(g->log_destination, "local"))
		return refuse(f, ENOTSUP, "--health-log-destination '%.60s' is not supported: only local is",
			      g->log_destination);
	if (g->max_log_count < HEALTH_UNSET || g->max_log_size < HEALTH_UNSET)
		return refuse(f, EINVAL, "--health-max-log-count and --health-max-log-size are numbers from 0 on");
	r = set_check(g, image, &h->check, f);
	if (r == 0)
		r = set_startup(g, h, f);
	if (r == 0)
		r = set_action(g, h, f);
	h->log_count = g->max_log_count == HEALTH_UNSET ? LOG_COUNT_DEFAULT : g->max_log_count;
	h->log_size = g->max_log_size == HEALTH_UNSET ? LOG_SIZE_DEFAULT : g->max_log_size;
	return r;
}

int create_life(const struct run_opts *o, const struct image_config *image, struct container_config *c,
		struct fail *f)
{
	int r = set_life(o, c, f);

	return r < 0 ? r : set_health(o, image, c, f);
}
