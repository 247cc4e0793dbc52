// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pkg/util/mem.h"
#include "pkg/util/template_impl.h"

/* Units of work one rendering may do: a node costs one, 16 bytes of a value one. */
enum { WORK_MAX = 4 << 20 };

struct var {
	const char *name;	/* the tree's */
	struct value v;
};

struct eval {
	const struct template *t;
	const struct template_env *env;
	struct str *out;
	struct fail *f;
	struct value dot;	/* borrowed */
	struct var vars[TEMPLATE_VARS];
	size_t n_vars;
	uint64_t work;
};

enum flow { FLOW_ON, FLOW_BREAK, FLOW_CONTINUE };

#define fault(e, at, ...) template_fault((e)->t->name, (e)->t->text, (at), (e)->f, __VA_ARGS__)

void value_done(struct value *v)
{
	json_decref(v->j);
	v->j = NULL;
}

static struct value value_copy(struct value v)
{
	json_incref(v.j);
	return v;
}

bool value_is_struct(const struct value *v)
{
	return json_is_object(v->j) && !v->map;
}

bool value_true(const struct value *v)
{
	switch (v->j ? json_typeof(v->j) : JSON_NULL) {
	case JSON_OBJECT:
		return !v->map || json_object_size(v->j);
	case JSON_ARRAY:
		return json_array_size(v->j);
	case JSON_STRING:
		return json_string_length(v->j);
	case JSON_INTEGER:
		return json_integer_value(v->j) != 0;
	case JSON_REAL:
		return json_real_value(v->j) < 0 || json_real_value(v->j) > 0;
	case JSON_TRUE:
		return true;
	default:
		return false;
	}
}

bool template_is_map(const struct template_env *env, const char *name)
{
	static const char *const usual[] = {
		"Labels", "Annotations", "Options", "Networks", "Ports", "ExposedPorts", "Volumes",
		"Attributes", "Data", "Sysctls", "Tmpfs", "LogOpts", "ImageLabels", "Registries",
		"Devices", "Status", "GraphStatus", "GraphOptions", "Runtimes", "Config.Labels", NULL
	};

	if (!env)
		return true;
	for (const char *const *m = env->maps ? env->maps : usual; *m; m++)
		if (!strcasecmp(*m, name))
			return true;
	return false;
}

static int spend(struct eval *e, size_t at, uint64_t units)
{
	e->work += units;
	if (e->work > WORK_MAX)
		return fault(e, at, "the template does too much work");
	if (str_failed(e->out)) {
		(void)fault(e, at, "the output is larger than %zu bytes", e->out->max);
		e->f->code = E2BIG;
		return -E2BIG;
	}
	return 0;
}

/* How far apart two names are, in letters changed, left out or put in; case is no difference. */
static size_t distance(const char *a, const char *b)
{
	size_t row[65], la = strlen(a), lb = strlen(b);

	if (la > 64 || lb > 64)
		return 64;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
			size_t best = corner + !same;

			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[lb];
}

static int unknown_field(struct eval *e, size_t at, const json_t *object, const char *name)
{
	size_t best = strlen(name) / 3 + 2;
	const char *key, *close = NULL;
	json_t *item;

	json_object_foreach((json_t *)object, key, item)
	{
		size_t d = distance(name, key);

		if (d < best) {
			best = d;
			close = key;
		}
	}
	(void)fault(e, at, "can't evaluate field %s", name);
	if (close) {
		auto_str struct str hint = STR_INIT(256);

		str_add_escaped(&hint, close);
		fail_hint(e->f, "did you mean '.%s'?", str_cstr(&hint));
	}
	return -EINVAL;
}

/*
 * Is KEY what JSON calls the Go member NAME? info's types are written that way: OCIRuntime is
 * "ociRuntime", HostID "host_id"; one differs in more than case.
 */
static bool is_go_name(const char *name, const char *key)
{
	if (!strcmp(name, "CgroupsVersion"))
		return !strcmp(key, "cgroupVersion");
	if (*name < 'A' || *name > 'Z' || *key < 'a' || *key > 'z')
		return false;
	for (; *key; key++) {
		if (*key == '_')
			continue;
		if (tolower((unsigned char)*name) != tolower((unsigned char)*key))
			return false;
		name++;
	}
	return !*name;
}

