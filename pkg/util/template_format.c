// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "pkg/util/table.h"
#include "pkg/util/template_impl.h"

enum { JSON_INDENT_LIST = 4 };

/*
 * \t and \n of the flag's text. Of a table format each blank outside of actions is a tab,
 * as podman has it. Within an action's quotes the template's own lexer does the escapes.
 */
static void expand(struct str *out, const char *s, bool table)
{
	bool action = false;

	for (; *s; s++) {
		if (s[0] == '{' && s[1] == '{')
			action = true;
		else if (s[0] == '}' && s[1] == '}')
			action = false;
		if (!action && s[0] == '\\' && (s[1] == 't' || s[1] == 'n'))
			str_addc(out, *++s == 't' ? '\t' : '\n');
		else
			str_addc(out, table && !action && *s == ' ' ? '\t' : *s);
	}
	if (!out->len || out->s[out->len - 1] != '\n')
		str_addc(out, '\n');
}

/* "json" or "{{json .}}", blanks apart. */
static bool is_word(const char *s, const char *word)
{
	for (;; s++, word++) {
		s += strspn(s, " \t\n");
		word += strspn(word, " ");
		if (*s != *word)
			return false;
		if (!*s)
			return true;
	}
}

static bool only_json_dot(const char *s)
{
	return is_word(s, "{{json.}}") || is_word(s, "{{json}}");
}

/* A range over the bare dot at the outermost level: the format wants the whole array. */
static bool wants_array(const struct template *t)
{
	for (const struct node *n = t->root; n; n = n->next) {
		const struct node *pipe = n->kind == N_RANGE ? n->first : NULL;

		if (pipe && !pipe->first->next && pipe->first->first->kind == N_DOT)
			return true;
	}
	return false;
}

static void add_title(struct str *out, const char *field, const struct format_table *table)
{
	for (const struct format_header *h = table ? table->headers : NULL; h && h->field; h++) {
		if (!strcmp(h->field, field)) {
			str_add(out, h->title);
			return;
		}
	}
	/* "MountCount" -> "MOUNT COUNT", "ImageID" -> "IMAGE ID", "IPAddress" -> "IP ADDRESS" */
	for (const char *p = field; *p; p++) {
		bool up = isupper((unsigned char)*p), begins;

		begins = p > field && up &&
			 (islower((unsigned char)p[-1]) ||
			  (isupper((unsigned char)p[-1]) && islower((unsigned char)p[1])));
		if (begins)
			str_addc(out, ' ');
		str_addc(out, (char)toupper((unsigned char)*p));
	}
}

/* The last name of the first field within N and its siblings, or NULL. */
static const char *first_field(const struct node *n)
{
	for (; n; n = n->next) {
		const char *found = n->fields ? n->fields[strv_len(n->fields) - 1] : first_field(n->first);

		if (found)
			return found;
	}
	return NULL;
}

/* The header is the format itself with each value's name in its place. */
static void add_header(struct str *out, const struct node *n, const struct format_table *table)
{
	for (; n; n = n->next) {
		const char *field = n->kind == N_TEXT ? NULL : first_field(n->first);

		if (n->kind == N_TEXT)
			str_add(out, n->text);
		else if (n->kind == N_ACTION && field && !n->first->n_vars)
			add_title(out, field, table);
		else if (n->kind == N_RANGE && field && !first_field(n->body))
			add_title(out, field, table);
		else if (n->kind == N_IF || n->kind == N_WITH || n->kind == N_RANGE)
			add_header(out, n->body, table);
	}
}

static void add_header_row(struct str *out, const struct template *t,
			   const struct format_table *table)
{
	add_header(out, t->root, table);
}

static int render_rows(const struct template *t, json_t *rows, const struct template_env *env,
		       struct str *out, struct fail *f)
{
	json_t *row;
	size_t i;
	int r = 0;

	if (wants_array(t))
		return template_render(t, rows, env, out, f);
	json_array_foreach(rows, i, row)
	{
		r = template_render(t, row, env, out, f);
		if (r < 0)
			break;
	}
	return r;
}

static int too_large(const struct str *out, struct fail *f)
{
	if (!str_failed(out))
		return 0;
	return refuse(f, E2BIG, "the output is larger than %zu bytes", out->max);
}

static int format_json(json_t *rows, bool lines, struct str *out, struct fail *f)
{
	json_t *row;
	size_t i;

	if (!lines) {
		template_add_json(out, rows, JSON_INDENT_LIST, true);
		str_addc(out, '\n');
		return too_large(out, f);
	}
	json_array_foreach(rows, i, row)
	{
		template_add_json(out, row, 0, false);
		str_addc(out, '\n');
	}
	return too_large(out, f);
}

int format_rows(const char *format, json_t *rows, const struct format_table *table,
		struct str *out, struct fail *f)
{
	const struct template_env env = { .maps = table ? table->maps : NULL,
					  .omitted = table ? table->omitted : NULL };
	auto_str struct str text = STR_INIT(TEMPLATE_TEXT_MAX + 1);
	auto_str struct str plain = STR_INIT(out->max);
	auto_table struct table aligned = { 0 };
	auto_template struct template *t = NULL;
	bool is_table;
	int r;

	if (!format || !*format || is_word(format, "table"))
		format = table && table->format ? table->format : "json";
	if (is_word(format, "json") || only_json_dot(format))
		return format_json(rows, !is_word(format, "json"), out, f);
	is_table = str_starts(format, "table ") || str_starts(format, "table\\t") ||
		   str_starts(format, "table\t");
	expand(&text, is_table ? format + strcspn(format, " \\\t") + (format[5] == '\\' ? 2 : 1) : format,
	       is_table);
	if (str_failed(&text))
		return refuse(f, EINVAL, "template: --format: longer than %d bytes", TEMPLATE_TEXT_MAX);
	r = template_parse("--format", str_cstr(&text), &t, f);
	if (r < 0)
		return r;
	if (!is_table)
		return render_rows(t, rows, &env, out, f);
	if (!table || !table->noheading)
		add_header_row(&plain, t, table);
	r = render_rows(t, rows, &env, &plain, f);
	if (r < 0)
		return r;
	table_text(&aligned, str_cstr(&plain));
	table_render(&aligned, out);
	return too_large(out, f);
}
