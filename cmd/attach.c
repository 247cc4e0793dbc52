// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands.h"
#include "pkg/engine/attach.h"
#include "pkg/engine/select.h"
#include "pkg/util/mem.h"

struct cmd_attach_opts {
	char *detach_keys;
	bool no_stdin, latest;
	enum tri sig_proxy;
};

static const struct opt attach_rows[] = {
	OPT_STR(0, "detach-keys", struct cmd_attach_opts, detach_keys, "KEYS",
		"detach by these keys (ctrl-p,ctrl-q); empty: by none"),
	OPT_FLAG('l', "latest", struct cmd_attach_opts, latest, "the newest container instead of a name"),
	OPT_FLAG(0, "no-stdin", struct cmd_attach_opts, no_stdin, "pass on no input"),
	OPT_TRI(0, "sig-proxy", struct cmd_attach_opts, sig_proxy, "pass on signals (true)"),
	OPT_END
};

static int attach_to(struct app *app, const struct cmd_attach_opts *o, const char *name, struct fail *f)
{
	struct attach_opts a = {
		.want_stdin = !o->no_stdin, .sig_proxy = o->sig_proxy != TRI_FALSE,
		.detach_keys = o->detach_keys,
	};
	struct attach_result res = { 0 };
	int r = engine_attach(&app->engine, name, &a, &res, f);

	if (r < 0)
		return r;
	return res.detached ? 0 : res.exit_code;
}

static int attach_cmd_run(struct app *app, int argc, char **argv, struct fail *f)
{
	auto_free char *id = NULL;
	struct cmd_attach_opts o = { 0 };
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	if (o.latest)
		r = select_one(&app->engine, true, argv[first], &id, f);
	else
		r = app_need_args(app, argc - first, 1, 1, f);
	if (r == 0)
		r = attach_to(app, &o, o.latest ? id : argv[first], f);
	opt_done(attach_rows, &o);
	return r;
}

const struct command attach_command = {
	.name = "attach", .args = "[options] CONTAINER",
	.summary = "Attach to a running container",
	.details = "Our stdin, stdout and stderr are the container's until it ends, whose exit status is ours then,\n"
		   "or until the detach keys are typed.",
	.examples = "  rbox attach web\n  rbox attach --detach-keys ctrl-a,x web",
	.needs = NEED_STORE, .opts = attach_rows, .run = attach_cmd_run,
};
