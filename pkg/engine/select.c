// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/select.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "pkg/engine/container.h"
#include "pkg/engine/ps.h"
#include "pkg/util/file.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

enum { CIDFILE_MAX = 64 * 1024 };

int select_check(const struct select_opts *o, const struct select_rule *rule, size_t n_names, struct fail *f)
{
	bool files = o->cidfiles != NULL, all = o->all;

	if (files && (all || o->latest))
		return refuse(f, EINVAL, "--all, --latest, and --cidfile cannot be used together");
	if (all && o->latest)
		return refuse(f, EINVAL, "--all and --latest cannot be used together");
	if (n_names && o->filters && !rule->filter_names)
		return refuse(f, EINVAL, "--filter takes no arguments");
	if (n_names && all)
		return refuse(f, EINVAL, "no arguments are needed with --all");
	if (n_names && o->latest)
		return refuse(f, EINVAL, "--latest and containers cannot be used together");
	if (n_names && files)
		return refuse(f, EINVAL, "no arguments are needed with --latest or --cidfile");
	if (!n_names && !all && !o->latest && !files && !o->filters && !o->running)
		return refuse(f, EINVAL, "you must provide at least one name or id");
	return 0;
}

void selection_done(struct selection *s)
{
	for (size_t i = 0; i < s->n; i++)
		mem_free_ptr(&s->v[i].shown);
	mem_free_ptr(&s->v);
	s->n = 0;
}

static void add(struct selection *s, const char *id, const char *shown, bool typed)
{
	struct selected *one;

	s->v = mem_resize(s->v, s->n + 1, sizeof(*s->v));
	one = &s->v[s->n++];
	*one = (struct selected){ .shown = mem_strdup(shown), .missing = !id, .typed = typed };
	if (id)
		memcpy(one->id, id, CTR_ID_LEN);
}

static int add_name(struct engine *e, const struct select_opts *o, const struct select_rule *rule,
		    const char *name, struct selection *s, struct fail *f)
{
	char id[CTR_ID_LEN + 1];
	int r = container_find(e, name, id, f);

	if (r == -ENOENT && (o->ignore || rule->some_left_out)) {
		fail_clear(f);
		/* With --ignore nobody hears of it, except wait, which prints a line for each name. */
		if (rule->some_left_out)
			add(s, NULL, name, true);
		return 0;
	}
	if (r < 0)
		return r;
	add(s, id, name, true);
	return 0;
}

static int add_file(struct engine *e, const struct select_opts *o, const struct select_rule *rule,
		    const char *path, struct selection *s, struct fail *f)
{
	auto_str struct str text = STR_INIT(CIDFILE_MAX);
	auto_free char *id = NULL;
	int r = file_read_linked(AT_FDCWD, path, &text);

	/* systemd units stop by a file that the start may never have written. */
	if (r == -ENOENT && o->ignore)
		return 0;
	if (r < 0)
		return fail(f, -r, "reading CIDFile: open %s", path);
	id = mem_strndup(str_cstr(&text), strcspn(str_cstr(&text), "\n"));
	return add_name(e, o, rule, id, s, f);
}

/* What ps says, oldest first. */
static int add_listed(struct engine *e, struct ps_opts *ps, struct selection *s, struct fail *f)
{
	auto_json json_t *rows = NULL;
	int r = engine_ps(e, ps, &rows, f);

	if (r < 0)
		return r;
	for (size_t i = json_array_size(rows); i > 0; i--) {
		const char *id = json_string_value(json_object_get(json_array_get(rows, i - 1), "Id"));

		add(s, id, id, false);
	}
	return 0;
}

static bool has(const struct selection *s, const char *id)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->v[i].id, id))
			return true;
	return false;
}

/* Of S only those that are in AMONG, in the order of S. */
static void keep(struct selection *s, const struct selection *among)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (has(among, s->v[i].id))
			s->v[n++] = s->v[i];
		else
			mem_free_ptr(&s->v[i].shown);
	}
	s->n = n;
}

static int add_named(struct engine *e, const struct select_opts *o, const struct select_rule *rule,
		     char *const *names, struct selection *s, struct fail *f)
{
	int r = 0;

	strv_each(it, names) {
		r = add_name(e, o, rule, *it, s, f);
		if (r < 0)
			return r;
	}
	strv_each(it, o->cidfiles) {
		r = add_file(e, o, rule, *it, s, f);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_all(struct engine *e, struct selection *s, struct fail *f)
{
	auto_strv char **ids = NULL;
	int r = ctr_list(&e->store, &ids, f);

	strv_each(it, ids)
		add(s, *it, *it, false);
	return r;
}

int engine_select(struct engine *e, const struct select_opts *o, const struct select_rule *rule,
		  char *const *names, struct selection *ret, struct fail *f)
{
	struct ps_opts ps = { .all = !o->running, .filters = o->filters, .last = o->latest && !o->filters };
	auto_selection struct selection listed = { NULL, 0 };
	int r = select_check(o, rule, strv_len(names), f);

	*ret = (struct selection){ NULL, 0 };
	if (r < 0)
		return r;
	if (strv_len(names) || o->cidfiles) {
		r = add_named(e, o, rule, names, ret, f);
		if (r == 0 && o->filters)
			r = add_listed(e, &ps, &listed, f);
		if (r == 0 && o->filters)
			keep(ret, &listed);
		return r;
	}
	if (o->all && !o->filters && !o->running)
		return add_all(e, ret, f);
	r = add_listed(e, &ps, ret, f);
	if (r == 0 && !ret->n && o->latest && !o->filters && o->ignore && rule->some_left_out)
		add(ret, NULL, "", false);
	else if (r == 0 && !ret->n && o->latest && !o->filters)
		return refuse(f, ENOENT, "no such container");
	return r;
}

int select_one(struct engine *e, bool latest, const char *name, char **ret, struct fail *f)
{
	auto_selection struct selection s = { NULL, 0 };
	int r;

	*ret = NULL;
	if (latest && name)
		return refuse(f, EINVAL, "--latest and containers cannot be used together");
	if (name) {
		*ret = mem_strdup(name);
		return 0;
	}
	r = engine_select(e, &(struct select_opts){ .latest = latest }, &(struct select_rule){ 0 }, NULL, &s, f);
	if (r == 0)
		*ret = mem_strdup(s.v[0].id);
	return r;
}
