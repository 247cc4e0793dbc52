// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/ps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/engine/config.h"
#include "pkg/engine/container.h"
#include "pkg/engine/filter.h"
#include "pkg/engine/summary.h"
#include "pkg/oci/ref.h"
#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "runtime/monitor/restart.h"
#include "runtime/state.h"
#include "storage/ctr.h"

static const char *const keys[] = { "id", "name", "label", "label!", "exited", "status", "ancestor", "before",
				    "since", "volume", "network", "until", "command", "health", "restart-policy",
				    "should-start-on-boot", NULL };

struct ps_row {
	char *id;
	struct summary summary;
	struct state state;
	struct container_config config;	/* only when it was needed */
};

struct ps_list {
	struct ps_row *v;
	size_t n;
};

static void list_done(struct ps_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		mem_free_ptr(&l->v[i].id);
		summary_done(&l->v[i].summary);
		state_done(&l->v[i].state);
		config_done(&l->v[i].config);
	}
	mem_free_ptr(&l->v);
}

static int load(struct engine *e, const char *id, bool full, struct ps_row *row, struct fail *f)
{
	auto_fd int dir = ctr_open(&e->store, id, f);
	int r = dir;

	if (r >= 0)
		r = summary_load(dir, &row->summary, f);
	if (r >= 0)
		r = state_load(dir, &row->state, f);
	if (r >= 0 && full)
		r = config_load(dir, &row->config, f);
	row->id = mem_strdup(id);
	return r;
}

static int load_all(struct engine *e, bool full, struct ps_list *l, struct fail *f)
{
	auto_strv char **ids = NULL;
	int r = ctr_list(&e->store, &ids, f);

	if (r < 0)
		return r;
	l->v = mem_array(strv_len(ids), sizeof(*l->v));
	strv_each(it, ids) {
		struct ps_row *row = &l->v[l->n++];

		r = load(e, *it, full, row, f);
		if (r == 0)
			continue;
		if (r != -ENOENT)
			e->warn("container %.12s can't be read: %s", *it, f->msg);
		fail_clear(f);
		list_done(&(struct ps_list){ .v = mem_dup(row, sizeof(*row)), .n = 1 });
		memset(row, 0, sizeof(*row));
		l->n--;
	}
	return 0;
}

static int newest_first(const void *a, const void *b)
{
	int64_t x = ((const struct ps_row *)a)->summary.created, y = ((const struct ps_row *)b)->summary.created;

	return x < y ? 1 : x > y ? -1 : 0;
}

static const char *state_word_of(const struct ps_row *r)
{
	return status_word((enum status)r->state.status);
}

static bool match_id(const char *v, const void *ctx)
{
	const struct ps_row *r = ctx;

	return str_starts(r->id, v) || filter_regex(v, r->id);
}

static bool match_name(const char *v, const void *ctx)
{
	return filter_regex(v, ((const struct ps_row *)ctx)->summary.name);
}

static bool match_status(const char *v, const void *ctx)
{
	const char *word = state_word_of(ctx);

	return !strcmp(v, word) || (!strcmp(v, "stopped") && !strcmp(word, "exited"));
}

static bool match_exited(const char *v, const void *ctx)
{
	const struct ps_row *r = ctx;
	int64_t code;

	return r->state.status == STATUS_STOPPED && str_to_i64(v, &code) == 0 && code == r->state.exit_code;
}

static bool match_ancestor(const char *v, const void *ctx)
{
	const struct ps_row *r = ctx;
	const char *image = r->summary.image ? r->summary.image : "";
	auto_ref struct ref ref = { 0 };
	auto_free char *full = NULL;
	struct fail ignored = { 0 };

	if (r->summary.image_id && strlen(v) >= 3 && str_starts(r->summary.image_id, v))
		return true;
	if (!strcmp(image, v) || ref_parse(v, &ref, &ignored) < 0)
		return !strcmp(image, v);
	full = ref_format(&ref);
	return !strcmp(full, image);
}

static bool match_health(const char *v, const void *ctx)
{
	const struct ps_row *r = ctx;

	return !strcmp(v, health_names[r->state.health]) || (!strcmp(v, "none") && !r->state.health);
}

static struct restart_policy policy_of(const struct ps_row *r)
{
	struct restart_policy p;
	struct fail ignored = { 0 };

	(void)!restart_parse(r->config.life.restart, &p, &ignored);
	return p;
}

static bool match_policy(const char *v, const void *ctx)
{
	struct restart_policy p = policy_of(ctx), wanted;
	struct fail ignored = { 0 };

	return restart_parse(v, &wanted, &ignored) == 0 && wanted.kind == p.kind &&
	       (!wanted.max || wanted.max == p.max);
}

