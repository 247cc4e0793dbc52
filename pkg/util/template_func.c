// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "pkg/util/mem.h"
#include "pkg/util/template_impl.h"

/* Parts that one split may give. */
enum { SPLIT_MAX = 65536 };

static const char *type_name(const struct value *v)
{
	switch (v->j ? json_typeof(v->j) : JSON_NULL) {
	case JSON_OBJECT:
		return v->map ? "map" : "struct";
	case JSON_ARRAY:
		return "list";
	case JSON_STRING:
		return "string";
	case JSON_INTEGER:
		return "int";
	case JSON_REAL:
		return "float64";
	case JSON_TRUE:
	case JSON_FALSE:
		return "bool";
	default:
		return "nil";
	}
}

static int give(struct call *c, json_t *owned)
{
	c->ret.j = owned;
	return 0;
}

/* The text of S as the result; S is the caller's. */
static int give_text(struct call *c, const struct str *s, struct fail *f)
{
	if (str_failed(s))
		return refuse(f, E2BIG, "a value grows past %d bytes", TEMPLATE_VALUE_MAX);
	return give(c, json_stringn_nocheck(str_cstr(s), s->len));
}

static int want_string(const struct value *v, struct fail *f)
{
	if (json_is_string(v->j))
		return 0;
	return refuse(f, EINVAL, "expected string; found %s", type_name(v));
}

static int want_int(const struct value *v, struct fail *f)
{
	if (json_is_integer(v->j))
		return 0;
	return refuse(f, EINVAL, "expected integer; found %s", type_name(v));
}

/* Comparisons. */
enum basic { B_NONE, B_NIL, B_BOOL, B_INT, B_REAL, B_STRING };

static enum basic basic_kind(const struct value *v)
{
	switch (v->j ? json_typeof(v->j) : JSON_NULL) {
	case JSON_STRING:
		return B_STRING;
	case JSON_INTEGER:
		return B_INT;
	case JSON_REAL:
		return B_REAL;
	case JSON_TRUE:
	case JSON_FALSE:
		return B_BOOL;
	case JSON_NULL:
		return B_NIL;
	default:
		return B_NONE;
	}
}

static int compare_text(const json_t *a, const json_t *b)
{
	size_t la = json_string_length(a), lb = json_string_length(b);
	int r = memcmp(json_string_value(a), json_string_value(b), la < lb ? la : lb);

	return r ? r : (la > lb) - (la < lb);
}

/*
 * *RET is below, at or above 0. A JSON number with a fraction and one without are the
 * same type in the row's eyes (100.0 is written 100), unlike Go's float64 and int.
 */
static int compare(const struct value *a, const struct value *b, int *ret, struct fail *f)
{
	enum basic ka = basic_kind(a), kb = basic_kind(b);

	if (ka == B_NONE || kb == B_NONE)
		return refuse(f, EINVAL, "non-comparable type %s", type_name(ka == B_NONE ? a : b));
	if (ka == B_INT && kb == B_INT) {
		json_int_t x = json_integer_value(a->j), y = json_integer_value(b->j);

		*ret = (x > y) - (x < y);
	} else if ((ka == B_INT || ka == B_REAL) && (kb == B_INT || kb == B_REAL)) {
		double x = json_number_value(a->j), y = json_number_value(b->j);

		*ret = (x > y) - (x < y);
	} else if (ka == B_NIL || kb == B_NIL) {
		*ret = ka != kb;
	} else if (ka != kb) {
		return refuse(f, EINVAL, "incompatible types for comparison");
	} else if (ka == B_STRING) {
		*ret = compare_text(a->j, b->j);
	} else {
		*ret = json_is_true(a->j) != json_is_true(b->j);
	}
	return 0;
}

static int call_eq(struct call *c, struct fail *f)
{
	bool found = false;

	for (size_t i = 1; i < c->n && !found; i++) {
		int order = 1, r = compare(&c->args[0], &c->args[i], &order, f);

		if (r < 0)
			return r;
		found = order == 0;
	}
	return give(c, json_boolean(found));
}

static int call_ne(struct call *c, struct fail *f)
{
	int order = 1, r = compare(&c->args[0], &c->args[1], &order, f);

	return r < 0 ? r : give(c, json_boolean(order != 0));
}

static int order_of(const struct call *c, int *ret, struct fail *f)
{
	for (size_t i = 0; i < 2; i++) {
		enum basic k = basic_kind(&c->args[i]);

		if (k == B_NIL || k == B_BOOL || k == B_NONE)
			return refuse(f, EINVAL, "invalid type for comparison");
	}
	return compare(&c->args[0], &c->args[1], ret, f);
}

