// SPDX-License-Identifier: Apache-2.0
#include "cmd/each.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

static int one(struct app *app, const struct each *e, const char *name, bool by_id, struct fail *f)
{
	auto_container struct container c = CONTAINER_INIT;
	int r = by_id ? container_open_id(&app->engine, name, &c, f) : container_open(&app->engine, name, &c, f);

	if (r == -ENOENT && (by_id || e->ignore)) {
		fail_clear(f);
		return 0;
	}
	if (r < 0)
		return r;
	if (by_id && e->wanted && !e->wanted(&c))
		return 0;
	return e->fn(app, &c, by_id ? c.id : name, e->opts, f);
}

static int read_cidfiles(char *const *files, char ***names, struct fail *f)
{
	strv_each(it, files) {
		auto_str struct str s = STR_INIT(256);
		int r = file_read_linked(AT_FDCWD, *it, &s);

		if (r < 0)
			return fail(f, -r, "read the container id file '%s'", *it);
		if (s.len && s.s[s.len - 1] == '\n')
			s.s[s.len - 1] = '\0';
		strv_add(names, str_cstr(&s));
	}
	return 0;
}

int each_container(struct app *app, const struct each *e, char *const *names, int n, struct fail *f)
{
	auto_strv char **todo = NULL;
	int worst = 0, r = 0;

	for (int i = 0; i < n; i++)
		strv_add(&todo, names[i]);
	r = read_cidfiles(e->cidfiles, &todo, f);
	if (r < 0)
		return r;
	if (e->all == (todo != NULL)) {
		(void)refuse(f, EINVAL, e->all ? "--all takes no names" : "you must provide at least one name or id");
		fail_hint(f, "rbox %s %s, or --all", app->path, app->command->args);
		return -EINVAL;
	}
	if (e->all)
		r = ctr_list(&app->engine.store, &todo, f);
	if (r < 0)
		return r;
	strv_each(it, todo) {
		r = one(app, e, *it, e->all, f);
		if (r < 0) {
			worst = fail_status(f);
			app_report(app, f);
		}
	}
	return worst;
}
