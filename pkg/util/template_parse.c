// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "pkg/util/template_impl.h"

struct parse {
	struct lex lex;
	struct token tok;	/* the one looked at */
	char *vars[TEMPLATE_VARS];
	size_t n_vars;
	unsigned depth;
	unsigned ranges;	/* the ranges around us, for break and continue */
	struct fail *f;
};

enum stop { STOP_EOF, STOP_END, STOP_ELSE };

#define fault(p, at, ...) template_fault((p)->lex.name, (p)->lex.text, (at), (p)->f, __VA_ARGS__)

static void node_free(struct node *n)
{
	while (n) {
		struct node *next = n->next;

		node_free(n->first);
		node_free(n->body);
		node_free(n->other);
		free(n->text);
		free(n->vars[0]);
		free(n->vars[1]);
		strv_free(n->fields);
		json_decref(n->value);
		free(n);
		n = next;
	}
}

static void node_free_ptr(struct node **n)
{
	node_free(*n);
	*n = NULL;
}
#define auto_node __attribute__((cleanup(node_free_ptr)))

static struct node *node_new(enum node_kind kind, size_t at)
{
	struct node *n = mem_alloc(sizeof(*n));

	n->kind = kind;
	n->at = at;
	return n;
}

static int next(struct parse *p)
{
	json_decref(p->tok.value);
	p->tok.value = NULL;
	return lex_token(&p->lex, &p->tok, p->f);
}

static bool is_keyword(const struct parse *p, const char *word)
{
	return p->tok.kind == T_WORD && p->tok.len == strlen(word) &&
	       !memcmp(p->tok.text, word, p->tok.len);
}

static int declare(struct parse *p, const char *name, size_t at)
{
	if (p->n_vars == TEMPLATE_VARS)
		return fault(p, at, "more than %d variables", TEMPLATE_VARS);
	p->vars[p->n_vars++] = mem_strdup(name);
	return 0;
}

static void forget(struct parse *p, size_t mark)
{
	while (p->n_vars > mark)
		free(p->vars[--p->n_vars]);
}

static bool declared(const struct parse *p, const char *name)
{
	for (size_t i = 0; i < p->n_vars; i++)
		if (!strcmp(p->vars[i], name))
			return true;
	return false;
}

static int parse_pipe(struct parse *p, enum token_kind end, bool range, struct node **ret);

