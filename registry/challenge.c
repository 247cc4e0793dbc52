// SPDX-License-Identifier: Apache-2.0
#include "registry/challenge.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pkg/util/mem.h"
#include "pkg/util/str.h"

enum { PARAM_MAX = 4096 };

static void skip_blank(const char **p)
{
	*p += strspn(*p, " \t,");
}

static char *take_token(const char **p)
{
	size_t n = strcspn(*p, " \t,=\"");
	char *token = mem_strndup(*p, n);

	*p += n;
	return token;
}

/* A token or a quoted string with its escapes undone. */
static char *take_value(const char **p)
{
	struct str s = STR_INIT(PARAM_MAX);

	if (**p != '"')
		return take_token(p);
	for ((*p)++; **p && **p != '"'; (*p)++) {
		if (**p == '\\' && (*p)[1])
			(*p)++;
		str_addc(&s, **p);
	}
	if (**p)
		(*p)++;
	return str_take(&s);
}

static void set_param(struct challenge *c, const char *name, char *value)
{
	char **to = !strcasecmp(name, "realm")	   ? &c->realm
		    : !strcasecmp(name, "service") ? &c->service
		    : !strcasecmp(name, "scope")   ? &c->scope
						   : NULL;

	if (to && !*to)
		*to = value;
	else
		free(value);
}

static void keep_better(struct challenge *best, struct challenge *c)
{
	/* Without a realm there is nowhere to ask for a token. */
	if (c->scheme == AUTH_SCHEME_BEARER && !c->realm)
		c->scheme = AUTH_SCHEME_NONE;
	if (c->scheme > best->scheme) {
		challenge_done(best);
		*best = *c;
	} else {
		challenge_done(c);
	}
	*c = (struct challenge){ 0 };
}

static void parse_one(const char *p, struct challenge *best)
{
	struct challenge c = { 0 };

	for (skip_blank(&p); *p; skip_blank(&p)) {
		const char *before = p;
		auto_free char *word = take_token(&p);

		if (*p == '=') {
			p++;
			set_param(&c, word, take_value(&p));
			continue;
		}
		if (p == before) {	/* a stray quote */
			p++;
			continue;
		}
		keep_better(best, &c);
		c.scheme = !strcasecmp(word, "Bearer")  ? AUTH_SCHEME_BEARER
			   : !strcasecmp(word, "Basic") ? AUTH_SCHEME_BASIC
							: AUTH_SCHEME_NONE;
	}
	keep_better(best, &c);
}

void challenge_parse(char *const *values, struct challenge *ret)
{
	*ret = (struct challenge){ 0 };
	strv_each(it, values)
		parse_one(*it, ret);
}

void challenge_done(struct challenge *c)
{
	free(c->realm);
	free(c->service);
	free(c->scope);
	*c = (struct challenge){ 0 };
}
