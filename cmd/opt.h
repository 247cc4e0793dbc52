/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_OPT_H
#define CMD_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pkg/util/fail.h"
#include "pkg/util/tri.h"

/*
 * Options are const rows that point into a struct of the caller's; a row whose kind and
 * field type differ does not compile. --help, the man pages and the completions are made from
 * the same rows. The grammar is pflag's, which podman's users type: --name VALUE, --name=VALUE,
 * -n VALUE, -nVALUE, -n=VALUE, -abc for flags, --flag=false, "--" ends the options.
 *
 * A row without help is accepted and not shown (aliases). OPT_TITLE is no option: help puts its words
 * above the rows that follow. Strings are owned by the struct: the last
 * one given wins; release with opt_done.
 */
enum opt_kind { OPT_K_END, OPT_K_FLAG, OPT_K_TRI, OPT_K_STR, OPT_K_LIST, OPT_K_CSV, OPT_K_INT, OPT_K_UINT,
		OPT_K_GROUP, OPT_K_TITLE };

struct opt {
	char letter;		/* 0: none */
	const char *name;
	enum opt_kind kind;
	size_t offset;
	const char *arg;	/* what help calls the value: "string", "FILE" */
	const char *help;
	const struct opt *sub;	/* OPT_K_GROUP */
};

#define OPT_CHECKED(type, member, ctype)                                                         \
	(offsetof(type, member) +                                                                \
	 0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((type *)0)->member), ctype) ? 1 : -1]))
#define OPT_FLAG(c, n, type, member, help_) \
	{ (c), (n), OPT_K_FLAG, OPT_CHECKED(type, member, bool), NULL, (help_), NULL }
#define OPT_TRI(c, n, type, member, help_) \
	{ (c), (n), OPT_K_TRI, OPT_CHECKED(type, member, enum tri), NULL, (help_), NULL }
#define OPT_STR(c, n, type, member, arg_, help_) \
	{ (c), (n), OPT_K_STR, OPT_CHECKED(type, member, char *), (arg_), (help_), NULL }
/* May be given several times; each value is one element. */
#define OPT_LIST(c, n, type, member, arg_, help_) \
	{ (c), (n), OPT_K_LIST, OPT_CHECKED(type, member, char **), (arg_), (help_), NULL }
/* The same, but a value is split at commas. */
#define OPT_CSV(c, n, type, member, arg_, help_) \
	{ (c), (n), OPT_K_CSV, OPT_CHECKED(type, member, char **), (arg_), (help_), NULL }
#define OPT_INT(c, n, type, member, arg_, help_) \
	{ (c), (n), OPT_K_INT, OPT_CHECKED(type, member, int), (arg_), (help_), NULL }
#define OPT_UINT(c, n, type, member, arg_, help_) \
	{ (c), (n), OPT_K_UINT, OPT_CHECKED(type, member, unsigned), (arg_), (help_), NULL }
/* The rows of a group whose struct is MEMBER of ours. */
#define OPT_GROUP(type, member, rows) \
	{ 0, NULL, OPT_K_GROUP, offsetof(type, member), NULL, NULL, (rows) }
#define OPT_TITLE(words) { 0, NULL, OPT_K_TITLE, 0, (words), NULL, NULL }
#define OPT_END { 0, NULL, OPT_K_END, 0, NULL, NULL, NULL }

/*
 * Fills OBJ and returns the index of the first operand; argv is permuted so that all
 * operands stand there, in order. STOP_EARLY: the first operand ends the options (run, exec). An
 * unknown option is refused with the nearest known name. "--help" and "-h" return -ECANCELED.
 */
int opt_parse(const struct opt *rows, void *obj, int argc, char **argv, bool stop_early,
	      struct fail *f) MUST_USE;
void opt_done(const struct opt *rows, void *obj);

/* The row of an option by its letter, or by NAME unless that is NULL; NULL: there is none. */
const struct opt *opt_find(const struct opt *rows, char letter, const char *name);
/* False: a flag, which stands alone. */
bool opt_takes_value(const struct opt *row);

/* Every row, groups unfolded, in order. FN's non-zero result stops. */
int opt_each(const struct opt *rows, int (*fn)(const struct opt *row, void *ctx), void *ctx);

#endif