/* podman has both spellings in its types, here one, there the other. */
static json_t *get_member(const json_t *object, const char *name)
{
	json_t *j = json_object_get(object, name);

	if (!j && !strcmp(name, "ID"))
		j = json_object_get(object, "Id");
	if (!j && !strcmp(name, "Id"))
		j = json_object_get(object, "ID");
	/* What State.Health was called before podman 4. */
	if (!j && !strcmp(name, "Healthcheck"))
		j = json_object_get(object, "Health");
	if (!j) {
		const char *key;
		json_t *item;

		json_object_foreach((json_t *)object, key, item)
			if (is_go_name(name, key))
				return item;
	}
	return j;
}

/* Goes from *V to its member NAME. */
static int step_into(struct eval *e, size_t at, struct value *v, const char *name)
{
	struct value member;
	int r;

	if (!v->j)
		return 0; /* beyond a key that a map doesn't have there is still no value */
	if (json_is_null(v->j))
		return fault(e, at, "nil pointer evaluating field %s", name);
	if (!json_is_object(v->j))
		return fault(e, at, "can't evaluate field %s in type %s", name,
			     json_is_string(v->j) ? "string" : json_is_array(v->j) ? "list" :
			     json_is_boolean(v->j) ? "bool" : json_is_integer(v->j) ? "int" : "float64");
	member.j = v->map ? json_object_get(v->j, name) : get_member(v->j, name);
	if (!member.j && !v->map && e->env)
		member.j = json_object_get(e->env->omitted, name);
	if (!member.j && !v->map)
		return unknown_field(e, at, v->j, name);
	/* A null in a map is Go's nil interface, which is no value either. */
	if (v->map && json_is_null(member.j))
		member.j = NULL;
	member.map = template_is_map(e->env, name);
	member = value_copy(member);
	value_done(v);
	*v = member;
	r = spend(e, at, 1);
	return r;
}

static int step_all(struct eval *e, const struct node *n, struct value *v)
{
	strv_each(field, n->fields) {
		int r = step_into(e, n->at, v, *field);

		if (r < 0)
			return r;
	}
	return 0;
}

static struct var *var_find(struct eval *e, const char *name)
{
	for (size_t i = e->n_vars; i; i--)
		if (!strcmp(e->vars[i - 1].name, name))
			return &e->vars[i - 1];
	return NULL;
}

static void vars_drop(struct eval *e, size_t mark)
{
	while (e->n_vars > mark)
		value_done(&e->vars[--e->n_vars].v);
}

/* The parser has bounded the variables and seen each declared: neither test can fail. */
static int var_set(struct eval *e, const struct node *pipe, unsigned i, struct value v)
{
	struct var *var = pipe->assign ? var_find(e, pipe->vars[i]) : NULL;

	if (!pipe->assign) {
		if (e->n_vars == TEMPLATE_VARS)
			return fault(e, pipe->at, "more than %d variables", TEMPLATE_VARS);
		var = &e->vars[e->n_vars++];
		*var = (struct var){ .name = pipe->vars[i] };
	}
	if (!var)
		return fault(e, pipe->at, "undefined variable \"%s\"", pipe->vars[i]);
	v = value_copy(v);
	value_done(&var->v);
	var->v = v;
	return 0;
}

static int eval_pipe(struct eval *e, const struct node *pipe, struct value *ret);

static int eval_word(struct eval *e, const struct node *n, const struct value *piped,
		     struct value *ret);

static uint64_t weight(const struct value *v)
{
	if (json_is_string(v->j))
		return json_string_length(v->j) / 16;
	return json_is_array(v->j) ? json_array_size(v->j) : 0;
}

/* and, or: the first that decides, the rest unevaluated. */
static int eval_logic(struct eval *e, const struct node *func, const struct value *piped,
		      struct value *ret)
{
	bool until = !strcmp(func->func->name, "or");

	for (const struct node *n = func->next; n; n = n->next) {
		int r;

		value_done(ret);
		r = eval_word(e, n, NULL, ret);
		if (r < 0)
			return r;
		if (value_true(ret) == until)
			return 0;
	}
	if (piped) {
		struct value v = value_copy(*piped);

		value_done(ret);
		*ret = v;
	}
	return 0;
}

