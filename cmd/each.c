// SPDX-License-Identifier: Apache-2.0
#include "cmd/each.h"

#include <errno.h>

int each_time(int typed)
{
	return typed == EACH_TIME_UNSET ? LIFE_TIMEOUT_UNSET : typed;
}

int each_time_check(int typed, struct fail *f)
{
	return typed == EACH_TIME_UNSET || typed >= -1 ? 0 :
	       refuse(f, EINVAL, "invalid --time %d: seconds are wanted, or -1 to wait for ever", typed);
}

static int missing(const struct selected *s, struct fail *f)
{
	(void)refuse(f, ENOENT, "no container with name or ID \"%s\" found: no such container", s->shown);
	f->status = 1;
	return -ENOENT;
}

/* 1: C is open and wanted. 0: passed over. */
static int open_one(struct app *app, const struct each *e, const struct selected *s, struct container *c,
		    struct fail *f)
{
	int r;

	if (s->missing)
		return missing(s, f);
	r = e->wrecks ? container_open_wreck(&app->engine, s->id, c, f) : container_open_id(&app->engine, s->id, c, f);
	/* It was there a moment ago: somebody else removed it. */
	if (r == -ENOENT && (!s->typed || e->select.ignore)) {
		fail_clear(f);
		return 0;
	}
	if (r < 0)
		return r;
	return !e->select.all || !e->wanted || e->wanted(c);
}

static void begin(struct app *app, const struct each *e, struct selected *s)
{
	auto_container struct container c = CONTAINER_INIT;
	struct fail f = { 0 };

	if (s->missing || open_one(app, e, s, &c, &f) != 1)
		return;
	e->begin(app, &c, e->opts);
	s->stop_asked = c.stop_asked;
}

static int one(struct app *app, const struct each *e, const struct selected *s, struct fail *f)
{
	auto_container struct container c = CONTAINER_INIT;
	int r = open_one(app, e, s, &c, f);

	if (r <= 0)
		return r;
	c.stop_asked = s->stop_asked;
	return e->fn(app, &c, s->shown, e->opts, f);
}

int each_container(struct app *app, const struct each *e, char *const *operands, struct fail *f)
{
	auto_selection struct selection s = { NULL, 0 };
	int worst = 0, r = engine_select(&app->engine, &e->select, &e->rule, operands, &s, f);

	if (r == -EINVAL && !e->select.filters)
		fail_hint(f, "rbox %s %s", app->path, app->command->args);
	if (r < 0)
		return r;
	for (size_t i = 0; e->begin && s.n > 1 && i < s.n; i++)
		begin(app, e, &s.v[i]);
	for (size_t i = 0; i < s.n; i++) {
		r = one(app, e, &s.v[i], f);
		if (r < 0) {
			worst = !worst || fail_status(f) < worst ? fail_status(f) : worst;
			app_report(app, f);
		}
	}
	return worst;
}
