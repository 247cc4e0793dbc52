// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/commands.h"
#include "pkg/engine/events.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/template.h"
#include "pkg/util/time.h"

struct cmd_events_opts {
	char **filters;
	char *format, *since, *until;
	enum tri no_trunc, stream;
};

static const struct opt events_rows[] = {
	OPT_LIST('f', "filter", struct cmd_events_opts, filters, "KEY=VALUE",
		 "only events of this artifact, container, event, image, label, pod, type or volume"),
	OPT_STR(0, "format", struct cmd_events_opts, format, "TEMPLATE", "print by a Go template, or json: an object a line"),
	OPT_TRI(0, "no-trunc", struct cmd_events_opts, no_trunc, "whole ids (true)"),
	OPT_STR(0, "since", struct cmd_events_opts, since, "TIME", "from this time on, or a span as 10m ago"),
	OPT_TRI(0, "stream", struct cmd_events_opts, stream, "go on with what happens from now on (true)"),
	OPT_STR(0, "until", struct cmd_events_opts, until, "TIME", "up to this time, or a span as 10m from now"),
	OPT_END
};

struct printer {
	const char *format;
	bool truncate;
};

static const char *text(const json_t *event, const char *key)
{
	const char *s = json_string_value(json_object_get(event, key));

	return s ? s : "";
}

static int64_t time_of(const json_t *event)
{
	int64_t t = 0;

	return time_parse(text(event, "Time"), 0, &t) < 0 ? 0 : t;
}

static void add_attributes(struct str *out, const json_t *event)
{
	const char *key;
	json_t *value;

	json_object_foreach(json_object_get(event, "Attributes"), key, value)
		str_addf(out, ", %s=%s", key, json_string_value(value) ? json_string_value(value) : "");
}

/* podman's line, by the type of what it happened to. */
static void add_line(struct str *out, const json_t *event, bool truncate)
{
	const char *type = text(event, "Type"), *id = text(event, "ID"), *name = text(event, "Name");
	int most = truncate ? 12 : 64;
	char when[TIME_GO_MAX];

	str_addf(out, "%s %s %s", time_format_go(time_of(event), when), type, text(event, "Status"));
	if (str_eq(type, "container") || str_eq(type, "pod")) {
		str_addf(out, " %.*s (image=%s, name=%s", most, id, text(event, "Image"), name);
		if (*text(event, "health_status"))
			str_addf(out, ", health_status=%s", text(event, "health_status"));
		add_attributes(out, event);
		str_addc(out, ')');
	} else if (str_eq(type, "network")) {
		str_addf(out, " %.*s (container=%.*s, name=%s)", most, id, most, id,
			 *text(event, "network") ? text(event, "network") : name);
	} else if (str_eq(type, "image") || str_eq(type, "artifact")) {
		str_addf(out, " %.*s %s", most, id, name);
		if (*text(event, "error"))
			str_addf(out, " %s", text(event, "error"));
	} else if (str_eq(type, "secret")) {
		str_addf(out, " %.*s", most, id);
	} else if (*name) {
		str_addf(out, " %s", name);
	}
}

/* The same with the local time, as podman's own lines have it. */
static json_t *with_local_time(const json_t *event)
{
	json_t *j = json_copy((json_t *)event);
	char when[TIME_TEXT_MAX];

	(void)json_object_set_new(j, "Time", json_string(time_format(time_of(event), when)));
	return j;
}

/* What a template sees: every member is there. */
static json_t *template_row(const json_t *event)
{
	static const struct { const char *name, *key; } members[] = {
		{ "ID", "ID" }, { "Image", "Image" }, { "Name", "Name" }, { "Network", "network" },
		{ "PodID", "PodID" }, { "Status", "Status" }, { "Type", "Type" },
		{ "HealthStatus", "health_status" }, { "Error", "error" },
	};
	json_t *row = json_object(), *attributes = json_object_get(event, "Attributes");
	char when[TIME_GO_MAX];

	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		(void)json_object_set_new(row, members[i].name, json_string(text(event, members[i].key)));
	(void)json_object_set_new(row, "ContainerExitCode",
				  json_integer(json_integer_value(json_object_get(event, "ContainerExitCode"))));
	(void)json_object_set_new(row, "Time", json_string(time_format_go(time_of(event), when)));
	if (json_is_object(attributes))
		(void)json_object_set(row, "Attributes", attributes);
	else
		(void)json_object_set_new(row, "Attributes", json_object());
	return row;
}

