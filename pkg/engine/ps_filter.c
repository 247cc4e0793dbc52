// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "pkg/engine/container.h"
#include "pkg/engine/filter.h"
#include "pkg/engine/ps_part.h"
#include "pkg/oci/ref.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "runtime/monitor/restart.h"
#include "storage/image.h"

static const char *const keys[] = { "id", "name", "label", "label!", "exited", "status", "ancestor", "before",
				    "since", "volume", "health", "pod", "network", "restart-policy", "until",
				    "command", "should-start-on-boot", NULL };

/* --- each filter --- */

static bool match_id(const char *v, const void *ctx)
{
	const struct ps_row *r = ctx;

	/* Ids are typed in capitals too; a pattern has its own ways. */
	return !strncasecmp(r->id, v, strlen(v)) || filter_regex(v, r->id);
}

/* docker's names begin with a slash, and its scripts' patterns know: name=^/web$. */
static bool match_name(const char *v, const void *ctx)
{
	const char *name = ((const struct ps_row *)ctx)->summary.name;
	auto_free char *slashed = mem_printf("/%s", name ? name : "");

	return filter_regex(v, name) || (strchr(v, '/') && filter_regex(v, slashed));
}

static bool match_status(const char *v, const void *ctx)
{
	const char *word = status_word((enum status)((const struct ps_row *)ctx)->state.status);

	return !strcmp(v, word) || (!strcmp(v, "stopped") && !strcmp(word, "exited")) ||
	       (!strcmp(v, "configured") && !strcmp(word, "created"));
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
	const char *word = ps_health(ctx);

	return !strcmp(v, *word ? word : "none");
}

static bool match_network(const char *v, const void *ctx)
{
	return str_eq(((const struct ps_row *)ctx)->config.net.mode, v);
}

static bool match_command(const char *v, const void *ctx)
{
	const struct container_config *c = &((const struct ps_row *)ctx)->config;
	char *const *words = c->cmd ? c->cmd : c->args;

	return words && filter_regex(v, words[0]);
}

static bool match_volume(const char *v, const void *ctx)
{
	const struct container_config *c = &((const struct ps_row *)ctx)->config;

	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct config_mount *m = &c->mounts[i];
		const char *source = m->name ? m->name : m->source;
		size_t n = source ? strlen(source) : 0;

		if (str_eq(m->source, v) || str_eq(m->name, v) || !strcmp(m->destination, v))
			return true;
		/* "SOURCE:DESTINATION" */
		if (n && !strncmp(v, source, n) && v[n] == ':' && !strcmp(v + n + 1, m->destination))
			return true;
	}
	return false;
}

static bool match_until(const char *v, const void *ctx)
{
	int64_t t;

	return time_parse(v, time_now(), &t) == 0 && ((const struct ps_row *)ctx)->summary.created < t;
}

static struct restart_policy policy_of(const struct ps_row *r)
{
	struct restart_policy p;
	struct fail ignored = { 0 };

	(void)!restart_parse(r->config.life.restart, &p, &ignored);
	return p;
}

static bool match_restart(const char *v, const void *ctx)
{
	struct restart_policy p = policy_of(ctx), wanted;
	struct fail ignored = { 0 };

	if (!strcmp(v, "none"))
		v = "no";
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

/* There are no pods: nothing is in one. */
static bool match_nothing(const char *v, const void *ctx)
{
	(void)v;
	(void)ctx;
	return false;
}

/* --- what is typed --- */

static bool is_one_of(const char *v, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(v, *words))
			return true;
	return false;
}

