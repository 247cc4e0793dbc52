// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "pkg/engine/ps.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/template.h"
#include "pkg/util/time.h"

struct ps_args {
	struct ps_opts ps;
	bool quiet, noheading, latest, pod, external, sync;
	unsigned watch;
	char *format, *sort;
};

static const struct opt ps_rows[] = {
	OPT_FLAG('a', "all", struct ps_args, ps.all, "all containers, not just the running ones"),
	OPT_FLAG(0, "external", struct ps_args, external, "accepted: there are none of other tools"),
	OPT_FLAG(0, "storage", struct ps_args, external, NULL),
	OPT_LIST('f', "filter", struct ps_args, ps.filters, "KEY=VALUE", "only those for which this holds"),
	OPT_STR(0, "format", struct ps_args, format, "TEMPLATE", "print by a Go template, or json"),
	OPT_INT('n', "last", struct ps_args, ps.last, "N", "the newest N containers, running or not"),
	OPT_FLAG('l', "latest", struct ps_args, latest, "the newest container, running or not"),
	OPT_FLAG(0, "no-trunc", struct ps_args, ps.no_trunc, "print ids and commands whole"),
	OPT_FLAG(0, "notruncate", struct ps_args, ps.no_trunc, NULL),
	OPT_FLAG(0, "noheading", struct ps_args, noheading, "leave the heading out"),
	OPT_FLAG(0, "ns", struct ps_args, ps.namespaces, "show the namespaces of those that run"),
	OPT_FLAG(0, "namespace", struct ps_args, ps.namespaces, NULL),
	OPT_FLAG('p', "pod", struct ps_args, pod, "show the pod's id and name (there are no pods yet)"),
	OPT_FLAG('q', "quiet", struct ps_args, quiet, "print only ids"),
	OPT_FLAG('s', "size", struct ps_args, ps.size, "count what each takes on disk"),
	OPT_STR(0, "sort", struct ps_args, sort, "KEY",
		"command, created (default), id, image, names, runningfor, size or status"),
	OPT_FLAG(0, "sync", struct ps_args, sync, "accepted: a state is always looked at"),
	OPT_UINT('w', "watch", struct ps_args, watch, "SECONDS", "print it again and again"),
	OPT_END
};

static const struct format_header headers[] = {
	{ "ID", "CONTAINER ID" }, { "Created", "CREATED" }, { "CreatedHuman", "CREATED" },
	{ "RunningFor", "RUNNING FOR" }, { "CreatedAt", "CREATED AT" }, { "Names", "NAMES" }, { "ImageID", "IMAGE ID" },
	{ "ExitCode", "EXIT CODE" }, { "Pod", "POD ID" }, { "PodName", "PODNAME" }, { "CGROUPNS", "CGROUPNS" },
	{ "PIDNS", "PIDNS" }, { "USERNS", "USERNS" }, { NULL, NULL },
};

/* Only for templates, and words of ours: podman's JSON has them not. */
static void drop_words(json_t *row)
{
	static const char *const words[] = { "ID", "RunningFor", "CommandLine", "PortsText", "HealthStatus",
					     "NetworkMode", "LocalVolumes" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		json_object_del(row, words[i]);
}

/* podman's JSON: keys as in its array, "Created" the last. */
static void to_json_rows(json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		json_object_set(row, "CreatedAt", json_object_get(row, "RunningFor"));
		drop_words(row);
	}
}

static void join(json_t *row, const char *key)
{
	auto_str struct str s = STR_INIT(1 << 20);
	json_t *list = json_object_get(row, key), *item;
	size_t n;

	json_array_foreach(list, n, item)
		str_addf(&s, "%s%s", n ? "," : "", json_string_value(item));
	json_object_set_new(row, key, json_string(str_cstr(&s)));
}

/* "12 B (virtual 2.75 MB)", as podman has it without the blanks; "" when it wasn't asked for. */
static char *size_text(const json_t *size)
{
	auto_free char *text = NULL;
	char rw[SIZE_HUMAN_MAX], root[SIZE_HUMAN_MAX];

	if (!json_is_object(size))
		return mem_strdup("");
	(void)size_human((uint64_t)json_integer_value(json_object_get(size, "rwSize")), rw);
	(void)size_human((uint64_t)json_integer_value(json_object_get(size, "rootFsSize")), root);
	for (char *p = strchr(rw, ' '); p; p = NULL)
		memmove(p, p + 1, strlen(p));
	for (char *p = strchr(root, ' '); p; p = NULL)
		memmove(p, p + 1, strlen(p));
	return mem_printf("%s (virtual %s)", rw, root);
}

