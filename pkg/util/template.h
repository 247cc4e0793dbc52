/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_UTIL_TEMPLATE_H
#define PKG_UTIL_TEMPLATE_H

#include <jansson.h>
#include <stdbool.h>

#include "pkg/util/fail.h"
#include "pkg/util/str.h"

/*
 * Go's text/template, as the users of --format know it, over a JSON value.
 *
 *	{{.A.B}} {{.}} {{$}} {{$x := ...}} {{$x = ...}} {{a | b}} {{(index .L 0).Name}}
 *	{{if}} {{else if}} {{else}} {{range $i, $e := .L}} {{with}} {{break}} {{continue}} {{end}}
 *	{{- trim -}} {{/ * comment * /}}; "text", `raw`, 'c', 1, 0x1f, 1.5, true, nil
 *	and or not eq ne lt le gt ge index slice len print printf println
 *	json join split title lower upper pad truncate        (docker's and podman's)
 *
 * A JSON value has no Go types, so one rule tells a struct from a map: with an env the
 * data is a struct, and so is every object in it but those that are reached by a member
 * named in env->maps. In a struct an unknown member is an error that names its place and
 * what may have been meant; in a map it prints "<no value>". Without an env all are maps.
 *
 * Hostile templates end: blocks nest TEMPLATE_DEPTH deep, a text has at most
 * TEMPLATE_TEXT_MAX bytes, one value grows to TEMPLATE_VALUE_MAX, work is counted,
 * and the output ends at its struct str's ceiling.
 */
enum {
	TEMPLATE_DEPTH = 64,
	TEMPLATE_VARS = 128,
	TEMPLATE_TEXT_MAX = 64 << 10,
	TEMPLATE_VALUE_MAX = 4 << 20,
};

struct template;

struct template_env {
	/*
	 * Names of the members whose objects are maps, any case, NULL-terminated. NULL: the
	 * ones podman's types have (Labels, Annotations, Options, Networks, Ports, ...).
	 */
	const char *const *maps;
	/*
	 * Members of structs that JSON leaves out when they are empty, with what they are then, by name; a
	 * template must be able to ask for them. Borrowed; NULL: none.
	 */
	const json_t *omitted;
};

/*
 * NAME is what errors call the template ("--format"): "template: --format: line 1,
 * column 7: ...". Returns 0, or -EINVAL with F set.
 */
int template_parse(const char *name, const char *text, struct template **ret,
		   struct fail *f) MUST_USE;
/* Appends to OUT. What was appended before a failure stays there. */
int template_render(const struct template *t, const json_t *data, const struct template_env *env,
		    struct str *out, struct fail *f) MUST_USE;
void template_free(struct template *t);

void template_free_ptr(struct template **t);
#define auto_template __attribute__((cleanup(template_free_ptr)))

/*
 * JSON as Go's encoder writes it: members in their order, shortest fractions, invalid
 * UTF-8 and U+2028 as \u. INDENT 0 is one line. HTML: <, > and & as \u003c \u003e \u0026.
 */
void template_add_json(struct str *out, const json_t *j, unsigned indent, bool html);

/* What a listing has besides its rows. All members may be zero. */
struct format_header {
	const char *field;
	const char *title;
};
struct format_table {
	const char *format;			/* used for a FORMAT of NULL, "" or "table" */
	const struct format_header *headers;	/* ends with a NULL field; others: "CreatedAt" -> "CREATED AT" */
	const char *const *maps;		/* see struct template_env */
	const json_t *omitted;			/* as well */
	bool noheading;				/* rows of a "table" format without their header */
};

/*
 * A --format flag over an array of rows, by podman's conventions:
 *
 *	json			one array, indented by 4
 *	{{json .}}		one object a line
 *	table {{.A}} {{.B}}	a header, and columns aligned at tabs and blanks
 *	{{range .}}...{{end}}	over the whole array
 *	{{.A}}\t{{.B}}		once per row; \t and \n are expanded; each row ends with a newline
 *
 * Only tables are escaped for a terminal. -EINVAL when the template is wrong, -E2BIG when
 * OUT's ceiling is passed.
 */
int format_rows(const char *format, json_t *rows, const struct format_table *table,
		struct str *out, struct fail *f) MUST_USE;

#endif
