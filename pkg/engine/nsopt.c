// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/nsopt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "pkg/util/str.h"

struct ns_option {
	const char *name;
	const char *const *taken, *const *known;
	const char *instead;
};

static const char *const own[] = { "", "private", NULL };
/* Sharing is by whoever joins: a private one can be joined all the same. */
static const char *const own_ipc[] = { "", "private", "shareable", NULL };
/* podman's default: root inside is the caller. */
static const char *const own_user[] = { "", "host", NULL };
static const char *const other[] = { "host", "container:", "ns:", "pod", NULL };
static const char *const other_ipc[] = { "host", "none", "container:", "ns:", "pod", NULL };
static const char *const other_user[] = { "auto", "keep-id", "nomap", "private", "container:", "ns:", "pod", NULL };

static bool is_of(const char *value, const char *const *words)
{
	for (; *words; words++) {
		size_t n = strlen(*words);

		if (!strcmp(value, *words) || (n && !strncmp(value, *words, n) &&
					       ((*words)[n - 1] == ':' || value[n] == ':')))
			return true;
	}
	return false;
}

static int check_one(const struct ns_option *o, const char *value, struct fail *f)
{
	if (!value || is_of(value, o->taken))
		return 0;
	if (!is_of(value, o->known))
		return refuse(f, EINVAL, "--%s: unrecognized namespace mode %.60s passed", o->name, value);
	(void)refuse(f, ENOTSUP, "--%s=%.60s is not supported yet", o->name, value);
	fail_hint(f, "%s", o->instead);
	return -ENOTSUP;
}

static int refuse_map(const char *name, struct fail *f)
{
	(void)refuse(f, ENOTSUP, "--%s is not supported yet", name);
	fail_hint(f, "leave it out: root inside is you, the other ids are your subordinate ones");
	return -ENOTSUP;
}

int nsopt_check(const struct ns_group *g, struct fail *f)
{
	static const char alone[] = "leave it out: a container has one of its own";
	const char *userns = g->userns ? g->userns : getenv("PODMAN_USERNS");
	const struct {
		struct ns_option option;
		const char *value;
	} rows[] = {
		{ { "ipc", own_ipc, other_ipc, alone }, g->ipc },
		{ { "pid", own, other, alone }, g->pid },
		{ { "uts", own, other, alone }, g->uts },
		{ { "cgroupns", own, other, alone }, g->cgroupns },
		{ { "userns", own_user, other_user,
		    "leave it out: root inside is you, the other ids are your subordinate ones" }, userns },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int r = check_one(&rows[i].option, rows[i].value, f);

		if (r < 0)
			return r;
	}
	if (g->uidmap)
		return refuse_map("uidmap", f);
	if (g->gidmap)
		return refuse_map("gidmap", f);
	if (g->subuidname)
		return refuse_map("subuidname", f);
	return g->subgidname ? refuse_map("subgidname", f) : 0;
}