static void set_size(json_t *row)
{
	auto_free char *text = size_text(json_object_get(row, "Size"));

	json_object_set_new(row, "Size", json_string(text));
}

static void set_namespaces(json_t *row)
{
	static const char *const names[][2] = {
		{ "CGROUPNS", "Cgroup" }, { "IPC", "Ipc" }, { "MNT", "Mnt" }, { "NET", "Net" },
		{ "PIDNS", "Pidns" }, { "USERNS", "User" }, { "UTS", "Uts" },
	};
	json_t *ns = json_object_get(row, "Namespaces");

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		json_t *number = json_object_get(ns, names[i][1]);

		json_object_set_new(row, names[i][0], number ? json_incref(number) : json_string(""));
	}
}

/* For templates: one string for names, ports and networks, human times, as podman's reporter has them. */
static void to_template_rows(json_t *rows, bool no_trunc)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		const json_t *created = json_object_get(row, "RunningFor");

		join(row, "Names");
		if (json_object_get(row, "Mounts")) {
			join(row, "Mounts");
			join(row, "Networks");
			if (json_is_null(json_object_get(row, "Labels")))
				json_object_set_new(row, "Labels", json_object());
		}
		json_object_set(row, "Command", json_object_get(row, "CommandLine"));
		json_object_set(row, "Ports", json_object_get(row, "PortsText"));
		set_size(row);
		set_namespaces(row);
		if (!no_trunc)
			json_object_set_new(row, "ImageID", json_sprintf("%.12s", json_string_value(
					    json_object_get(row, "ImageID"))));
		json_object_set_new(row, "CreatedHuman", json_string(json_string_value(created)));
		json_object_set_new(row, "Created", json_string(json_string_value(created)));
	}
}

/* docker's row of `{{json .}}`: strings all of them, in its order. */
static json_t *docker_row(json_t *row)
{
	auto_str struct str labels = STR_INIT(1 << 20);
	auto_free char *size = size_text(json_object_get(row, "Size"));
	const char *mode = json_string_value(json_object_get(row, "NetworkMode"));
	auto_free char *command = mem_printf("\"%s\"", json_string_value(json_object_get(row, "CommandLine")));
	json_t *o = json_object(), *value;
	const char *key;

	json_object_foreach(json_object_get(row, "Labels"), key, value)
		str_addf(&labels, "%s%s=%s", labels.len ? "," : "", key, json_string_value(value));
	join(row, "Names");
	join(row, "Mounts");
	json_object_set_new(o, "Command", json_string(command));
	json_object_set(o, "CreatedAt", json_object_get(row, "CreatedAt"));
	json_object_set(o, "HealthStatus", json_object_get(row, "HealthStatus"));
	json_object_set(o, "ID", json_object_get(row, "ID"));
	json_object_set(o, "Image", json_object_get(row, "Image"));
	json_object_set_new(o, "Labels", json_string(str_cstr(&labels)));
	json_object_set(o, "LocalVolumes", json_object_get(row, "LocalVolumes"));
	json_object_set(o, "Mounts", json_object_get(row, "Mounts"));
	json_object_set(o, "Names", json_object_get(row, "Names"));
	json_object_set_new(o, "Networks", json_string(mode ? mode : ""));
	json_object_set_new(o, "Platform", json_string(""));
	json_object_set(o, "Ports", json_object_get(row, "PortsText"));
	json_object_set(o, "RunningFor", json_object_get(row, "RunningFor"));
	json_object_set_new(o, "Size", json_string(*size ? size : "0B"));
	json_object_set(o, "State", json_object_get(row, "State"));
	json_object_set(o, "Status", json_object_get(row, "Status"));
	return o;
}

static void to_docker_rows(json_t *rows)
{
	for (size_t i = 0; i < json_array_size(rows); i++)
		json_array_set_new(rows, i, docker_row(json_array_get(rows, i)));
}

/* "{{json .}}", blanks apart. */
static bool is_json_line(const char *s)
{
	auto_strv char **words = s ? strv_split(s, " \t", true) : NULL;
	auto_free char *bare = strv_join(words, "");

	return !strcmp(bare, "{{json.}}");
}

/* What the rows' configs are read for. A template names what it uses, or prints it all. */
static bool needs_config(const char *format)
{
	static const char *const words[] = { "json", "{{.}}", "{{ . }}", "Label", "Mounts", "Networks", "CIDFile",
					     "ExposedPorts", "LocalVolumes", "NetworkMode", "$", "range", "println .",
					     "print ." };

	for (size_t i = 0; format && i < ARRAY_LEN(words); i++)
		if (strstr(format, words[i]))
			return true;
	return false;
}

