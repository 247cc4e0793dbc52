// SPDX-License-Identifier: Apache-2.0
#include "cmd/opt.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "pkg/util/near.h"
#include "pkg/util/str.h"

struct found {
	const struct opt *row;
	void *field;
};

static struct found find(const struct opt *rows, void *obj, char letter, const char *name, size_t len)
{
	for (; rows && rows->kind != OPT_K_END; rows++) {
		if (rows->kind == OPT_K_GROUP) {
			struct found in = find(rows->sub, (char *)obj + rows->offset, letter, name, len);

			if (in.row)
				return in;
		} else if (name ? rows->name && strlen(rows->name) == len && !strncmp(rows->name, name, len) :
				  rows->letter == letter) {
			return (struct found){ rows, (char *)obj + rows->offset };
		}
	}
	return (struct found){ NULL, NULL };
}

static int set_number(const struct opt *row, void *field, const char *value, struct fail *f)
{
	int64_t v;
	int r = str_to_i64(value, &v);

	if (r == 0 && row->kind == OPT_K_UINT && (v < 0 || v > UINT_MAX))
		r = -ERANGE;
	if (r == 0 && row->kind == OPT_K_INT && (v < INT_MIN || v > INT_MAX))
		r = -ERANGE;
	if (r < 0)
		return refuse(f, EINVAL, "invalid argument \"%.100s\" for \"--%s\" flag: %s", value, row->name,
			      r == -ERANGE ? "the number is out of range" : "not a whole number");
	if (row->kind == OPT_K_UINT)
		*(unsigned *)field = (unsigned)v;
	else
		*(int *)field = (int)v;
	return 0;
}

static int set_bool(const struct opt *row, void *field, const char *value, struct fail *f)
{
	bool v = true;

	if (value && str_to_bool(value, &v) < 0)
		return refuse(f, EINVAL, "invalid argument \"%.100s\" for \"--%s\" flag: not true or false",
			      value, row->name);
	if (row->kind == OPT_K_TRI)
		*(enum tri *)field = v ? TRI_TRUE : TRI_FALSE;
	else
		*(bool *)field = v;
	return 0;
}

static int set(const struct found *o, const char *value, struct fail *f)
{
	switch (o->row->kind) {
	case OPT_K_FLAG:
	case OPT_K_TRI:
		return set_bool(o->row, o->field, value, f);
	case OPT_K_STR:
		mem_replace(o->field, mem_strdup(value));
		return 0;
	case OPT_K_LIST:
		strv_add(o->field, value);
		return 0;
	case OPT_K_CSV: {
		auto_strv char **parts = strv_split(value, ",", true);

		strv_add_all(o->field, parts);
		return 0;
	}
	case OPT_K_INT:
	case OPT_K_UINT:
		return set_number(o->row, o->field, value, f);
	case OPT_K_END:
	case OPT_K_GROUP:
	case OPT_K_TITLE:
		break;
	}
	return 0;
}

bool opt_takes_value(const struct opt *row)
{
	return row->kind != OPT_K_FLAG && row->kind != OPT_K_TRI;
}

static int collect_name(const struct opt *row, void *names)
{
	if (row->name)
		strv_add(names, row->name);
	return 0;
}

static int unknown(const struct opt *rows, const char *typed, size_t len, struct fail *f)
{
	auto_free char *name = mem_strndup(typed, len);
	auto_strv char **names = NULL;
	const char *near;

	(void)opt_each(rows, collect_name, &names);
	near = near_word(name, names);
	(void)refuse(f, EINVAL, "unknown flag: --%.100s", name);
	if (near)
		fail_hint(f, "did you mean --%s?", near);
	return -EINVAL;
}

static int parse_long(const struct opt *rows, void *obj, const char *arg, const char *next, int *used,
		      struct fail *f)
{
	size_t len = strcspn(arg, "=");
	const char *value = arg[len] ? arg + len + 1 : NULL;
	struct found o = find(rows, obj, 0, arg, len);

