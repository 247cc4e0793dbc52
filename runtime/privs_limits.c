// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "pkg/util/mem.h"
#include "runtime/privs.h"

static const struct {
	const char *type;
	int resource;
} resources[] = {
	{ "RLIMIT_AS", RLIMIT_AS },
	{ "RLIMIT_CORE", RLIMIT_CORE },
	{ "RLIMIT_CPU", RLIMIT_CPU },
	{ "RLIMIT_DATA", RLIMIT_DATA },
	{ "RLIMIT_FSIZE", RLIMIT_FSIZE },
	{ "RLIMIT_LOCKS", RLIMIT_LOCKS },
	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
	{ "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
	{ "RLIMIT_NICE", RLIMIT_NICE },
	{ "RLIMIT_NOFILE", RLIMIT_NOFILE },
	{ "RLIMIT_NPROC", RLIMIT_NPROC },
	{ "RLIMIT_RSS", RLIMIT_RSS },
	{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
	{ "RLIMIT_RTTIME", RLIMIT_RTTIME },
	{ "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
	{ "RLIMIT_STACK", RLIMIT_STACK },
};

static rlim_t to_rlim(int64_t v)
{
	return v < 0 ? RLIM_INFINITY : (rlim_t)v;
}

/* Above our own hard limit (or the kernel's ceiling for nofile) only real root may go. */
static int set_clamped(int resource, struct rlimit want)
{
	struct rlimit now;

	if (setrlimit(resource, &want) == 0)
		return 0;
	if (errno != EPERM)
		return -errno;
	if (getrlimit(resource, &now) < 0)
		return -errno;
	if (want.rlim_max > now.rlim_max)
		want.rlim_max = now.rlim_max;
	if (want.rlim_cur > want.rlim_max)
		want.rlim_cur = want.rlim_max;
	return setrlimit(resource, &want) < 0 ? -errno : 0;
}

static int set_one(const struct spec_rlimit *l, struct fail *f)
{
	struct rlimit want = { .rlim_cur = to_rlim(l->soft), .rlim_max = to_rlim(l->hard) };
	const char *type = l->type ? l->type : "";

	for (size_t i = 0; i < ARRAY_LEN(resources); i++) {
		int r;

		if (strcmp(resources[i].type, type) != 0)
			continue;
		if (want.rlim_cur > want.rlim_max)
			return refuse(f, EINVAL, "%s: the soft limit %lld is above the hard limit %lld",
				      type, (long long)l->soft, (long long)l->hard);
		r = set_clamped(resources[i].resource, want);
		return r < 0 ? fail(f, -r, "set %s to %lld:%lld", type, (long long)l->soft,
				    (long long)l->hard) : 0;
	}
	return refuse(f, EINVAL, "unknown limit '%.60s'", type);
}

int privs_limits(const struct spec_process *p, struct fail *f)
{
	for (size_t i = 0; i < p->n_rlimits; i++) {
		int r = set_one(&p->rlimits[i], f);

		if (r < 0)
			return r;
	}
	return 0;
}
