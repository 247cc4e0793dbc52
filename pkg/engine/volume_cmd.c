// SPDX-License-Identifier: Apache-2.0
/* What the command `volume` does. */
#include <errno.h>
#include <string.h>

#include "pkg/engine/container.h"
#include "pkg/engine/event.h"
#include "pkg/engine/filter.h"
#include "pkg/engine/remove.h"
#include "pkg/engine/volumes.h"
#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "storage/volume.h"

/* Statuses of `volume rm` that scripts know. */
enum { VOLUME_MISSING = 1, VOLUME_IN_USE = 2 };

static int check_labels(char *const *labels, char ***ret, struct fail *f)
{
	strv_each(it, labels) {
		auto_free char *entry = strchr(*it, '=') ? mem_strdup(*it) : mem_printf("%s=", *it);

		if (*entry == '=')
			return refuse(f, EINVAL, "invalid label '%.60s': the name is empty", *it);
		strv_env_set(ret, entry);
	}
	return 0;
}

int engine_volume_create(struct engine *e, const struct volume_opts *o, const char *name, char **ret, struct fail *f)
{
	auto_volume struct volume v = { .name = mem_strdup(name && *name ? name : NULL) };
	int r;

	if (o->driver && *o->driver && strcmp(o->driver, "local"))
		return refuse(f, ENOTSUP, "volume driver \"%.60s\": only local is there", o->driver);
	if (o->options)
		return refuse(f, ENOTSUP, "the option '%.60s' of a volume is not supported yet: volumes are folders of the "
			      "store", o->options[0]);
	r = check_labels(o->labels, &v.labels, f);
	if (r == 0)
		r = volume_make(&e->store, &v, f);
	if (r == -EEXIST && o->ignore)
		fail_clear(f);
	else if (r < 0)
		return r;
	else
		event_volume(&e->store, "create", v.name);
	*ret = mem_strdup(v.name);
	return 0;
}

static json_t *volume_json(struct engine *e, const struct volume *v)
{
	auto_free char *path = volume_path(&e->store, v->name);
	char at[TIME_TEXT_MAX];
	bool fresh = volume_is_fresh(&e->store, v->name);
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:o}", "Name", v->name, "Driver", "local", "Mountpoint", path,
			      "CreatedAt", time_format(v->created, at), "Labels", jsonf_map(v->labels),
			      "Scope", "local", "Options", jsonf_map(v->options));

	if (v->anonymous)
		json_object_set_new(o, "Anonymous", json_true());
	json_object_set_new(o, "MountCount", json_integer(0));
	if (fresh) {
		json_object_set_new(o, "NeedsCopyUp", json_true());
		json_object_set_new(o, "NeedsChown", json_true());
	}
	return o;
}

json_t *engine_volume_omitted(void)
{
	return json_pack("{s:{}, s:b, s:i, s:i, s:i, s:s, s:b, s:b}", "Status", "Anonymous", 0, "UID", 0, "GID", 0,
			 "Timeout", 0, "StorageID", "", "NeedsCopyUp", 0, "NeedsChown", 0);
}

int engine_volume_inspect(struct engine *e, const char *text, json_t **ret, struct fail *f)
{
	auto_volume struct volume v = { .name = NULL };
	auto_free char *name = NULL;
	int r = volume_find(&e->store, text, &name, f);

	if (r == 0)
		r = volume_load(&e->store, name, &v, f);
	if (r == 0)
		*ret = volume_json(e, &v);
	return r;
}

/* --- filters --- */

struct candidate {
	const struct volume *v;
	bool used;
	int64_t since;
};

static bool match_name(const char *value, const void *ctx)
{
	return filter_regex(value, ((const struct candidate *)ctx)->v->name);
}

static bool match_driver(const char *value, const void *ctx)
{
	(void)ctx;
	return !strcmp(value, "local");
}

