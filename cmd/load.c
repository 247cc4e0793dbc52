// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <jansson.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "cmd/progress.h"
#include "pkg/util/json.h"
#include "pkg/util/str.h"

struct load_opts {
	char *input;
	bool quiet;
};

static const struct opt load_rows[] = {
	OPT_STR('i', "input", struct load_opts, input, "FILE", "load from this archive, not from stdin"),
	OPT_FLAG('q', "quiet", struct load_opts, quiet, "show no progress"),
	OPT_END
};

static void print_image(void *ctx, const char *id, const char *name)
{
	auto_str struct str s = STR_INIT(4096);

	(void)ctx;
	str_add_escaped(&s, name ? name : id);
	app_printf("Loaded image: %s%s\n", name ? "" : "sha256:", str_cstr(&s));
}

static int load_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct load_opts o = { 0 };
	int first = app_parse(app, &o, argc, argv, f), r;
	json_t *q;

	if (first < 0)
		return first;
	r = app_need_args(app, argc - first, 0, 0, f);
	if (r == 0 && !o.input && isatty(STDIN_FILENO)) {
		r = refuse(f, EINVAL, "cannot read from terminal, use command-line redirection or the --input flag");
	}
	if (r == 0) {
		q = json_pack("{s:s}", "op", "load");
		if (o.input)
			json_object_set_new(q, "input", json_string(o.input));
		r = transfer_show(app, q, o.quiet, print_image, NULL, f);
	}
	opt_done(load_rows, &o);
	return r;
}

const struct command load_command = {
	.name = "load", .args = "[options]", .summary = "Load images from a tar archive",
	.details = "Reads docker-archive and oci-archive, plain or compressed with gzip or zstd, from a file or "
		   "from stdin. Names are kept whole.",
	.examples = "  rbox load -i alpine.tar\n  curl -L https://example.com/image.tar.gz | rbox load",
	.needs = NEED_STORE, .opts = load_rows, .run = load_run,
};
