// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/global.h"
#include "cmd/names.h"
#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "runtime/seal.h"

static void print_fail(const struct fail *f)
{
	auto_str struct str s = STR_INIT(16 * 1024);

	/* Messages may carry text of images, registries and file names. */
	str_add_escaped(&s, f->msg);
	fprintf(stderr, "Error: %s\n", str_cstr(&s));
	if (!f->hint[0])
		return;
	str_clear(&s);
	str_add_escaped(&s, f->hint);
	fprintf(stderr, "  fix: %s\n", str_cstr(&s));
}

void app_report(struct app *app, struct fail *f)
{
	(void)app;
	fflush(stdout);
	print_fail(f);
	fail_clear(f);
}

void app_warn(const char *fmt, ...)
{
	auto_str struct str s = STR_INIT(16 * 1024);
	char text[2 * FAIL_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* As in print_fail: what is told of may bear a stranger's name. */
	str_add_escaped(&s, text);
	fflush(stdout);
	fprintf(stderr, "WARN: %s\n", str_cstr(&s));
}

void app_print(const char *text)
{
	fputs(text, stdout);
}

void app_printf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stdout, fmt, ap);
	va_end(ap);
}

static int parse(struct app *app, void *opts, int argc, char **argv, bool early, struct fail *f)
{
	int r = opt_parse(app->command->opts, opts, argc, argv, early, f);

	if (r == -ECANCELED && !f->code) {
		app_help(app->command, app->path);
		exit(fflush(stdout) == 0 ? 0 : FAIL_EXIT_ENGINE);
	}
	if (r < 0)
		fail_hint(f, "see 'rbox %s --help'", app->path);
	return r;
}

int app_parse(struct app *app, void *opts, int argc, char **argv, struct fail *f)
{
	return parse(app, opts, argc, argv, false, f);
}

int app_parse_early(struct app *app, void *opts, int argc, char **argv, struct fail *f)
{
	return parse(app, opts, argc, argv, true, f);
}

int app_need_args(const struct app *app, int count, int min, int max, struct fail *f)
{
	if (min == max && min && count != min)
		(void)refuse(f, EINVAL, "accepts %d arg(s), received %d", min, count);
	else if (count < min)
		(void)refuse(f, EINVAL, "requires at least %d arg(s), only received %d", min, count);
	else if (!max && count)
		(void)refuse(f, EINVAL, "`rbox %s` takes no arguments", app->path);
	else if (max >= 0 && count > max)
		(void)refuse(f, EINVAL, "accepts at most %d arg(s), received %d", max, count);
	else
		return 0;
	fail_hint(f, "rbox %s %s", app->path, app->command->args);
	return -EINVAL;
}

/* run -h NAME is --hostname. */
static int is_h(const struct opt *row, void *ctx)
{
	(void)ctx;
	return row->letter == 'h';
}

static int run_command(struct app *app, int argc, char **argv, struct fail *f)
{
	bool help = argc > 1 && (!strcmp(argv[1], "--help") ||
				 (!strcmp(argv[1], "-h") && !opt_each(app->command->opts, is_h, NULL)));
	int r;

	if (help) {
		app_help(app->command, app->path);
		return 0;
	}
	if ((app->command->needs & NEED_SEALED) && seal_self(app->argv, f) < 0) {
		app_warn("%s: a process in the container could overwrite rbox", f->msg);
		fail_clear(f);
	}
	if (app->command->needs & NEED_STORE) {
		r = engine_open(&app->engine, app_warn, f);
		if (r < 0)
			return r;
	}
	r = app->command->run(app, argc, argv, f);
	/*
	 * What others left behind when they were killed, and what this command moved to the trash. After run
	 * --rm too: its monitor clears up, but passes the container over when we, slow to let go of its lock,
	 * were still holding it then.
	 */
	if (app->command->needs & NEED_STORE)
		engine_sweep(&app->engine);
	return r;
}

static bool asks_help(const char *arg)
{
	return !strcmp(arg, "--help") || !strcmp(arg, "-h");
}

static int dispatch(struct app *app, int argc, char **argv, struct fail *f)
{
	auto_free char *path = mem_strdup("");
	const struct command *c = NULL;
	int r, i = global_options(argc, argv, f);

	if (i < 0)
		return i;
	if (i < argc && (!strcmp(argv[i], "--version") || !strcmp(argv[i], "-v"))) {
		app_print("rbox version " RBOX_VERSION "\n");
		return 0;
	}
	if (i == argc || asks_help(argv[i])) {
		app_help_overview();
		return i < argc ? 0 : refuse(f, EINVAL, "missing command 'rbox COMMAND'");
	}
	for (; !c || c->subs; i++) {
		if (i == argc) {
			app_help(c, path);
			return refuse(f, EINVAL, "missing command 'rbox %s COMMAND'", path);
		}
		if (c && asks_help(argv[i])) {
			app_help(c, path);
			return 0;
		}
		if (argv[i][0] == '-' && argv[i][1])
			return refuse(f, EINVAL, "unknown flag: %.100s", argv[i]);
		r = command_step(&c, &path, argv[i], f);
		if (r < 0)
			return r;
	}
	app->command = c;
	app->path = path;
	return run_command(app, argc - i + 1, argv + i - 1, f);
}

/* Whether the reader of our stdout has gone: `rbox logs | head`. */
static bool is_unread(void)
{
	struct pollfd p = { .fd = STDOUT_FILENO };

	return poll(&p, 1, 0) > 0 && (p.revents & POLLERR);
}

/* As any program that SIGPIPE ends: by that status, and without a word. */
enum { STATUS_UNREAD = 128 + SIGPIPE };

/* All that was printed is to have arrived, or we failed. STATUS when it has. */
static int finish_stdout(int status)
{
	int err = fflush(stdout) != 0 ? errno : 0;

	/* A write that failed earlier has been forgotten by fflush, not by the stream. */
	if (!err && !ferror(stdout))
		return status;
	if (is_unread())
		return STATUS_UNREAD;
	fprintf(stderr, "Error: write to stdout: %s\n", err ? strerror(err) : "a part of it could not be written");
	return FAIL_EXIT_ENGINE;
}

static int end_failed(struct fail *f, int r)
{
	fflush(stdout);
	if (!f->code)
		(void)fail(f, -r, "rbox");
	if (f->code == EPIPE && is_unread())
		return STATUS_UNREAD;
	print_fail(f);
	return fail_status(f);
}

int main(int argc, char **argv)
{
	struct app app = { .engine = { .store.root_fd = -EBADF }, .argv = argv };
	struct fail f = { 0 };
	int r = fd_std_guard();

	if (r < 0)
		return FAIL_EXIT_ENGINE;
	/* `rbox logs | head` ends by EPIPE: what was begun is put in order first. */
	signal(SIGPIPE, SIG_IGN);
	r = dispatch(&app, argc, argv, &f);
	engine_done(&app.engine);
	return r < 0 ? end_failed(&f, r) : finish_stdout(r);
}