static bool match_bool(const char *value, bool is)
{
	bool want;

	return str_to_bool(value, &want) == 0 && want == is;
}

static bool match_dangling(const char *value, const void *ctx)
{
	return match_bool(value, !((const struct candidate *)ctx)->used);
}

static bool match_anonymous(const char *value, const void *ctx)
{
	return match_bool(value, ((const struct candidate *)ctx)->v->anonymous);
}

static bool match_opt(const char *value, const void *ctx)
{
	const struct volume *v = ((const struct candidate *)ctx)->v;
	auto_free char *key = mem_strndup(value, strcspn(value, "="));
	const char *is = strv_env_get(v->options, key);

	return is && (!strchr(value, '=') || !strcmp(strchr(value, '=') + 1, is));
}

static bool match_until(const char *value, const void *ctx)
{
	int64_t t;

	return time_parse(value, time_now(), &t) == 0 && ((const struct candidate *)ctx)->v->created < t;
}

static bool match_since(const char *value, const void *ctx)
{
	const struct candidate *c = ctx;

	(void)value;
	return c->v->created > c->since;
}

static bool holds(const struct candidate *c, char *const *fl)
{
	return filter_any(fl, "name", match_name, c) && filter_any(fl, "driver", match_driver, c) &&
	       filter_any(fl, "scope", match_driver, c) && filter_any(fl, "dangling", match_dangling, c) &&
	       filter_any(fl, "anonymous", match_anonymous, c) && filter_any(fl, "opt", match_opt, c) &&
	       filter_any(fl, "until", match_until, c) && filter_any(fl, "since", match_since, c) &&
	       filter_any(fl, "after", match_since, c) && filter_labels(fl, c->v->labels);
}

static int find_since(struct engine *e, char *const *filters, int64_t *ret, struct fail *f)
{
	*ret = 0;
	strv_each(it, filters) {
		auto_volume struct volume v = { .name = NULL };
		const char *value = str_starts(*it, "since=") || str_starts(*it, "after=") ? *it + 6 : NULL;
		int r = value ? volume_load(&e->store, value, &v, f) : 0;

		if (r < 0)
			return r;
		if (v.created > *ret)
			*ret = v.created;
	}
	return 0;
}

/* Calls FN for each that the filters hold for and, with UNUSED, no container uses. */
static int each_volume(struct engine *e, char *const *filters, bool unused, int (*fn)(struct engine *e,
		       const struct volume *v, void *ctx, struct fail *f), void *ctx, struct fail *f)
{
	static const char *const keys[] = { "anonymous", "dangling", "driver", "label", "label!", "name", "opt", "scope",
					    "after", "since", "until", NULL };
	auto_strv char **names = NULL, **users = NULL, **broken = NULL;
	int64_t since = 0;
	int r = filter_check(filters, keys, f);

	if (r == 0)
		r = find_since(e, filters, &since, f);
	if (r == 0)
		r = volume_list(&e->store, &names, f);
	if (r == 0 && (unused || filter_has(filters, "dangling")))
		r = volume_users(&e->store, &users, &broken, f);
	strv_each(it, broken)
		e->warn("container %.12s may use any volume, so all count as used: %.300s", *it, strchr(*it, '=') + 1);
	for (char **it = names; r == 0 && it && *it; it++) {
		auto_volume struct volume v = { .name = NULL };
		struct candidate c = { .v = &v, .used = broken || strv_env_get(users, *it), .since = since };

		if (volume_load(&e->store, *it, &v, f) < 0) {
			/* Removed meanwhile is no failure; a broken one doesn't hide the others. */
			if (f->code != ENOENT)
				e->warn("%s", f->msg);
			fail_clear(f);
			continue;
		}
		if (holds(&c, filters) && !(unused && c.used))
			r = fn(e, &v, ctx, f);
	}
	return r;
}

static int list_one(struct engine *e, const struct volume *v, void *ctx, struct fail *f)
{
	(void)f;
	json_array_append_new(ctx, volume_json(e, v));
	return 0;
}