static int by_template(struct str *out, const char *format, const json_t *event, struct fail *f)
{
	auto_json json_t *rows = json_array();

	(void)json_array_append_new(rows, template_row(event));
	app_defuse(rows);
	return format_rows(format, rows, &(struct format_table){ .noheading = true }, out, f);
}

static int print_event(void *ctx, json_t *event, struct fail *f)
{
	const struct printer *p = ctx;
	auto_str struct str out = STR_INIT(1 << 20);
	int r = 0;

	if (!p->format) {
		auto_str struct str line = STR_INIT(64 * 1024);

		add_line(&line, event, p->truncate);
		str_add_escaped(&out, str_cstr(&line));
		str_addc(&out, '\n');
	} else if (str_eq(p->format, "json") || str_eq(p->format, "{{json .}}") ||
		   str_eq(p->format, "{{ json . }}")) {
		auto_json json_t *j = with_local_time(event);

		template_add_json(&out, j, 0, false);
		str_addc(&out, '\n');
	} else {
		r = by_template(&out, p->format, event, f);
	}
	if (r < 0)
		return r;
	app_print(str_cstr(&out));
	return ferror(stdout) ? fail(f, errno, "write the events") : 0;
}

static int parse_opts(const struct cmd_events_opts *o, struct events_opts *ret, struct fail *f)
{
	int64_t now = time_now();

	*ret = (struct events_opts){ .follow = o->stream != TRI_FALSE, .filters = o->filters };
	ret->from_start = !ret->follow || (o->since && *o->since) || (o->until && *o->until);
	/* Empty is as not given: a script's --since "$SINCE". */
	if (o->since && *o->since && time_parse(o->since, now, &ret->since) < 0)
		return refuse(f, EINVAL, "--since '%.80s' is neither a time nor a span", o->since);
	if (o->until && *o->until && time_parse_until(o->until, now, &ret->until) < 0)
		return refuse(f, EINVAL, "--until '%.80s' is neither a time nor a span", o->until);
	/* 0 stands for no end; nothing happened at either. */
	if (o->until && *o->until && !ret->until)
		ret->until = 1;
	return 0;
}

/* A wrong template is said at once, not when something happens. */
static int check_format(const char *format, struct fail *f)
{
	auto_str struct str out = STR_INIT(1 << 20);
	auto_json json_t *event = json_pack("{s:s, s:s, s:s}", "Time", "1970-01-01T00:00:01Z", "Type", "container",
					    "Status", "create");

	return format && !str_eq(format, "json") ? by_template(&out, format, event, f) : 0;
}

static int show(struct app *app, const struct events_opts *eo, struct printer *p, struct fail *f)
{
	struct events *ev = NULL;
	int r = events_open(&app->engine.store, eo, &ev, f);

	if (r < 0)
		return r;
	while ((r = events_read(ev, print_event, p, f)) > 0) {
		if (fflush(stdout)) {
			r = fail(f, errno, "write the events");
			break;
		}
		if (!events_wait(ev)) {
			/* `events | head`: nobody is there any more, and that is no failure to speak of. */
			r = fail(f, EPIPE, "write the events");
			f->status = 128 + 13;
			break;
		}
	}
	events_free(ev);
	return r;
}

static int events_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct cmd_events_opts o = { 0 };
	struct events_opts eo;
	struct printer p;
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	r = app_need_args(app, argc - first, 0, 0, f);
	p = (struct printer){ .format = o.format && *o.format ? o.format : NULL,
			      .truncate = o.no_trunc == TRI_FALSE };
	if (r == 0)
		r = parse_opts(&o, &eo, f);
	if (r == 0)
		r = check_format(p.format, f);
	if (r == 0)
		r = show(app, &eo, &p, f);
	opt_done(events_rows, &o);
	return r;
}

const struct command events_command = {
	.name = "events", .args = "[options]", .summary = "Show what happens to containers, images and volumes",
	.details = "Shows each event as it happens. With --since or --until, and with --stream=false, also what\n"
		   "happened before; the last events of the store are kept, one or two megabytes of them.",
	.examples = "  rbox events\n  rbox events --since 1h --stream=false --filter container=web\n"
		    "  rbox events --filter event=died --format '{{.Name}} {{.ContainerExitCode}}'",
	.needs = NEED_STORE, .opts = events_rows, .run = events_run,
};