static int check_value(const char *key, const char *v, struct fail *f)
{
	/* docker's too: what is in none of them is never found. */
	static const char *const states[] = { "created", "configured", "initialized", "running", "stopped", "paused",
					      "exited", "removing", "stopping", "restarting", "dead", "unknown",
					      NULL };
	struct restart_policy p;
	struct fail why = { 0 };
	int64_t n;
	bool b;

	if (!strcmp(key, "status") && !is_one_of(v, states))
		return refuse(f, EINVAL, "unknown container state: %.60s: invalid argument", v);
	if (!strcmp(key, "exited") && str_to_i64(v, &n) < 0)
		return refuse(f, EINVAL, "filter exited=%.60s: the exit status is a number", v);
	if (!strcmp(key, "until") && time_parse(v, time_now(), &n) < 0)
		return refuse(f, EINVAL, "failed to parse value as time or duration: \"%.60s\"", v);
	if (!strcmp(key, "restart-policy") && strcmp(v, "none") && restart_parse(v, &p, &why) < 0)
		return refuse(f, EINVAL, "%.60s invalid restart policy", v);
	if (!strcmp(key, "should-start-on-boot") && str_to_bool(v, &b) < 0)
		return refuse(f, EINVAL, "filter should-start-on-boot=%.60s: true or false is wanted", v);
	return 0;
}

/* The time of creation of the container that before= or since= names. */
static int edge(struct engine *e, const char *name, int64_t *ret, struct fail *f)
{
	auto_container struct container c = CONTAINER_INIT;
	int r = container_open(e, name, &c, f);

	if (r == 0)
		*ret = c.config.created;
	return r;
}

static int look_at(struct engine *e, const char *filter, struct ps_filter *p, struct fail *f)
{
	auto_free char *key = mem_strndup(filter, strcspn(filter, "="));
	const char *value = filter + strlen(key) + 1;
	struct fail ignored = { 0 };
	struct digest image;

	if (!strcmp(key, "before"))
		return edge(e, value, &p->before, f);
	if (!strcmp(key, "since"))
		return edge(e, value, &p->since, f);
	/* As elsewhere a short name may stand for localhost/NAME. */
	if (!strcmp(key, "ancestor") && image_find(&e->store, value, &image, NULL, &ignored) == 0)
		strv_add(&p->ancestors, image.hex);
	return check_value(key, value, f);
}

int ps_filter_init(struct engine *e, const struct ps_opts *o, struct ps_filter *ret, struct fail *f)
{
	int r = filter_check(o->filters, keys, f);

	*ret = (struct ps_filter){ .o = o };
	for (char *const *it = o->filters; r == 0 && it && *it; it++)
		r = look_at(e, *it, ret, f);
	return r;
}

void ps_filter_done(struct ps_filter *p)
{
	strv_free_ptr(&p->ancestors);
}

bool ps_filter_wants_config(const struct ps_filter *p)
{
	static const char *const big[] = { "label", "label!", "network", "command", "volume", "restart-policy",
					   "should-start-on-boot" };

	for (size_t i = 0; i < ARRAY_LEN(big); i++)
		if (filter_has(p->o->filters, big[i]))
			return true;
	return false;
}

/* As podman: only the running ones, unless more or a certain state is asked for. */
static bool is_shown(const struct ps_opts *o, const struct ps_row *r)
{
	int status = r->state.status;

	return o->all || o->last || filter_has(o->filters, "status") || status == STATUS_RUNNING ||
	       status == STATUS_PAUSED || status == STATUS_STOPPING || status == STATUS_RESTARTING;
}

bool ps_filter_match(const struct ps_filter *p, const struct ps_row *r)
{
	static const struct {
		const char *key;
		bool (*match)(const char *v, const void *ctx);
	} rows[] = {
		{ "id", match_id }, { "name", match_name }, { "status", match_status }, { "exited", match_exited },
		{ "health", match_health }, { "pod", match_nothing }, { "network", match_network },
		{ "command", match_command }, { "volume", match_volume }, { "until", match_until },
		{ "restart-policy", match_restart }, { "should-start-on-boot", match_boot },
	};
	char *const *fl = p->o->filters;

	if (!is_shown(p->o, r) || (p->before && r->summary.created >= p->before) ||
	    (p->since && r->summary.created <= p->since))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!filter_any(fl, rows[i].key, rows[i].match, r))
			return false;
	if (!(r->summary.image_id && strv_has(p->ancestors, r->summary.image_id)) &&
	    !filter_any(fl, "ancestor", match_ancestor, r))
		return false;
	return filter_labels(fl, r->config.labels);
}
