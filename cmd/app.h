/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_APP_H
#define CMD_APP_H

#include <jansson.h>
#include <stdbool.h>

#include "cmd/opt.h"
#include "pkg/engine/engine.h"
#include "pkg/util/fail.h"

/*
 * Commands. One file a command, one const row each (struct command); cmd/table.c lists them.
 * A command parses its options, calls one function of pkg/engine, prints what comes back. It
 * returns the exit status (>= 0), or -errno with F set: main prints "Error: ..." and the hint
 * to stderr and ends with fail_status(F), 125 unless the failure says otherwise.
 */
struct app {
	struct engine engine;	/* opened before run() when the command says NEED_STORE */
	const struct command *command;
	const char *path;	/* as typed: "image ls" */
	char **argv;		/* whole, as main got it */
};

/* NEED_SEALED: it enters a container, or starts what does (runtime/seal.h). */
enum command_needs { NEED_NOTHING = 0, NEED_STORE = 1 << 0, NEED_SEALED = 1 << 1 };

struct command {
	const char *name;
	const char *args;	/* "[options] CONTAINER [CONTAINER...]" */
	const char *summary;	/* "Stop running containers": one line, no full stop */
	const char *details;	/* more text for help and man; may be NULL */
	const char *examples;	/* lines "  rbox stop web"; may be NULL */
	enum command_needs needs;
	const struct opt *opts;
	int (*run)(struct app *app, int argc, char **argv, struct fail *f);
	const struct command *const *subs;	/* a noun: "image", "container" */
	const char *const *aliases;	/* other names, NULL-terminated */
};

/* Parses with the command's rows; on --help prints it and exits 0. Returns the first operand. */
int app_parse(struct app *app, void *opts, int argc, char **argv, struct fail *f) MUST_USE;
/* The same, options end at the first operand. */
int app_parse_early(struct app *app, void *opts, int argc, char **argv, struct fail *f) MUST_USE;

/* Operand counts (MAX < 0: no limit), in podman's words: "requires at least 1 arg(s), ...". */
int app_need_args(const struct app *app, int count, int min, int max, struct fail *f) MUST_USE;

/* Prints a failure to stderr now and clears it (several operands: go on, report each). */
void app_report(struct app *app, struct fail *f);
/* "WARN: ..." to stderr. */
void app_warn(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* To stdout, buffered until the end; main checks the final flush. */
void app_print(const char *text);
void app_printf(const char *fmt, ...) PRINTF_LIKE(1, 2);

/*
 * When stdout is a terminal: makes control characters in the values visible, before a template prints
 * them. Names, labels and commands come from images, and could drive the terminal.
 */
void app_defuse(json_t *rows);
/* One object by --format: "json", or a Go template; with a newline. */
int app_print_object(const json_t *object, const char *format, struct fail *f) MUST_USE;

/* --help of a command or a noun, and of rbox itself. Lines end at the terminal's width, or at 80. */
void app_help(const struct command *c, const char *path);
void app_help_overview(void);
/* How wide the terminal FD is; 80 when it isn't one. */
unsigned app_columns(int fd);

extern const struct command *const command_table[];

#endif