int engine_volumes(struct engine *e, char *const *filters, json_t **ret, struct fail *f)
{
	*ret = json_array();
	return each_volume(e, filters, false, list_one, *ret, f);
}

/* --- removal --- */

struct pruning {
	char ***names;
	bool dry_run;
};

static int prune_one(struct engine *e, const struct volume *v, void *ctx, struct fail *f)
{
	struct pruning *p = ctx;
	int r = p->dry_run ? 0 : volume_remove(&e->store, v->name, f);

	if (r == 0)
		strv_add(p->names, v->name);
	if (r == 0 && !p->dry_run)
		event_volume(&e->store, "remove", v->name);
	return r;
}

int engine_volume_prune(struct engine *e, char *const *filters, bool dry_run, char ***ret, struct fail *f)
{
	struct pruning p = { ret, dry_run };
	auto_fd int lock = volume_lock(&e->store, true, f);

	*ret = NULL;
	return lock < 0 ? lock : each_volume(e, filters, true, prune_one, &p, f);
}

static char **users_of(char *const *users, const char *name)
{
	size_t n = strlen(name);
	char **ids = NULL;

	strv_each(it, users)
		if (!strncmp(*it, name, n) && (*it)[n] == '=' && !strv_has(ids, *it + n + 1))
			strv_add(&ids, *it + n + 1);
	return ids;
}

/* Without the lock: removing a container may need it. */
static int remove_users(struct engine *e, const char *name, int timeout, struct fail *f)
{
	auto_strv char **users = NULL, **broken = NULL;
	auto_strv char **ids = NULL;
	int r = volume_users(&e->store, &users, &broken, f);

	if (r < 0)
		return r;
	ids = users_of(users, name);
	for (char **it = ids; r == 0 && it && *it; it++) {
		auto_container struct container c = CONTAINER_INIT;

		r = container_open_id(e, *it, &c, f);
		if (r == 0)
			r = engine_remove(e, &c, true, timeout, f);
		if (r == -ENOENT) {
			fail_clear(f);
			r = 0;
		}
	}
	return r;
}

int engine_volume_remove(struct engine *e, const char *text, bool force, int timeout, char **ret, struct fail *f)
{
	auto_strv char **users = NULL, **ids = NULL, **broken = NULL;
	auto_fd int lock = -EBADF;
	int r = volume_find(&e->store, text, ret, f);

	if (r == -ENOENT)
		f->status = VOLUME_MISSING;
	if (r == 0 && force)
		r = remove_users(e, *ret, timeout, f);
	if (r < 0)
		return r;
	lock = volume_lock(&e->store, true, f);
	if (lock < 0)
		return lock;
	r = volume_users(&e->store, &users, &broken, f);
	if (r < 0)
		return r;
	ids = users_of(users, *ret);
	if (ids) {
		auto_free char *list = strv_join(ids, ", ");

		r = refuse(f, EBUSY, "volume %s is being used by the following container(s): %.900s: volume is being used", *ret,
			   list);
		f->status = VOLUME_IN_USE;
		fail_hint(f, "rbox rm %.12s (volume rm -f removes its containers too, running or not)", ids[0]);
		return r;
	}
	/* FORCE: all that could be seen to use it have gone. */
	if (broken && !force) {
		r = refuse(f, EBUSY, "volume %s may be used by container %.12s, which can't be asked: %.400s: volume is being "
			   "used", *ret, broken[0], strchr(broken[0], '=') + 1);
		f->status = VOLUME_IN_USE;
		fail_hint(f, "rbox rm -f %.12s, or, if no such container needs it, rbox volume rm -f %s", broken[0], *ret);
		return r;
	}
	r = volume_remove(&e->store, *ret, f);
	if (r == 0)
		event_volume(&e->store, "remove", *ret);
	return r;
}