/* The fields that follow without a blank. */
static int parse_fields(struct parse *p, struct node *n)
{
	while (p->tok.kind == T_FIELD && (!p->tok.space || (n->kind == N_FIELD && !n->fields))) {
		int r;

		strv_add_take(&n->fields, mem_strndup(p->tok.text, p->tok.len));
		r = next(p);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_paren(struct parse *p, struct node **ret)
{
	size_t at = p->tok.at;
	auto_node struct node *pipe = NULL;
	int r;

	if (p->depth == TEMPLATE_DEPTH)
		return fault(p, at, "nested more than %d deep", TEMPLATE_DEPTH);
	p->depth++;
	r = next(p);
	if (r == 0)
		r = parse_pipe(p, T_CLOSE, false, &pipe);
	p->depth--;
	if (r == 0)
		r = next(p);
	if (r < 0)
		return r;
	*ret = node_new(N_CHAIN, at);
	(*ret)->first = mem_take(&pipe);
	return parse_fields(p, *ret);
}

static int parse_operand(struct parse *p, struct node **ret)
{
	struct token *t = &p->tok;
	struct node *n;

	switch (t->kind) {
	case T_FIELD:
		*ret = n = node_new(N_FIELD, t->at);
		return parse_fields(p, n);
	case T_DOT:
		*ret = node_new(N_DOT, t->at);
		return next(p);
	case T_VAR: {
		int r;

		*ret = n = node_new(N_VAR, t->at);
		n->text = mem_strndup(t->text, t->len);
		if (!declared(p, n->text))
			return fault(p, t->at, "undefined variable \"%s\"", n->text);
		r = next(p);
		return r < 0 ? r : parse_fields(p, n);
	}
	case T_CONST:
		*ret = n = node_new(N_CONST, t->at);
		n->value = t->value;
		t->value = NULL;
		return next(p);
	case T_NIL:
		*ret = node_new(N_NIL, t->at);
		return next(p);
	case T_OPEN:
		return parse_paren(p, ret);
	case T_WORD:
		*ret = n = node_new(N_FUNC, t->at);
		n->text = mem_strndup(t->text, t->len);
		n->func = builtin_find(t->text, t->len);
		if (!n->func)
			return fault(p, t->at, "function \"%s\" not defined", n->text);
		return next(p);
	default:
		return fault(p, t->at, "unexpected %s", t->kind == T_DECLARE ? "\":=\"" :
			     t->kind == T_ASSIGN ? "\"=\"" : t->kind == T_COMMA ? "\",\"" : "token");
	}
}

/* Arguments that are one too many or few are told before anything is printed. */
static int check_command(struct parse *p, const struct node *c, size_t words, bool piped)
{
	const struct builtin *b = c->first->func;
	size_t args = words - 1 + piped;

	if (c->first->kind == N_NIL && words == 1)
		return fault(p, c->at, "nil is not a command");
	if (!b && words > 1)
		return fault(p, c->at, "can't give argument to non-function");
	if (!b && piped)
		return fault(p, c->at, "non executable command in pipeline");
	if (!b || (args >= b->min && args <= b->max))
		return 0;
	return fault(p, c->at, "wrong number of args for %s: want %s%u got %zu", b->name,
		     b->min == b->max ? "" : args < b->min ? "at least " : "at most ",
		     args < b->min ? b->min : b->max, args);
}

/* The method of podman's and docker's listings: .Label "key" is index .Labels "key". */
static size_t label_method(struct node *c, size_t words)
{
	struct node *field = c->first, *index;
	size_t n;

	if (words != 2 || field->kind != N_FIELD)
		return words;
	n = strv_len(field->fields);
	if (!n || strcmp(field->fields[n - 1], "Label"))
		return words;
	mem_replace(&field->fields[n - 1], mem_strdup("Labels"));
	index = node_new(N_FUNC, field->at);
	index->text = mem_strdup("index");
	index->func = builtin_find("index", 5);
	index->next = field;
	c->first = index;
	return 3;
}

static int parse_command(struct parse *p, enum token_kind end, bool piped, struct node **ret)
{
	struct node *c = *ret = node_new(N_COMMAND, p->tok.at);
	struct node **tail = &c->first;
	size_t words = 0;

	while (p->tok.kind != end && p->tok.kind != T_PIPE) {
		int r;

		if (p->tok.kind == T_END)
			return fault(p, p->tok.at, "unclosed left paren");
		if (p->tok.kind == T_CLOSE)
			return fault(p, p->tok.at, "unexpected right paren");
		r = parse_operand(p, tail);
		if (r < 0)
			return r;
		tail = &(*tail)->next;
		words++;
	}
	if (!words)
		return fault(p, c->at, "missing value for command");
	return check_command(p, c, label_method(c, words), piped);
}

/* "$x :=", "$x =" or, in a range, "$i, $e :="; nothing when the variable is a value. */
static int parse_declaration(struct parse *p, bool range, struct node *pipe)
{
	struct lex saved_lex = p->lex;
	struct token saved = p->tok;
	size_t n = 0;
	int r = 0;

	while (p->tok.kind == T_VAR && n < 2) {
		pipe->vars[n++] = mem_strndup(p->tok.text, p->tok.len);
		r = next(p);
		if (r < 0)
			return r;
		if (p->tok.kind != T_COMMA || !range || n == 2)
			break;
		r = next(p);
		if (r < 0)
			return r;
	}
	if (n && (p->tok.kind == T_DECLARE || p->tok.kind == T_ASSIGN)) {
		pipe->n_vars = (unsigned)n;
		pipe->assign = p->tok.kind == T_ASSIGN;
		for (size_t i = 0; i < n && pipe->assign; i++)
			if (!declared(p, pipe->vars[i]))
				return fault(p, saved.at, "undefined variable \"%s\"", pipe->vars[i]);
		return next(p);
	}
	for (size_t i = 0; i < n; i++)
		mem_free_ptr(&pipe->vars[i]);
	json_decref(p->tok.value);
	p->lex = saved_lex;
	p->tok = saved;
	return 0;
}

static int parse_pipe(struct parse *p, enum token_kind end, bool range, struct node **ret)
{
	struct node *pipe = *ret = node_new(N_PIPE, p->tok.at);
	struct node **tail = &pipe->first;
	int r = 0;

	if (p->tok.kind == T_VAR)
		r = parse_declaration(p, range, pipe);
	while (r == 0) {
		r = parse_command(p, end, tail != &pipe->first, tail);
		if (r < 0 || p->tok.kind == end)
			break;
		tail = &(*tail)->next;
		r = next(p);
	}
	for (unsigned i = 0; r == 0 && i < pipe->n_vars && !pipe->assign; i++)
		r = declare(p, pipe->vars[i], pipe->at);
	return r;
}

static int parse_list(struct parse *p, struct node **ret, enum stop *ret_stop);

static int parse_else(struct parse *p, struct node *n);

/* The branches of if, with and range, up to their end. P stands behind the word. */
static int parse_branches(struct parse *p, struct node *n)
{
	size_t mark = p->n_vars, inner;
	enum stop stop = STOP_EOF;
	int r;

	if (p->depth == TEMPLATE_DEPTH)
		return fault(p, n->at, "nested more than %d deep", TEMPLATE_DEPTH);
	p->depth++;
	r = next(p);
	if (r == 0)
		r = parse_pipe(p, T_END, n->kind == N_RANGE, &n->first);
	inner = p->n_vars;
	p->ranges += n->kind == N_RANGE;
	if (r == 0)
		r = parse_list(p, &n->body, &stop);
	p->ranges -= n->kind == N_RANGE;
	forget(p, inner);
	if (r == 0 && stop == STOP_ELSE)
		r = parse_else(p, n);
	else if (r == 0 && stop == STOP_EOF)
		r = fault(p, n->at, "unexpected EOF: this block has no {{end}}");
	forget(p, mark);
	p->depth--;
	return r;
}

/* After {{else: its own list, or another if (with) that shares our end. */
static int parse_else(struct parse *p, struct node *n)
{
	enum stop stop = STOP_EOF;
	size_t at = p->tok.at;
	int r;

	if ((n->kind == N_IF && is_keyword(p, "if")) || (n->kind == N_WITH && is_keyword(p, "with"))) {
		n->other = node_new(n->kind, at);
		return parse_branches(p, n->other);
	}
	if (p->tok.kind != T_END)
		return fault(p, at, "unexpected text after else");
	r = parse_list(p, &n->other, &stop);
	if (r < 0)
		return r;
	if (stop == STOP_ELSE)
		return fault(p, p->tok.at, "expected end; found {{else}}");
	return stop == STOP_END ? 0 : fault(p, n->at, "unexpected EOF: this block has no {{end}}");
}

static int want_end(struct parse *p, const char *word)
{
	int r = next(p);

	if (r < 0)
		return r;
	return p->tok.kind == T_END ? 0 : fault(p, p->tok.at, "unexpected text after %s", word);
}

/* One action; *RET_STOP says that it closes the list. */
static int parse_action(struct parse *p, struct node **ret, enum stop *ret_stop)
{
	static const struct {
		const char *word;
		enum node_kind kind;
	} blocks[] = { { "if", N_IF }, { "range", N_RANGE }, { "with", N_WITH } };
	static const char *const foreign[] = { "define", "template", "block" };
	size_t at = p->tok.at;

	for (size_t i = 0; i < ARRAY_LEN(blocks); i++) {
		if (is_keyword(p, blocks[i].word)) {
			*ret = node_new(blocks[i].kind, at);
			return parse_branches(p, *ret);
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(foreign); i++)
		if (is_keyword(p, foreign[i]))
			return fault(p, at, "{{%s}} is not supported", foreign[i]);
	if (is_keyword(p, "end")) {
		*ret_stop = STOP_END;
		return want_end(p, "end");
	}
	if (is_keyword(p, "else")) {
		*ret_stop = STOP_ELSE;
		return next(p);
	}
	if (is_keyword(p, "break") || is_keyword(p, "continue")) {
		bool leave = is_keyword(p, "break");

		if (!p->ranges)
			return fault(p, at, "{{%s}} outside {{range}}", leave ? "break" : "continue");
		*ret = node_new(leave ? N_BREAK : N_CONTINUE, at);
		return want_end(p, leave ? "break" : "continue");
	}
	*ret = node_new(N_ACTION, at);
	return parse_pipe(p, T_END, false, &(*ret)->first);
}

static int parse_list(struct parse *p, struct node **ret, enum stop *ret_stop)
{
	struct node **tail = ret;

	for (;;) {
		enum stop stop = STOP_EOF;
		const char *text;
		bool action;
		size_t len;
		int r = lex_text(&p->lex, &text, &len, &action, p->f);

		if (r < 0)
			return r;
		if (len) {
			*tail = node_new(N_TEXT, (size_t)(text - p->lex.text));
			(*tail)->text = mem_strndup(text, len);
			tail = &(*tail)->next;
		}
		if (!action && p->lex.pos == p->lex.len) {
			*ret_stop = STOP_EOF;
			return 0;
		}
		if (!action)
			continue;
		r = next(p);
		if (r == 0)
			r = parse_action(p, tail, &stop);
		if (r < 0)
			return r;
		if (stop != STOP_EOF) {
			*ret_stop = stop;
			return 0;
		}
		tail = &(*tail)->next;
	}
}

int template_parse(const char *name, const char *text, struct template **ret, struct fail *f)
{
	struct parse p = { .lex = { .name = name, .text = text, .len = strlen(text) }, .f = f };
	auto_template struct template *t = NULL;
	enum stop stop;
	int r;

	if (p.lex.len > TEMPLATE_TEXT_MAX)
		return refuse(f, EINVAL, "template: %s: longer than %d bytes", name, TEMPLATE_TEXT_MAX);
	t = mem_alloc(sizeof(*t));
	t->name = mem_strdup(name);
	t->text = mem_strdup(text);
	r = declare(&p, "$", 0);
	if (r == 0)
		r = parse_list(&p, &t->root, &stop);
	if (r == 0 && stop != STOP_EOF)
		r = fault(&p, p.tok.at, "unexpected {{%s}}", stop == STOP_END ? "end" : "else");
	forget(&p, 0);
	json_decref(p.tok.value);
	if (r == 0)
		*ret = mem_take(&t);
	return r;
}

void template_free(struct template *t)
{
	if (!t)
		return;
	node_free(t->root);
	free(t->name);
	free(t->text);
	free(t);
}

void template_free_ptr(struct template **t)
{
	template_free(*t);
	*t = NULL;
}
