// SPDX-License-Identifier: Apache-2.0
#include <jansson.h>
#include <string.h>

#include "cmd/commands.h"
#include "pkg/engine/info.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

struct info_opts {
	char *format;
};

static const struct opt info_rows[] = {
	OPT_STR('f', "format", struct info_opts, format, "TEMPLATE", "print by a Go template, or json"),
	OPT_END
};

/* As YAML, which is what podman's people read. */
static void add_yaml(struct str *out, const json_t *j, int depth)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)j, key, v)
	{
		auto_free char *text = NULL;

		str_addf(out, "%*s%s:", depth * 2, "", key);
		if (json_is_object(v) && json_object_size(v)) {
			str_add(out, "\n");
			add_yaml(out, v, depth + 1);
			continue;
		}
		text = json_is_string(v) ? mem_strdup(json_string_value(v)) : jsonf_text(v, 0);
		str_addf(out, " %s\n", text);
	}
}

static int info_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct info_opts o = { 0 };
	auto_str struct str out = STR_INIT(1 << 20);
	auto_json json_t *info = NULL;
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	r = engine_info(&app->engine, &info, f);
	if (r < 0)
		return r;
	if (o.format) {
		r = app_print_object(info, o.format, f);
	} else {
		add_yaml(&out, info, 0);
		app_print(str_cstr(&out));
	}
	opt_done(info_rows, &o);
	return r;
}

const struct command info_command = {
	.name = "info", .args = "[options]", .summary = "Show the host, the store and what rbox can use",
	.needs = NEED_STORE, .opts = info_rows, .run = info_run,
};