static int call_lt(struct call *c, struct fail *f)
{
	int order, r = order_of(c, &order, f);

	return r < 0 ? r : give(c, json_boolean(order < 0));
}

static int call_le(struct call *c, struct fail *f)
{
	int order, r = order_of(c, &order, f);

	return r < 0 ? r : give(c, json_boolean(order <= 0));
}

static int call_gt(struct call *c, struct fail *f)
{
	int order, r = order_of(c, &order, f);

	return r < 0 ? r : give(c, json_boolean(order > 0));
}

static int call_ge(struct call *c, struct fail *f)
{
	int order, r = order_of(c, &order, f);

	return r < 0 ? r : give(c, json_boolean(order >= 0));
}

static int call_not(struct call *c, struct fail *f)
{
	(void)f;
	return give(c, json_boolean(!value_true(&c->args[0])));
}

static int call_len(struct call *c, struct fail *f)
{
	const struct value *v = &c->args[0];

	if (json_is_string(v->j))
		return give(c, json_integer((json_int_t)json_string_length(v->j)));
	if (json_is_array(v->j))
		return give(c, json_integer((json_int_t)json_array_size(v->j)));
	if (json_is_object(v->j) && v->map)
		return give(c, json_integer((json_int_t)json_object_size(v->j)));
	/* A list that isn't there is null in many an answer, and empty to whoever asks. */
	if (json_is_null(v->j))
		return give(c, json_integer(0));
	return refuse(f, EINVAL, "len of %s %s", v->j ? "type" : "no", v->j ? type_name(v) : "value");
}

/* What a map gives for a key that it lacks: Go's zero value, which is "" in a map of strings. */
static json_t *zero_of(const json_t *map)
{
	void *first = json_object_iter((json_t *)map);
	const json_t *v = first ? json_object_iter_value(first) : NULL;

	if (!v || json_is_string(v))
		return json_string("");
	return json_is_integer(v) ? json_integer(0) : json_is_boolean(v) ? json_false() : NULL;
}

static int index_one(struct value *v, const struct value *key, bool lenient, struct fail *f)
{
	struct value next = { .map = lenient };
	json_int_t i;

	if (json_is_object(v->j) && v->map) {
		if (!json_is_string(key->j))
			return refuse(f, EINVAL, "value has type %s; should be string", type_name(key));
		next.j = json_incref(json_object_get(v->j, json_string_value(key->j)));
		if (!next.j)
			next.j = zero_of(v->j);
	} else if (json_is_array(v->j) || json_is_string(v->j)) {
		size_t n = json_is_array(v->j) ? json_array_size(v->j) : json_string_length(v->j);

		if (!json_is_integer(key->j))
			return refuse(f, EINVAL, "cannot index slice/array with type %s", type_name(key));
		i = json_integer_value(key->j);
		if (i < 0 || (uint64_t)i >= n)
			return refuse(f, EINVAL, "index out of range: %lld", (long long)i);
		if (json_is_array(v->j))
			next.j = json_incref(json_array_get(v->j, (size_t)i));
		else
			next.j = json_integer((unsigned char)json_string_value(v->j)[i]);
	} else if (!v->j || json_is_null(v->j)) {
		return refuse(f, EINVAL, "index of untyped nil");
	} else {
		return refuse(f, EINVAL, "can't index item of type %s", type_name(v));
	}
	value_done(v);
	*v = next;
	return 0;
}

static int call_index(struct call *c, struct fail *f)
{
	c->ret = (struct value){ json_incref(c->args[0].j), c->args[0].map };
	for (size_t i = 1; i < c->n; i++) {
		int r = index_one(&c->ret, &c->args[i], !c->env, f);

		if (r < 0)
			return r;
	}
	return 0;
}

