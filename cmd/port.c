// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "cmd/commands.h"
#include "pkg/engine/container.h"
#include "pkg/engine/ports.h"
#include "pkg/engine/select.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

struct port_opts {
	bool all, latest;
};

static const struct opt port_rows[] = {
	OPT_FLAG('a', "all", struct port_opts, all, "the ports of every container that runs"),
	OPT_FLAG('l', "latest", struct port_opts, latest, "the newest container instead of a name"),
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
	auto_free char *id = NULL, *protocol = NULL;
	struct port_opts o = { 0 };
	const char *port;
	int number;
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	if (o.all && o.latest)
		return refuse(f, EINVAL, "--all and --latest cannot be used together");
	if (app_need_args(app, argc - first, o.all || o.latest ? 0 : 1, o.all ? 0 : o.latest ? 1 : 2, f) < 0)
		return -f->code;
	if (o.all)
		return port_all(app, f);
	port = argv[first + !o.latest];
	r = select_one(&app->engine, o.latest, o.latest ? NULL : argv[first], &id, f);
	if (r == 0)
		r = container_open(&app->engine, id, &c, f);
	if (r < 0)
		return r;
	/* As podman: a container that doesn't run has none open, but what is no port is none of it either. */
	if (!container_is_running(&c))
		return port ? port_private_parse(port, &number, &protocol, f) : 0;
	r = ports_lines(&c.config, port, &lines, f);
	strv_each(line, lines)
		app_printf("%s\n", *line);
	return r;
}

const struct command port_command = {
	.name = "port", .args = "[options] CONTAINER [PORT[/PROTO]]", .summary = "List the published ports of a container",
	.examples = "  rbox port web\n  rbox port web 80/tcp",
	.needs = NEED_STORE, .opts = port_rows, .run = port_run,
};