static int call_args(struct eval *e, const struct node *func, const struct value *piped,
		     struct call *c, struct value args[ARGS_MAX])
{
	for (const struct node *n = func->next; n; n = n->next) {
		int r;

		if (c->n == ARGS_MAX)
			return fault(e, n->at, "more than %d arguments", ARGS_MAX);
		r = eval_word(e, n, NULL, &args[c->n++]);
		if (r < 0)
			return r;
	}
	if (piped && c->n == ARGS_MAX)
		return fault(e, func->at, "more than %d arguments", ARGS_MAX);
	if (piped)
		args[c->n++] = value_copy(*piped);
	return 0;
}

static int eval_call(struct eval *e, const struct node *func, const struct value *piped,
		     struct value *ret)
{
	struct value args[ARGS_MAX] = { { 0 } };
	struct call c = { .env = e->env, .args = args };
	uint64_t cost = 1;
	int r;

	if (!func->func->call)
		return eval_logic(e, func, piped, ret);
	r = call_args(e, func, piped, &c, args);
	for (size_t i = 0; i < c.n; i++)
		cost += weight(&args[i]);
	if (r == 0)
		r = spend(e, func->at, cost);
	if (r == 0) {
		struct fail why = { 0 };

		r = func->func->call(&c, &why);
		if (r < 0)
			r = fault(e, func->at, "error calling %s: %s", func->text, why.msg);
	}
	for (size_t i = 0; i < c.n; i++)
		value_done(&args[i]);
	if (r == 0)
		r = spend(e, func->at, weight(&c.ret));
	if (r < 0)
		value_done(&c.ret);
	*ret = c.ret;
	return r;
}

static int eval_word(struct eval *e, const struct node *n, const struct value *piped,
		     struct value *ret)
{
	struct var *var;
	int r = spend(e, n->at, 1);

	*ret = (struct value){ 0 };
	if (r < 0)
		return r;
	switch (n->kind) {
	case N_DOT:
		*ret = value_copy(e->dot);
		return 0;
	case N_FIELD:
		*ret = value_copy(e->dot);
		return step_all(e, n, ret);
	case N_VAR:
		var = var_find(e, n->text);
		if (!var)
			return fault(e, n->at, "undefined variable \"%s\"", n->text);
		*ret = value_copy(var->v);
		return step_all(e, n, ret);
	case N_CHAIN:
		r = eval_pipe(e, n->first, ret);
		return r < 0 ? r : step_all(e, n, ret);
	case N_FUNC:
		return eval_call(e, n, piped, ret);
	case N_CONST:
		ret->j = json_incref(n->value);
		return 0;
	case N_NIL:
		ret->j = json_null();
		return 0;
	default:
		return fault(e, n->at, "can't evaluate this");
	}
}

static int eval_pipe(struct eval *e, const struct node *pipe, struct value *ret)
{
	struct value v = { 0 };
	int r = 0;

	*ret = v;
	for (const struct node *c = pipe->first; c && r == 0; c = c->next) {
		struct value from = v;

		/* A function gets its arguments by its siblings: they hang behind it. */
		r = eval_word(e, c->first, c == pipe->first ? NULL : &from, &v);
		value_done(&from);
	}
	/* A range binds its variables itself, to each element. */
	if (r < 0) {
		value_done(&v);
		return r;
	}
	*ret = v;
	return 0;
}

static int eval_and_bind(struct eval *e, const struct node *pipe, struct value *ret)
{
	int r = eval_pipe(e, pipe, ret);

	return r == 0 && pipe->n_vars ? var_set(e, pipe, 0, *ret) : r;
}

static int run_list(struct eval *e, const struct node *n, enum flow *flow);

static int run_element(struct eval *e, const struct node *n, struct value key, struct value item,
		       enum flow *flow)
{
	const struct node *pipe = n->first;
	struct value saved = e->dot;
	size_t mark = e->n_vars;
	int r = 0;