static int call_slice(struct call *c, struct fail *f)
{
	const json_t *from = c->args[0].j;
	size_t n = json_is_array(from) ? json_array_size(from) : json_string_length(from);
	size_t at[3] = { 0, n, n };
	json_t *a;

	if (!json_is_array(from) && !json_is_string(from))
		return refuse(f, EINVAL, "can't slice item of type %s", type_name(&c->args[0]));
	if (c->n == 4 && json_is_string(from))
		return refuse(f, EINVAL, "cannot 3-index slice a string");
	for (size_t i = 1; i < c->n; i++) {
		json_int_t v = json_integer_value(c->args[i].j);
		int r = want_int(&c->args[i], f);

		if (r < 0)
			return r;
		if (v < 0 || (uint64_t)v > n)
			return refuse(f, EINVAL, "index out of range: %lld", (long long)v);
		at[i - 1] = (size_t)v;
	}
	if (at[0] > at[1] || at[1] > at[2])
		return refuse(f, EINVAL, "invalid slice index: %zu > %zu", at[0], at[1]);
	if (json_is_string(from))
		return give(c, json_stringn_nocheck(json_string_value(from) + at[0], at[1] - at[0]));
	a = json_array();
	for (size_t i = at[0]; i < at[1]; i++)
		json_array_append(a, json_array_get(from, i));
	return give(c, a);
}

/* A blank stands between two operands of print when neither is a string. */
static int do_print(struct call *c, bool line, struct fail *f)
{
	auto_str struct str s = STR_INIT(TEMPLATE_VALUE_MAX);

	for (size_t i = 0; i < c->n; i++) {
		const struct value null = { .j = json_null() };
		const struct value *v = c->args[i].j ? &c->args[i] : &null;

		if (i && (line || (!json_is_string(v->j) && !json_is_string(c->args[i - 1].j))))
			str_addc(&s, ' ');
		print_value(&s, v, c->env);
	}
	if (line)
		str_addc(&s, '\n');
	return give_text(c, &s, f);
}

static int call_print(struct call *c, struct fail *f)
{
	return do_print(c, false, f);
}

static int call_println(struct call *c, struct fail *f)
{
	return do_print(c, true, f);
}

static int call_printf(struct call *c, struct fail *f)
{
	auto_str struct str s = STR_INIT(TEMPLATE_VALUE_MAX);
	int r = want_string(&c->args[0], f);

	if (r < 0)
		return r;
	print_format(&s, json_string_value(c->args[0].j), json_string_length(c->args[0].j),
		     c->args + 1, c->n - 1, c->env);
	return give_text(c, &s, f);
}

static int call_json(struct call *c, struct fail *f)
{
	auto_str struct str s = STR_INIT(TEMPLATE_VALUE_MAX);

	template_add_json(&s, c->args[0].j, 0, false);
	return give_text(c, &s, f);
}

static int call_join(struct call *c, struct fail *f)
{
	auto_str struct str s = STR_INIT(TEMPLATE_VALUE_MAX);
	const json_t *list = c->args[0].j;
	int r = want_string(&c->args[1], f);
	json_t *item;
	size_t i;

	if (r < 0)
		return r;
	if (list && !json_is_array(list) && !json_is_null(list))
		return refuse(f, EINVAL, "wrong type for value; expected list; got %s",
			      type_name(&c->args[0]));
	json_array_foreach(list, i, item)
	{
		const struct value v = { .j = item, .map = !c->env };

		if (i)
			str_addn(&s, json_string_value(c->args[1].j), json_string_length(c->args[1].j));
		print_value(&s, &v, c->env);
		if (str_failed(&s))
			break;
	}
	return give_text(c, &s, f);
}

static int call_split(struct call *c, struct fail *f)
{
	json_t *out;
	const char *p, *end, *sep;
	size_t n;
	int r = want_string(&c->args[0], f);

	if (r == 0)
		r = want_string(&c->args[1], f);
	if (r < 0)
		return r;
	p = json_string_value(c->args[0].j);
	end = p + json_string_length(c->args[0].j);
	sep = json_string_value(c->args[1].j);
	n = json_string_length(c->args[1].j);
	out = c->ret.j = json_array();
	while (n || p < end) {
		const char *hit = n ? memmem(p, (size_t)(end - p), sep, n) : NULL;
		size_t len = str_utf8(p, (size_t)(end - p), NULL);

		if (json_array_size(out) == SPLIT_MAX)
			return refuse(f, E2BIG, "more than %d parts", SPLIT_MAX);
		/* An empty separator splits into characters, as Go's strings.Split does. */
		if (!n)
			hit = p + (len ? len : 1);
		json_array_append_new(out, json_stringn_nocheck(p, (size_t)((hit ? hit : end) - p)));
		if (!hit)
			break;
		p = hit + n;
	}
	return 0;
}

