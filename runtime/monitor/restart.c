// SPDX-License-Identifier: Apache-2.0
#include "runtime/monitor/restart.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "pkg/util/str.h"
#include "pkg/util/time.h"

#define PAUSE_FIRST (TIME_SECOND / 10)
#define PAUSE_MAX (60 * TIME_SECOND)
#define RAN_WELL (10 * TIME_SECOND)

const char *const restart_names[] = {
	[RESTART_NO] = "no", [RESTART_ON_FAILURE] = "on-failure", [RESTART_ALWAYS] = "always",
	[RESTART_UNLESS_STOPPED] = "unless-stopped", NULL,
};

static int parse_retries(const char *text, int *ret, struct fail *f)
{
	int64_t n;

	if (str_to_i64(text, &n) < 0 || n > INT_MAX)
		return refuse(f, EINVAL, "parsing restart policy retry count: \"%.40s\" is not a number", text);
	if (n < 0)
		return refuse(f, EINVAL, "must specify restart policy retry count as a number greater than 0");
	*ret = (int)n;
	return 0;
}

int restart_parse(const char *text, struct restart_policy *ret, struct fail *f)
{
	auto_strv char **parts = NULL;

	*ret = (struct restart_policy){ RESTART_NO, 0 };
	if (!text || !*text)
		return 0;
	parts = strv_split(text, ":", false);
	if (strv_len(parts) > 2)
		return refuse(f, EINVAL, "invalid restart policy: may specify retries at most once");
	if (parts[1] && strcmp(parts[0], restart_names[RESTART_ON_FAILURE]))
		return refuse(f, EINVAL, "restart policy retries can only be specified with on-failure restart "
			      "policy");
	for (int i = 0; restart_names[i]; i++) {
		if (strcmp(parts[0], restart_names[i]))
			continue;
		ret->kind = (enum restart_kind)i;
		return parts[1] ? parse_retries(parts[1], &ret->max, f) : 0;
	}
	(void)refuse(f, EINVAL, "\"%.60s\" is not a valid restart policy: invalid argument", text);
	fail_hint(f, "--restart takes no, on-failure[:N], always or unless-stopped");
	return -EINVAL;
}

bool restart_wanted(const struct restart_policy *p, const struct restart_case *c)
{
	if (c->stopped)
		return false;
	if (c->wanted)
		return true;
	switch (p->kind) {
	case RESTART_NO:
		return false;
	case RESTART_ON_FAILURE:
		return c->exit_code && (!p->max || c->restarts < p->max);
	case RESTART_ALWAYS:
	case RESTART_UNLESS_STOPPED:
		break;
	}
	return true;
}

int64_t restart_pause(int64_t last, int64_t ran)
{
	if (!last || ran >= RAN_WELL)
		return PAUSE_FIRST;
	return last >= PAUSE_MAX / 2 ? PAUSE_MAX : last * 2;
}

bool restart_at_boot(const struct restart_policy *p, bool stopped_by_user)
{
	return p->kind == RESTART_ALWAYS || (p->kind == RESTART_UNLESS_STOPPED && !stopped_by_user);
}
