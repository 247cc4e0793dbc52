// SPDX-License-Identifier: Apache-2.0
#include <jansson.h>
#include <string.h>

#include "cmd/commands.h"
#include "pkg/engine/history.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/template.h"
#include "pkg/util/time.h"

enum { ID_SHORT = 12, CREATED_BY_MAX = 45 };

struct history_args {
	char *format;
	enum tri human;
	bool no_trunc, quiet;
};

static const struct opt history_rows[] = {
	OPT_STR(0, "format", struct history_args, format, "TEMPLATE", "print by a Go template, or json"),
	OPT_TRI('H', "human", struct history_args, human, "say how long ago (default true); false: when, in UTC"),
	OPT_FLAG(0, "no-trunc", struct history_args, no_trunc, "print everything whole"),
	OPT_FLAG(0, "notruncate", struct history_args, no_trunc, NULL),
	OPT_FLAG('q', "quiet", struct history_args, quiet, "print only ids"),
	OPT_END
};

static const struct format_header headers[] = {
	{ "CreatedBy", "CREATED BY" }, { "CreatedSince", "CREATED" }, { "CreatedAt", "CREATED AT" }, { NULL, NULL },
};

static const char *text_of(const json_t *row, const char *key)
{
	const char *s = json_string_value(json_object_get(row, key));

	return s ? s : "";
}

static json_t *id_json(const json_t *row, const struct history_args *o)
{
	const char *id = text_of(row, "id");

	return json_stringn(id, !o->no_trunc && *id != '<' && strlen(id) > ID_SHORT ? ID_SHORT : strlen(id));
}

static json_t *created_by_json(const json_t *row, const struct history_args *o)
{
	const char *text = text_of(row, "CreatedBy");
	size_t n = CREATED_BY_MAX - 3;

	if (o->no_trunc || strlen(text) <= CREATED_BY_MAX)
		return json_string(text);
	/* Not within a character. */
	while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	return json_sprintf("%.*s...", (int)n, text);
}

/* In whole seconds, as podman shows it; 0: it isn't said. */
static int64_t seconds_of(const json_t *row)
{
	int64_t t;

	return time_parse(text_of(row, "created"), 0, &t) < 0 ? 0 : t - t % TIME_SECOND;
}

/* RFC 3339. Caller frees. */
static char *created_text(const json_t *row)
{
	char text[TIME_TEXT_MAX];
	int64_t t = seconds_of(row);

	return mem_strdup(t ? time_format_nano(t, text) : text_of(row, "created"));
}

/* What the templates know: podman's names. */
static json_t *template_row(const json_t *row, const struct history_args *o, int64_t now)
{
	char span[TIME_HUMAN_MAX], go[TIME_GO_MAX], size[SIZE_HUMAN_MAX];
	int64_t created = seconds_of(row);
	auto_free char *since = NULL, *at = created_text(row);

	since = created ? mem_printf("%s ago", time_human(now - created, span)) : mem_strdup("");
	/* Sizes are for people in any case, with podman. */
	(void)size_human((uint64_t)json_integer_value(json_object_get(row, "size")), size);
	return json_pack("{s:o, s:s, s:s, s:s, s:o, s:s, s:s, s:O}", "ID", id_json(row, o), "Created",
			 o->human != TRI_FALSE ? since : at, "CreatedSince", since, "CreatedAt",
			 time_format_go(created, go), "CreatedBy", created_by_json(row, o), "Size", size, "Comment",
			 text_of(row, "comment"), "Tags", json_object_get(row, "tags"));
}

static void print_json(json_t *rows)
{
	auto_free char *text = NULL;
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		auto_free char *created = created_text(row);

		json_object_set_new(row, "Created", json_string(created));
		if (!*text_of(row, "comment"))
			json_object_del(row, "comment");
		if (!json_array_size(json_object_get(row, "tags")))
			json_object_del(row, "tags");
	}
	text = jsonf_text(rows, 0);
	app_printf("%s\n", text);
}

static int print(json_t *rows, const struct history_args *o, struct fail *f)
{
	struct format_table table = {
		.format = "table {{.ID}}\t{{.Created}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}",
		.headers = headers,
	};
	auto_json json_t *shown = json_array();
	auto_str struct str out = STR_INIT(64 << 20);
	int64_t now = time_now();
	json_t *row;
	size_t i;
	int r;

	if (o->format && !strcmp(o->format, "json")) {
		print_json(rows);
		return 0;
	}
	json_array_foreach(rows, i, row)
		json_array_append_new(shown, template_row(row, o, now));
	app_defuse(shown);
	r = format_rows(o->quiet ? "{{.ID}}" : o->format, shown, &table, &out, f);
	if (r == 0)
		app_print(str_cstr(&out));
	return r;
}

static int history_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct history_args o = { 0 };
	auto_json json_t *rows = NULL;
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	r = app_need_args(app, argc - first, 1, 1, f);
	if (r == 0)
		r = engine_history(&app->engine, argv[first], &rows, f);
	if (r == 0)
		r = print(rows, &o, f);
	opt_done(history_rows, &o);
	return r;
}

const struct command history_command = {
	.name = "history", .args = "[options] IMAGE", .summary = "Show what an image was made of",
	.details = "The last step first. Templates know ID, Created, CreatedAt, CreatedSince, CreatedBy, Size, Comment "
		   "and Tags.",
	.examples = "  rbox history web\n  rbox history --no-trunc --format '{{.CreatedBy}}' web",
	.needs = NEED_STORE, .opts = history_rows, .run = history_run,
};
