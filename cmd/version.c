// SPDX-License-Identifier: Apache-2.0
#include <jansson.h>
#include <string.h>
#include <sys/utsname.h>

#include "cmd/commands.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

struct version_opts {
	char *format;
};

static const struct opt version_rows[] = {
	OPT_STR('f', "format", struct version_opts, format, "string", "print by a Go template, or json"),
	OPT_END
};

static json_t *version_json(void)
{
	struct utsname u;
	auto_free char *os_arch = NULL;

	uname(&u);
	os_arch = mem_printf("linux/%s", !strcmp(u.machine, "x86_64") ? "amd64" :
					 !strcmp(u.machine, "aarch64") ? "arm64" : u.machine);
	return json_pack("{s:{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i}}", "Client", "APIVersion", RBOX_VERSION,
			 "Version", RBOX_VERSION, "GoVersion", "none (C)", "GitCommit", "", "BuiltTime",
			 __DATE__, "OsArch", os_arch, "Os", "linux", "Built", 0);
}

static int version_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct version_opts o = { 0 };
	auto_json json_t *v = version_json();
	int first = app_parse(app, &o, argc, argv, f), r = 0;

	if (first < 0)
		return first;
	if (app_need_args(app, argc - first, 0, 0, f) < 0)
		return -f->code;
	if (o.format && strcmp(o.format, "json")) {
		/* Scripts ask for the server's, and for the version alone: client and server are one. */
		json_object_set(v, "Server", json_object_get(v, "Client"));
		json_object_set_new(v, "Version", json_string(RBOX_VERSION));
	}
	if (o.format) {
		r = app_print_object(v, o.format, f);
		opt_done(version_rows, &o);
		return r;
	}
	app_printf("Client:       rbox\nVersion:      %s\nOS/Arch:      %s\n", RBOX_VERSION,
		   json_string_value(json_object_get(json_object_get(v, "Client"), "OsArch")));
	opt_done(version_rows, &o);
	return 0;
}

const struct command version_command = {
	.name = "version", .args = "[options]", .summary = "Show the version of rbox",
	.needs = NEED_NOTHING, .opts = version_rows, .run = version_run,
};