static bool match_boot(const char *v, const void *ctx)
{
	const struct ps_row *r = ctx;
	struct restart_policy p = policy_of(r);
	bool wanted;

	return str_to_bool(v, &wanted) == 0 && wanted == restart_at_boot(&p, r->state.stopped_by_user);
}

/* Values that nothing could have: a typing error would start nothing at boot, and say nothing. */
static int check_values(char *const *filters, struct fail *f)
{
	strv_each(it, filters) {
		struct restart_policy p;
		struct fail why = { 0 };
		bool b;

		if (str_starts(*it, "restart-policy=") && restart_parse(*it + 15, &p, &why) < 0)
			return refuse(f, EINVAL, "%.60s invalid restart policy", *it + 15);
		if (str_starts(*it, "should-start-on-boot=") && str_to_bool(*it + 21, &b) < 0)
			return refuse(f, EINVAL, "filter %.80s: true or false is wanted", *it);
	}
	return 0;
}

static bool match_network(const char *v, const void *ctx)
{
	return str_eq(((const struct ps_row *)ctx)->config.net.mode, v);
}

static bool match_command(const char *v, const void *ctx)
{
	const struct ps_row *r = ctx;

	return r->config.args && filter_regex(v, r->config.args[0]);
}

static bool match_volume(const char *v, const void *ctx)
{
	const struct container_config *c = &((const struct ps_row *)ctx)->config;

	for (size_t i = 0; i < c->n_mounts; i++)
		if (!strcmp(c->mounts[i].source, v) || !strcmp(c->mounts[i].destination, v))
			return true;
	return false;
}

static bool match_until(const char *v, const void *ctx)
{
	int64_t t;

	return time_parse(v, time_now(), &t) == 0 && ((const struct ps_row *)ctx)->summary.created < t;
}

/* The time of creation of the container that before= or since= names. */
static int edge(struct engine *e, char *const *filters, const char *key, int64_t *ret, struct fail *f)
{
	size_t n = strlen(key);

	*ret = 0;
	strv_each(it, filters) {
		auto_container struct container c = CONTAINER_INIT;
		int r;

		if (strncmp(*it, key, n) || (*it)[n] != '=')
			continue;
		r = container_open(e, *it + n + 1, &c, f);
		if (r < 0)
			return fail_in(f, r, "filter %s", *it);
		*ret = c.config.created;
	}
	return 0;
}

static bool wanted(const struct ps_row *r, const struct ps_opts *o, int64_t before, int64_t since)
{
	char *const *fl = o->filters;
	bool by_state = filter_has(fl, "status") || filter_has(fl, "exited");

	if (!o->all && !o->last && !by_state && r->state.status != STATUS_RUNNING &&
	    r->state.status != STATUS_PAUSED && r->state.status != STATUS_STOPPING &&
	    r->state.status != STATUS_RESTARTING)
		return false;
	return (!before || r->summary.created < before) && (!since || r->summary.created > since) &&
	       filter_any(fl, "id", match_id, r) && filter_any(fl, "name", match_name, r) &&
	       filter_any(fl, "status", match_status, r) && filter_any(fl, "exited", match_exited, r) &&
	       filter_any(fl, "ancestor", match_ancestor, r) && filter_any(fl, "network", match_network, r) &&
	       filter_any(fl, "command", match_command, r) && filter_any(fl, "volume", match_volume, r) &&
	       filter_any(fl, "health", match_health, r) && filter_any(fl, "restart-policy", match_policy, r) &&
	       filter_any(fl, "should-start-on-boot", match_boot, r) &&
	       filter_any(fl, "until", match_until, r) && filter_labels(fl, r->config.labels);
}

static char *status_text(const struct ps_row *r, int64_t now)
{
	char span[TIME_HUMAN_MAX];

	switch (r->state.status) {
	case STATUS_RUNNING:
		(void)time_human(now - r->state.started_at, span);
		return r->state.health ? mem_printf("Up %s (%s)", span, health_names[r->state.health]) :
					 mem_printf("Up %s", span);
	case STATUS_RESTARTING:
		return mem_printf("Restarting (%d) %s ago", r->state.exit_code,
				  time_human(now - r->state.finished_at, span));
	case STATUS_PAUSED:
		return mem_printf("Up %s (Paused)", time_human(now - r->state.started_at, span));
	case STATUS_STOPPED:
		return mem_printf("Exited (%d) %s ago", r->state.exit_code,
				  time_human(now - r->state.finished_at, span));
	case STATUS_CONFIGURED:
		return mem_strdup("Created");
	default:
		return mem_printf("%c%s", state_word_of(r)[0] - 32, state_word_of(r) + 1);
	}
}

