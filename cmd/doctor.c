// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/commands.h"
#include "pkg/engine/doctor.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

struct doctor_opts {
	bool json;
	char *format;
};

static const struct opt doctor_rows[] = {
	OPT_FLAG(0, "json", struct doctor_opts, json, "print an array of all checks"),
	OPT_STR('f', "format", struct doctor_opts, format, "string", "json: the same as --json"),
	OPT_END
};

/* locale(7): LC_ALL over LC_CTYPE over LANG; setlocale would read locale files for it. */
static bool is_utf8(void)
{
	static const char *const vars[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < ARRAY_LEN(vars); i++) {
		const char *v = getenv(vars[i]);

		if (v && *v)
			return strcasestr(v, "utf-8") || strcasestr(v, "utf8");
	}
	return false;
}

static void print_check(const struct host_check *c, bool utf8)
{
	static const char *const marks[][2] = { { "ok", "\u2713" }, { "! ", "!" }, { "X ", "\u2717" } };
	auto_str struct str found = STR_INIT(16 * 1024);

	str_add_escaped(&found, c->found);
	app_printf("%s %-24s %s\n", marks[c->status][utf8], c->name, str_cstr(&found));
	if (c->status == HOST_OK)
		return;
	app_printf("%*swhy: %s\n", utf8 ? 4 : 5, "", c->why);
	app_printf("%*sfix: %s\n", utf8 ? 4 : 5, "", c->fix);
}

static void print_all(const struct host_report *r)
{
	size_t counts[3] = { 0 };
	bool utf8 = is_utf8();

	for (size_t i = 0; i < r->n; i++) {
		print_check(&r->v[i], utf8);
		counts[r->v[i].status]++;
	}
	app_printf("\n%zu checks: %zu ok, %zu with a warning, %zu failed\n", r->n, counts[HOST_OK],
		   counts[HOST_WARN], counts[HOST_FAIL]);
}

static int doctor_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct doctor_opts o = { 0 };
	auto_host struct host_report report = { 0 };
	int first = app_parse(app, &o, argc, argv, f), r = 0;

	if (first < 0)
		return first;
	if (app_need_args(app, argc - first, 0, 0, f) < 0)
		r = -f->code;
	else if (o.format && !str_eq(o.format, "json"))
		r = refuse(f, EINVAL, "'--format %s': only json is known here", o.format);
	if (r == 0) {
		engine_doctor(&report);
		if (o.json || o.format) {
			auto_json json_t *j = engine_doctor_json(&report);
			auto_free char *text = jsonf_text(j, 4);

			app_printf("%s\n", text);
		} else {
			print_all(&report);
		}
		r = engine_doctor_passed(&report) ? 0 : 1;
	}
	opt_done(doctor_rows, &o);
	return r;
}

const struct command doctor_command = {
	.name = "doctor", .args = "[options]", .summary = "Check what this host lacks for containers",
	.details = "Tries everything that containers need from the kernel and the host, and prints the "
		   "command that mends each fault. Ends with 1 when a plain run could not work.",
	.examples = "  rbox doctor\n  rbox doctor --json",
	.needs = NEED_NOTHING, .opts = doctor_rows, .run = doctor_run,
};
