// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "cmd/progress.h"
#include "pkg/engine/container.h"
#include "pkg/engine/cp.h"
#include "pkg/util/fd.h"

struct cp_args {
	enum tri archive;
	bool overwrite;
	bool pause;
};

static const struct opt cp_rows[] = {
	OPT_TRI('a', "archive", struct cp_args, archive,
		"what goes into a container belongs to its user (default true); false keeps owners as they are"),
	OPT_FLAG(0, "overwrite", struct cp_args, overwrite,
		 "a folder may replace a file, and a file a folder with all that is in it"),
	/* Podman accepts and ignores it. */
	OPT_FLAG(0, "pause", struct cp_args, pause, NULL),
	OPT_END
};

/* Who reads a stranger's tar is another program. */
static int copy_stdin(struct app *app, const struct cp_end *dst, const struct cp_opts *o, struct fail *f)
{
	char id[CTR_ID_LEN + 1];
	int r = container_find(&app->engine, dst->container, id, f);
	json_t *q;

	if (r < 0)
		return r;
	if (isatty(0)) {
		(void)refuse(f, ENOTTY, "stdin is a terminal: a tar is expected there");
		fail_hint(f, "tar -c FILES | rbox cp - %.100s:%.200s", dst->container, dst->path);
		return -ENOTTY;
	}
	q = json_pack("{s:s, s:s, s:s, s:s, s:b, s:b}", "op", "cp", "container", id, "path", dst->path, "shown",
		      dst->container, "archive", o->archive, "overwrite", o->overwrite);
	if (!q)
		return refuse(f, EILSEQ, "the path '%.200s' is not UTF-8", dst->path);
	return transfer_show(app, q, true, NULL, NULL, f);
}

static int copy(struct app *app, const char *from, const char *to, const struct cp_opts *o, struct fail *f)
{
	struct cp_end src, dst;
	int r;

	cp_parse(from, &src);
	cp_parse(to, &dst);
	r = cp_check(from, &src, to, &dst, f);
	if (r == 0 && !dst.container && !strcmp(dst.path, "-") && isatty(1)) {
		r = refuse(f, ENOTTY, "refusing to write a tar to a terminal");
		fail_hint(f, "redirect stdout: rbox cp %.200s - | tar -t", from);
	}
	/* Else all of it went to the /dev/null that stands there, with status 0. */
	if (r == 0 && !dst.container && !strcmp(dst.path, "-") && fd_std_was_closed(1))
		r = refuse(f, EBADF, "write a tar to stdout: it is closed");
	if (r == 0 && !src.container && !strcmp(src.path, "-"))
		r = copy_stdin(app, &dst, o, f);
	else if (r == 0)
		r = engine_cp(&app->engine, &src, &dst, o, 1, f);
	cp_end_done(&src);
	cp_end_done(&dst);
	return r;
}

static int cp_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct cp_args a = { 0 };
	int first = app_parse(app, &a, argc, argv, f);
	struct cp_opts o;

	if (first < 0)
		return first;
	if (app_need_args(app, argc - first, 2, 2, f) < 0)
		return -f->code;
	o = (struct cp_opts){ .archive = a.archive != TRI_FALSE, .overwrite = a.overwrite };
	return copy(app, argv[first], argv[first + 1], &o, f);
}

const struct command cp_command = {
	.name = "cp", .args = "[options] [CONTAINER:]SRC [CONTAINER:]DEST|-",
	.summary = "Copy files into, out of and between containers",
	.details =
		"The container may run or not; volumes are seen. A folder is put into a DEST that is there under its "
		"own name, or made as DEST; of SRC/. what it holds is copied. '-' is a tar: of SRC to stdout, or from "
		"stdin into the folder DEST. A relative path of a container begins at its working folder; a path here "
		"with a ':' is written ./a:b.\n\n"
		"What comes out of a container belongs to the caller, and has no setuid bits and capabilities.",
	.examples = "  rbox cp web:/etc/nginx/nginx.conf .\n"
		    "  rbox cp ./site/. web:/usr/share/nginx/html\n"
		    "  rbox cp db:/var/lib/data backup:/srv",
	.needs = NEED_STORE | NEED_SEALED, .opts = cp_rows, .run = cp_run,
};
