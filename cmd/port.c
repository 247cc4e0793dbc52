// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "cmd/commands.h"
#include "pkg/engine/container.h"
#include "pkg/engine/ports.h"
#include "pkg/util/str.h"

struct port_opts {
	bool all;
};

static const struct opt port_rows[] = {
	OPT_FLAG('a', "all", struct port_opts, all, "the ports of every container that runs"),
	OPT_END
};

static int port_all(struct app *app, struct fail *f)
{
	auto_strv char **ids = NULL;
	int r = ctr_list(&app->engine.store, &ids, f);

	for (char **it = ids; r == 0 && it && *it; it++) {
		auto_container struct container c = CONTAINER_INIT;
		auto_strv char **lines = NULL;

		/* One that is gone or broken doesn't hide the others' ports. */
		if (container_open_id(&app->engine, *it, &c, f) < 0) {
			fail_clear(f);
			continue;
		}
		if (!container_is_running(&c))
			continue;
		r = ports_lines(&c.config, NULL, &lines, f);
		strv_each(line, lines)
			app_printf("%.12s\t%s\n", c.id, *line);
	}
	return r;
}

static int port_run(struct app *app, int argc, char **argv, struct fail *f)
{
	auto_container struct container c = CONTAINER_INIT;
	auto_strv char **lines = NULL;
	struct port_opts o = { 0 };
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	if (app_need_args(app, argc - first, o.all ? 0 : 1, o.all ? 0 : 2, f) < 0)
		return -f->code;
	if (o.all)
		return port_all(app, f);
	r = container_open(&app->engine, argv[first], &c, f);
	if (r < 0)
		return r;
	/* As podman: a container that doesn't run has none open. */
	if (!container_is_running(&c))
		return 0;
	r = ports_lines(&c.config, argv[first + 1], &lines, f);
	strv_each(line, lines)
		app_printf("%s\n", *line);
	return r;
}

const struct command port_command = {
	.name = "port", .args = "[options] CONTAINER [PORT[/PROTO]]", .summary = "List the published ports of a container",
	.examples = "  rbox port web\n  rbox port web 80/tcp",
	.needs = NEED_STORE, .opts = port_rows, .run = port_run,
};
