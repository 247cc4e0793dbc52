/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_UTIL_TEMPLATE_IMPL_H
#define PKG_UTIL_TEMPLATE_IMPL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pkg/util/fail.h"
#include "pkg/util/str.h"
#include "pkg/util/template.h"

/* What the files template_*.c share; nobody else includes this. */

/* Lexer: text between actions, and the tokens within one. */
enum token_kind {
	T_END, T_FIELD, T_DOT, T_VAR, T_WORD, T_CONST, T_NIL, T_PIPE, T_OPEN, T_CLOSE, T_DECLARE,
	T_ASSIGN, T_COMMA,
};

struct token {
	enum token_kind kind;
	bool space;		/* blanks stand before it */
	size_t at;		/* where it begins in the text */
	const char *text;	/* T_FIELD, T_VAR (with its $), T_WORD */
	size_t len;
	json_t *value;		/* T_CONST: a reference the taker owns */
};

struct lex {
	const char *name;
	const char *text;
	size_t len;
	size_t pos;
	bool trim;		/* the action just ended with -}} */
};

/*
 * The text up to the next action that isn't a comment, trimmed; *RET_ACTION is false at
 * the end of the template. One text may come in several pieces.
 */
int lex_text(struct lex *l, const char **ret, size_t *ret_len, bool *ret_action, struct fail *f);
int lex_token(struct lex *l, struct token *ret, struct fail *f);

/* "template: NAME: line L, column C: FMT" for a place in TEXT; returns -EINVAL. */
int template_fault(const char *name, const char *text, size_t at, struct fail *f, const char *fmt,
		   ...) PRINTF_LIKE(5, 6);

/* The tree. */
enum node_kind {
	N_TEXT, N_ACTION, N_IF, N_RANGE, N_WITH, N_BREAK, N_CONTINUE,
	N_PIPE, N_COMMAND, N_DOT, N_FIELD, N_VAR, N_CHAIN, N_FUNC, N_CONST, N_NIL,
};

struct node {
	enum node_kind kind;
	size_t at;
	struct node *next;	/* the sibling after it */
	struct node *first;	/* N_PIPE: commands; N_COMMAND: words; N_CHAIN: a pipe; others: their pipe */
	struct node *body;
	struct node *other;	/* after else */
	char *text;		/* N_TEXT, N_VAR, N_FUNC */
	char **fields;		/* N_FIELD, N_VAR, N_CHAIN */
	const struct builtin *func;
	json_t *value;		/* N_CONST */
	char *vars[2];		/* N_PIPE: $i, $e := */
	unsigned n_vars;
	bool assign;		/* = and not := */
};

struct template {
	char *name;
	char *text;
	struct node *root;
};

/* A value while it is computed: an owned reference; NULL is Go's "<no value>". */
struct value {
	json_t *j;
	bool map;	/* an object that is a map, not a struct */
};

void value_done(struct value *v);
#define auto_value __attribute__((cleanup(value_done)))
bool value_true(const struct value *v);
bool value_is_struct(const struct value *v);

/* Whether the object behind member NAME is a map. */
bool template_is_map(const struct template_env *env, const char *name);

/*
 * A function of the templates. CALL gives a value or the text of its complaint, without
 * a place; short text in F by refuse().
 */
enum { ARGS_MAX = 64 };
struct call {
	const struct template_env *env;
	const struct value *args;
	size_t n;
	struct value ret;
};
struct builtin {
	const char *name;
	unsigned min, max;	/* arguments */
	int (*call)(struct call *c, struct fail *f);	/* NULL: and, or, which the evaluator does */
};
const struct builtin *builtin_find(const char *name, size_t len);

/* Printing as Go's fmt does. */
void print_value(struct str *out, const struct value *v, const struct template_env *env);
void print_format(struct str *out, const char *fmt, size_t len, const struct value *args, size_t n,
		  const struct template_env *env);
void print_float(char *buf, size_t size, double v, int low, int high);

#endif