static bool is_alnum(uint32_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Letters of all scripts, whatever locale the user has. */
static int change_case(struct call *c, bool upper, bool words, struct fail *f)
{
	auto_str struct str s = STR_INIT(TEMPLATE_VALUE_MAX);
	int r = want_string(&c->args[0], f);
	const char *p;
	bool inside = false;
	locale_t loc;

	if (r < 0)
		return r;
	loc = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	p = json_string_value(c->args[0].j);
	for (size_t left = json_string_length(c->args[0].j), n; left; left -= n, p += n) {
		uint32_t rune = 0;
		size_t len = str_utf8(p, left, &rune);
		bool ascii = rune < 0x80 || loc == (locale_t)0;
		bool letter = rune == '_' || (ascii ? is_alnum(rune) : iswalnum_l(rune, loc));

		n = len ? len : 1;
		if (!len || (words && inside)) {
			str_addn(&s, p, n);
		} else if (ascii) {
			bool up = rune >= 'a' && rune <= 'z' && upper;
			bool down = rune >= 'A' && rune <= 'Z' && !upper;

			str_add_rune(&s, up || down ? rune ^ 0x20 : rune);
		} else {
			str_add_rune(&s, upper ? towupper_l(rune, loc) : towlower_l(rune, loc));
		}
		/* A word begins behind what is neither letter, digit nor underscore; ' ends none. */
		inside = letter || (inside && rune == '\'');
	}
	if (loc != (locale_t)0)
		freelocale(loc);
	return give_text(c, &s, f);
}

static int call_upper(struct call *c, struct fail *f)
{
	return change_case(c, true, false, f);
}

static int call_lower(struct call *c, struct fail *f)
{
	return change_case(c, false, false, f);
}

static int call_title(struct call *c, struct fail *f)
{
	return change_case(c, true, true, f);
}

/* docker's: blanks before and after, none around an empty text. */
static int call_pad(struct call *c, struct fail *f)
{
	auto_str struct str s = STR_INIT(TEMPLATE_VALUE_MAX);
	int r = want_string(&c->args[0], f);

	for (size_t i = 1; i < 3 && r == 0; i++)
		r = want_int(&c->args[i], f);
	if (r < 0)
		return r;
	if (!json_string_length(c->args[0].j))
		return give_text(c, &s, f);
	for (json_int_t i = json_integer_value(c->args[1].j); i > 0 && !str_failed(&s); i--)
		str_addc(&s, ' ');
	str_addn(&s, json_string_value(c->args[0].j), json_string_length(c->args[0].j));
	for (json_int_t i = json_integer_value(c->args[2].j); i > 0 && !str_failed(&s); i--)
		str_addc(&s, ' ');
	return give_text(c, &s, f);
}

/* docker's; but a character is never cut in two. */
static int call_truncate(struct call *c, struct fail *f)
{
	const char *text;
	size_t n, want, cut = 0;
	int r = want_string(&c->args[0], f);

	if (r == 0)
		r = want_int(&c->args[1], f);
	if (r < 0)
		return r;
	text = json_string_value(c->args[0].j);
	n = json_string_length(c->args[0].j);
	if (json_integer_value(c->args[1].j) < 0)
		return refuse(f, EINVAL, "a length below zero");
	want = (size_t)json_integer_value(c->args[1].j);
	while (cut < n && want--) {
		size_t len = str_utf8(text + cut, n - cut, NULL);

		cut += len ? len : 1;
	}
	return give(c, json_stringn_nocheck(text, cut));
}

const struct builtin *builtin_find(const char *name, size_t len)
{
	static const struct builtin all[] = {
		{ "and", 1, ARGS_MAX, NULL },
		{ "eq", 2, ARGS_MAX, call_eq },
		{ "ge", 2, 2, call_ge },
		{ "gt", 2, 2, call_gt },
		{ "index", 1, ARGS_MAX, call_index },
		{ "join", 2, 2, call_join },
		{ "json", 1, 1, call_json },
		{ "le", 2, 2, call_le },
		{ "len", 1, 1, call_len },
		{ "lower", 1, 1, call_lower },
		{ "lt", 2, 2, call_lt },
		{ "ne", 2, 2, call_ne },
		{ "not", 1, 1, call_not },
		{ "or", 1, ARGS_MAX, NULL },
		{ "pad", 3, 3, call_pad },
		{ "print", 0, ARGS_MAX, call_print },
		{ "printf", 1, ARGS_MAX, call_printf },
		{ "println", 0, ARGS_MAX, call_println },
		{ "slice", 1, 4, call_slice },
		{ "split", 2, 2, call_split },
		{ "title", 1, 1, call_title },
		{ "truncate", 2, 2, call_truncate },
		{ "upper", 1, 1, call_upper },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (strlen(all[i].name) == len && !memcmp(all[i].name, name, len))
			return &all[i];
	return NULL;
}