	if (!o.row && len == 4 && !strncmp(arg, "help", 4))
		return -ECANCELED;
	if (!o.row)
		return unknown(rows, arg, len, f);
	if (opt_takes_value(o.row) && !value) {
		if (!next)
			return refuse(f, EINVAL, "flag needs an argument: --%s", o.row->name);
		value = next;
		*used = 2;
	}
	return set(&o, value, f);
}

static int unknown_short(const char *arg, const char *p, struct fail *f)
{
	auto_str struct str shown = STR_INIT(256);
	auto_free char *cut = mem_strndup(arg, 60);

	str_add_escaped(&shown, cut);
	return refuse(f, EINVAL, "unknown shorthand flag: '%c' in -%s", *p > ' ' ? *p : '?',
		      str_cstr(&shown));
}

static int parse_short(const struct opt *rows, void *obj, const char *arg, const char *next, int *used,
		       struct fail *f)
{
	for (const char *p = arg; *p; p++) {
		struct found o = find(rows, obj, *p, NULL, 0);
		const char *value = NULL;
		int r;

		if (!o.row)
			return *p == 'h' ? -ECANCELED : unknown_short(arg, p, f);
		if (!opt_takes_value(o.row)) {
			if (p[1] == '=') {
				value = p + 2;
				p += strlen(p) - 1;
			}
			r = set(&o, value, f);
			if (r < 0)
				return r;
			continue;
		}
		value = p[1] == '=' ? p + 2 : p[1] ? p + 1 : next;
		if (!value)
			return refuse(f, EINVAL, "flag needs an argument: '%c' in -%s", *p, arg);
		if (!p[1])
			*used = 2;
		return set(&o, value, f);
	}
	return 0;
}

/* Moves argv[from .. from+n) in front of the operands gathered before it. */
static void rotate(char **argv, int operands, int from, int n)
{
	for (; n; n--, from++, operands++) {
		char *moved = argv[from];

		memmove(&argv[operands + 1], &argv[operands], (size_t)(from - operands) * sizeof(char *));
		argv[operands] = moved;
	}
}

int opt_parse(const struct opt *rows, void *obj, int argc, char **argv, bool stop_early, struct fail *f)
{
	int first = 1, i = 1;

	while (i < argc) {
		const char *arg = argv[i];
		int used = 1, r;

		if (arg[0] != '-' || !arg[1]) {
			if (stop_early)
				break;
			i++;
			continue;
		}
		if (!strcmp(arg, "--")) {
			rotate(argv, first, i, 1);
			return first + 1;
		}
		r = arg[1] == '-' ? parse_long(rows, obj, arg + 2, argv[i + 1], &used, f) :
				    parse_short(rows, obj, arg + 1, argv[i + 1], &used, f);
		if (r < 0)
			return r;
		rotate(argv, first, i, used);
		first += used;
		i += used;
	}
	return first;
}

void opt_done(const struct opt *rows, void *obj)
{
	for (; rows && rows->kind != OPT_K_END; rows++) {
		void *field = (char *)obj + rows->offset;

		if (rows->kind == OPT_K_GROUP)
			opt_done(rows->sub, field);
		else if (rows->kind == OPT_K_STR)
			mem_free_ptr(field);
		else if (rows->kind == OPT_K_LIST || rows->kind == OPT_K_CSV)
			strv_free_ptr(field);
	}
}

int opt_each(const struct opt *rows, int (*fn)(const struct opt *row, void *ctx), void *ctx)
{
	int r = 0;

	for (; rows && rows->kind != OPT_K_END && !r; rows++)
		r = rows->kind == OPT_K_GROUP ? opt_each(rows->sub, fn, ctx) : fn(rows, ctx);
	return r;
}

struct wanted {
	char letter;
	const char *name;
	const struct opt *found;
};

static int is_wanted(const struct opt *row, void *ctx)
{
	struct wanted *w = ctx;

	if (w->name ? row->name && !strcmp(row->name, w->name) : row->letter && row->letter == w->letter)
		w->found = row;
	return w->found != NULL;
}

const struct opt *opt_find(const struct opt *rows, char letter, const char *name)
{
	struct wanted w = { letter, name, NULL };

	(void)opt_each(rows, is_wanted, &w);
	return w.found;
}