	if (pipe->n_vars == 2)
		r = var_set(e, pipe, 0, key);
	if (r == 0 && pipe->n_vars)
		r = var_set(e, pipe, pipe->n_vars - 1, item);
	e->dot = item;
	if (r == 0)
		r = run_list(e, n->body, flow);
	e->dot = saved;
	vars_drop(e, mark);
	if (*flow == FLOW_CONTINUE)
		*flow = FLOW_ON;
	return r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A map is gone through by its keys in order. */
static int range_map(struct eval *e, const struct node *n, const struct value *v, enum flow *flow)
{
	size_t count = json_object_size(v->j), i = 0;
	auto_free const char **keys = mem_array(count, sizeof(*keys));
	const char *key;
	json_t *item;
	int r = 0;

	json_object_foreach(v->j, key, item)
		keys[i++] = key;
	qsort(keys, count, sizeof(*keys), by_name);
	for (i = 0; i < count && r == 0 && *flow == FLOW_ON; i++) {
		auto_value struct value k = { .j = json_stringn_nocheck(keys[i], strlen(keys[i])) };
		struct value element = { .j = json_object_get(v->j, keys[i]), .map = !e->env };

		r = run_element(e, n, k, element, flow);
	}
	return r;
}

static int run_range(struct eval *e, const struct node *n)
{
	auto_value struct value v = { 0 };
	enum flow flow = FLOW_ON;
	size_t count;
	int r = eval_pipe(e, n->first, &v);

	if (r < 0)
		return r;
	if (!v.j || json_is_null(v.j) || (json_is_object(v.j) && v.map && !json_object_size(v.j)) ||
	    (json_is_array(v.j) && !json_array_size(v.j)))
		return run_list(e, n->other, &flow);
	if (json_is_object(v.j) && v.map)
		return range_map(e, n, &v, &flow);
	if (!json_is_array(v.j))
		return fault(e, n->first->at, "range can't iterate over %s",
			     json_is_object(v.j) ? "an object" : "a plain value");
	count = json_array_size(v.j);
	for (size_t i = 0; i < count && r == 0 && flow == FLOW_ON; i++) {
		auto_value struct value key = { .j = json_integer((json_int_t)i) };
		struct value item = { .j = json_array_get(v.j, i), .map = !e->env };

		r = run_element(e, n, key, item, &flow);
	}
	return r;
}

static int run_branch(struct eval *e, const struct node *n, enum flow *flow)
{
	auto_value struct value v = { 0 };
	struct value saved = e->dot;
	size_t mark = e->n_vars;
	int r = eval_and_bind(e, n->first, &v);
	bool yes = r == 0 && value_true(&v);

	if (yes && n->kind == N_WITH)
		e->dot = v;
	if (r == 0)
		r = run_list(e, yes ? n->body : n->other, flow);
	e->dot = saved;
	vars_drop(e, mark);
	return r;
}

static int run_action(struct eval *e, const struct node *n)
{
	auto_value struct value v = { 0 };
	int r = eval_and_bind(e, n->first, &v);

	if (r < 0)
		return r;
	if (!n->first->n_vars)
		print_value(e->out, &v, e->env);
	return spend(e, n->at, weight(&v));
}

static int run_node(struct eval *e, const struct node *n, enum flow *flow)
{
	switch (n->kind) {
	case N_TEXT:
		str_add(e->out, n->text);
		return spend(e, n->at, 1);
	case N_ACTION:
		return run_action(e, n);
	case N_IF:
	case N_WITH:
		return run_branch(e, n, flow);
	case N_RANGE: {
		size_t mark = e->n_vars;
		int r = run_range(e, n);

		vars_drop(e, mark);
		return r;
	}
	case N_BREAK:
		*flow = FLOW_BREAK;
		return spend(e, n->at, 1);
	case N_CONTINUE:
		*flow = FLOW_CONTINUE;
		return spend(e, n->at, 1);
	default:
		return fault(e, n->at, "can't run this");
	}
}

static int run_list(struct eval *e, const struct node *n, enum flow *flow)
{
	size_t mark = e->n_vars;
	int r = 0;

	for (; n && r == 0 && *flow == FLOW_ON; n = n->next)
		r = run_node(e, n, flow);
	vars_drop(e, mark);
	return r;
}

int template_render(const struct template *t, const json_t *data, const struct template_env *env,
		    struct str *out, struct fail *f)
{
	struct eval *e = mem_alloc(sizeof(*e));
	enum flow flow = FLOW_ON;
	int r;

	e->t = t;
	e->env = env;
	e->out = out;
	e->f = f;
	e->dot = (struct value){ .j = (json_t *)data, .map = !env };
	e->vars[e->n_vars++] = (struct var){ .name = "$", .v = value_copy(e->dot) };
	r = run_list(e, t->root, &flow);
	if (r == 0)
		r = spend(e, 0, 0);
	vars_drop(e, 0);
	free(e);
	return r;
}
