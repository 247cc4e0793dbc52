// SPDX-License-Identifier: Apache-2.0
#include <jansson.h>

#include "cmd/commands.h"
#include "cmd/progress.h"
#include "pkg/util/json.h"
#include "pkg/util/str.h"

struct import_opts {
	char **changes;
	char *message, *os, *arch, *variant;
	bool quiet;
};

static const struct opt import_rows[] = {
	OPT_LIST('c', "change", struct import_opts, changes, "INSTRUCTION",
		 "apply a Dockerfile instruction to the image: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, "
		 "STOPSIGNAL, USER, VOLUME, WORKDIR"),
	OPT_STR('m', "message", struct import_opts, message, "MESSAGE", "the comment in the image's history"),
	OPT_STR(0, "arch", struct import_opts, arch, "ARCH", "the architecture it is for, not this machine's"),
	OPT_STR(0, "os", struct import_opts, os, "OS", "the operating system it is for"),
	OPT_STR(0, "variant", struct import_opts, variant, "VARIANT", "the variant of the architecture"),
	OPT_FLAG('q', "quiet", struct import_opts, quiet, "show no progress"),
	OPT_END
};

static void print_image(void *ctx, const char *id, const char *name)
{
	(void)ctx;
	(void)name;
	app_printf("sha256:%s\n", id);
}

static void put(json_t *q, const char *key, const char *value)
{
	if (value)
		json_object_set_new(q, key, json_string(value));
}

static int import_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct import_opts o = { 0 };
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	r = app_need_args(app, argc - first, 1, 2, f);
	if (r == 0) {
		json_t *q = json_pack("{s:s}", "op", "import"), *changes = json_array();

		put(q, "input", argv[first]);
		put(q, "reference", argc - first > 1 ? argv[first + 1] : NULL);
		put(q, "message", o.message);
		put(q, "os", o.os);
		put(q, "arch", o.arch);
		put(q, "variant", o.variant);
		strv_each(it, o.changes)
			json_array_append_new(changes, json_string(*it));
		json_object_set_new(q, "changes", changes);
		r = transfer_show(app, q, o.quiet, print_image, NULL, f);
	}
	opt_done(import_rows, &o);
	return r;
}

const struct command import_command = {
	.name = "import", .args = "[options] FILE|- [NAME]", .summary = "Make an image of a root file system's tar",
	.details = "The tar (plain, gzip or zstd) becomes the only layer, byte by byte as it came. Prints the "
		   "digest of the new image.",
	.examples = "  rbox import rootfs.tar debian:mine\n"
		    "  mmdebstrap bookworm | rbox import -c CMD=/bin/bash - bookworm",
	.needs = NEED_STORE, .opts = import_rows, .run = import_run,
};