static void set_str(json_t *o, const char *key, const char *value)
{
	json_t *s = json_string(value ? value : "");

	json_object_set_new(o, key, s ? s : json_string("?"));
}

/* What podman's JSON has besides what the table shows. */
static void add_full(json_t *o, const struct ps_row *r)
{
	const struct container_config *c = &r->config;
	json_t *mounts = json_array();

	for (size_t i = 0; i < c->n_mounts; i++)
		json_array_append_new(mounts, json_string(c->mounts[i].destination));
	json_object_set_new(o, "AutoRemove", json_boolean(c->life.rm));
	json_object_set_new(o, "Labels", jsonf_map(c->labels));
	json_object_set_new(o, "Mounts", mounts);
	json_object_set_new(o, "Networks", json_pack("[s]", c->net.mode ? c->net.mode : ""));
	json_object_set_new(o, "Namespaces", json_object());
	json_object_set_new(o, "ExposedPorts", jsonf_strv(c->exposed_ports));
	set_str(o, "CIDFile", "");
	set_str(o, "Pod", "");
	set_str(o, "PodName", "");
	json_object_set_new(o, "IsInfra", json_false());
	json_object_set_new(o, "Restarts", json_integer(r->state.restarts));
	json_object_set_new(o, "Size", json_null());
}

static json_t *row_json(const struct ps_row *r, const struct ps_opts *o, int64_t now)
{
	json_t *j = json_object();
	char span[TIME_HUMAN_MAX], go[TIME_GO_MAX];
	auto_free char *status = status_text(r, now);
	auto_free char *ago = mem_printf("%s ago", time_human(now - r->summary.created, span));
	auto_free char *short_id = mem_strndup(r->id, o->no_trunc ? CTR_ID_LEN : 12);
	auto_free char *command = r->config.args ? strv_join(r->config.args, " ") : mem_strdup(r->summary.command);

	if (!o->no_trunc && strlen(command ? command : "") > 17)
		mem_replace(&command, mem_printf("%.17s...", command));
	set_str(j, "Id", r->id);
	set_str(j, "ID", short_id);
	set_str(j, "Image", r->summary.image);
	set_str(j, "ImageID", r->summary.image_id);
	set_str(j, "Command", command);
	json_object_set_new(j, "Created", json_integer(r->summary.created / TIME_SECOND));
	set_str(j, "CreatedAt", time_format_go(r->summary.created, go));
	set_str(j, "RunningFor", ago);
	json_object_set_new(j, "StartedAt", json_integer(r->state.started_at / TIME_SECOND));
	json_object_set_new(j, "Exited", json_boolean(r->state.status == STATUS_STOPPED));
	json_object_set_new(j, "ExitedAt", json_integer(r->state.finished_at / TIME_SECOND));
	json_object_set_new(j, "ExitCode", json_integer(r->state.exit_code));
	json_object_set_new(j, "Names", json_pack("[s]", r->summary.name));
	json_object_set_new(j, "Pid", json_integer(r->state.status == STATUS_RUNNING ? r->state.pid : 0));
	json_object_set_new(j, "Ports", json_null());
	set_str(j, "State", state_word_of(r));
	set_str(j, "Status", status);
	if (o->full)
		add_full(j, r);
	if (r->config.args)
		json_object_set_new(j, "CommandArgs", jsonf_strv(r->config.args));
	return j;
}

int engine_ps(struct engine *e, const struct ps_opts *o, json_t **ret, struct fail *f)
{
	struct ps_list l = { NULL, 0 };
	bool full = o->full || o->no_trunc || filter_has(o->filters, "label") || filter_has(o->filters, "label!") ||
		    filter_has(o->filters, "network") ||
		    filter_has(o->filters, "restart-policy") || filter_has(o->filters, "should-start-on-boot") || filter_has(o->filters, "command") ||
		    filter_has(o->filters, "volume");
	int64_t before, since, now = time_now();
	int r = filter_check(o->filters, keys, f);
	int left = o->last ? o->last : -1;

	if (r == 0)
		r = check_values(o->filters, f);
	if (r == 0)
		r = edge(e, o->filters, "before", &before, f);
	if (r == 0)
		r = edge(e, o->filters, "since", &since, f);
	if (r == 0)
		r = load_all(e, full, &l, f);
	if (r < 0)
		return r;
	if (l.n)
		qsort(l.v, l.n, sizeof(*l.v), newest_first);
	*ret = json_array();
	for (size_t i = 0; i < l.n && left; i++) {
		if (!wanted(&l.v[i], o, before, since))
			continue;
		json_array_append_new(*ret, row_json(&l.v[i], o, now));
		left--;
	}
	list_done(&l);
	return 0;
}
