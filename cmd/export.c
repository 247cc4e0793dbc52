// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "pkg/engine/container.h"
#include "pkg/engine/export.h"
#include "pkg/util/fd.h"
#include "pkg/util/str.h"

struct export_opts {
	char *output;
};

static const struct opt export_rows[] = {
	OPT_STR('o', "output", struct export_opts, output, "FILE", "write to this file, not to stdout"),
	OPT_END
};

static int to_stdout(struct app *app, const char *name, struct fail *f)
{
	if (isatty(1)) {
		(void)refuse(f, ENOTTY, "refusing to write a tar to a terminal");
		fail_hint(f, "rbox export -o %.100s.tar %.100s, or redirect stdout", name, name);
		return -ENOTTY;
	}
	if (fd_std_was_closed(1))
		return refuse(f, EBADF, "write a tar to stdout: it is closed");
	return engine_export(&app->engine, name, 1, f);
}

static int to_file(struct app *app, const char *name, const char *path, struct fail *f)
{
	auto_fd int fd = fd_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	struct stat st;
	int r;

	if (fd < 0)
		return fail(f, -fd, "make '%s'", path);
	r = engine_export(&app->engine, name, fd, f);
	/* Half a tar is none. What is no file (/dev/null, a FIFO) is not ours to remove. */
	if (r < 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		(void)unlink(path);
	return r;
}

static int export_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct export_opts o = { 0 };
	int first = app_parse(app, &o, argc, argv, f), r;
	char id[CTR_ID_LEN + 1];

	if (first < 0)
		return first;
	r = app_need_args(app, argc - first, 1, 1, f);
	/* Before a file is cut for one that isn't there. */
	if (r == 0)
		r = container_find(&app->engine, argv[first], id, f);
	if (r == 0)
		r = o.output && strcmp(o.output, "-") ? to_file(app, argv[first], o.output, f) :
							to_stdout(app, argv[first], f);
	opt_done(export_rows, &o);
	return r;
}

const struct command export_command = {
	.name = "export", .args = "[options] CONTAINER",
	.summary = "Write a container's root file system as a tar",
	.details = "Image and changes together, without volumes. 'rbox import' makes an image of it again.",
	.examples = "  rbox export -o web.tar web\n  rbox export web | tar -t",
	.needs = NEED_STORE | NEED_SEALED, .opts = export_rows, .run = export_run,
};