static const char *default_format(const struct ps_args *o)
{
	if (o->ps.namespaces)
		return "table {{.ID}}\t{{.Names}}\t{{.Pid}}\t{{.CGROUPNS}}\t{{.IPC}}\t{{.MNT}}\t{{.NET}}\t{{.PIDNS}}\t"
		       "{{.USERNS}}\t{{.UTS}}";
#define ROW "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.Created}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}"
	if (o->pod)
		return o->ps.size ? ROW "\t{{.Pod}}\t{{.PodName}}\t{{.Size}}" : ROW "\t{{.Pod}}\t{{.PodName}}";
	return o->ps.size ? ROW "\t{{.Size}}" : ROW;
#undef ROW
}

static int print(struct app *app, const struct ps_args *o, struct fail *f)
{
	struct format_table table = {
		.format = default_format(o), .headers = headers, .noheading = o->noheading,
	};
	const char *format = o->quiet && !o->format ? "{{.ID}}" : o->format;
	auto_str struct str out = STR_INIT(64 << 20);
	auto_json json_t *rows = NULL;
	int r = engine_ps(&app->engine, &o->ps, &rows, f);

	if (r < 0)
		return r;
	if (format && !strcmp(format, "json")) {
		to_json_rows(rows);
	} else {
		if (is_json_line(format))
			to_docker_rows(rows);
		else
			to_template_rows(rows, o->ps.no_trunc);
		app_defuse(rows);
	}
	r = format_rows(format, rows, &table, &out, f);
	if (r == 0)
		app_print(str_cstr(&out));
	return r;
}

/* Until somebody stops us, or nobody reads any more. */
static int watch(struct app *app, const struct ps_args *o, struct fail *f)
{
	bool tty = isatty(1);
	int r;

	for (;;) {
		if (tty)
			app_print("\033[2J\033[H");
		r = print(app, o, f);
		if (r < 0 || fflush(stdout) != 0)
			return r < 0 ? r : 0;
		(void)sleep(o->watch);
	}
}

static int find_sort(struct ps_args *o, struct fail *f)
{
	static const struct {
		const char *word;
		enum ps_sort sort;
	} rows[] = {
		{ "command", PS_COMMAND }, { "created", PS_CREATED }, { "id", PS_ID }, { "image", PS_IMAGE },
		{ "names", PS_NAMES }, { "runningfor", PS_RUNNINGFOR }, { "size", PS_SIZE }, { "status", PS_STATUS },
	};

	o->ps.sort = PS_CREATED;
	if (!o->sort)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].word, o->sort))
			continue;
		o->ps.sort = rows[i].sort;
		o->ps.size |= o->ps.sort == PS_SIZE;
		return 0;
	}
	return refuse(f, EINVAL, "invalid argument \"%.40s\" for \"--sort\" flag: choose from command, created, id, "
		      "image, names, runningfor, size, status", o->sort);
}

static int check(struct ps_args *o, struct fail *f)
{
	if (o->quiet && (o->ps.size || o->ps.namespaces))
		return refuse(f, EINVAL, "quiet conflicts with size and namespace");
	if (o->ps.size && o->ps.namespaces)
		return refuse(f, EINVAL, "size and namespace options conflict");
	if (o->latest && o->ps.last > 0)
		return refuse(f, EINVAL, "last and latest are mutually exclusive");
	if (o->latest)
		o->ps.last = 1;
	o->ps.full = needs_config(o->format);
	return find_sort(o, f);
}

static int ps_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct ps_args o = { 0 };
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	r = app_need_args(app, argc - first, 0, 0, f);
	if (r == 0)
		r = check(&o, f);
	if (r == 0)
		r = o.watch ? watch(app, &o, f) : print(app, &o, f);
	opt_done(ps_rows, &o);
	return r;
}

const struct command ps_command = {
	.name = "ps", .args = "[options]", .summary = "List containers",
	.details = "The oldest first. The filters are id, name, label, label!, status, exited, ancestor, before, since,\n"
		   "volume, network, command, health, restart-policy, should-start-on-boot, pod and until; the\n"
		   "same one given several times is enough once, but of labels all must be there. --format json is\n"
		   "one array with podman's keys, '{{json .}}' a line for each container with docker's.",
	.examples = "  rbox ps -a --filter status=exited\n  rbox ps --format '{{.ID}} {{.Names}} {{.Status}}'\n"
		    "  rbox ps -a --size --sort size",
	.needs = NEED_STORE, .opts = ps_rows, .run = ps_run,
	.aliases = (const char *const[]){ "ls", "list", NULL },
};
