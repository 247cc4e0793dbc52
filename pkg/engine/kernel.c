// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

const struct field kernel_fields[] = {
	FIELD_STRV("Sysctl", struct kernel_group, sysctl),
	FIELD_STR("OomScoreAdj", struct kernel_group, oom_score_adj),
	FIELD_END
};

static bool is_allowed(const char *key)
{
	static const char *const names[] = { "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
					     "kernel.shmall", "kernel.shmmax", "kernel.shmmni",
					     "kernel.shm_rmid_forced", "kernel.domainname" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(names[i], key))
			return true;
	return str_starts(key, "fs.mqueue.") || str_starts(key, "net.");
}

static int check_sysctl(const char *entry, bool host_net, struct fail *f)
{
	size_t n = strcspn(entry, "=");
	auto_free char *key = mem_strndup(entry, n);

	if (!entry[n] || !n)
		return refuse(f, EINVAL, "%.200s is invalid, sysctl values must be in the form of KEY=VALUE", entry);
	/* sysctl(8): with slashes dots are dots. */
	if (strchr(key, '/'))
		for (char *p = key; *p; p++)
			*p = *p == '/' ? '.' : *p == '.' ? '/' : *p;
	if (!is_allowed(key)) {
		(void)refuse(f, EINVAL, "sysctl '%.200s' is not allowed", key);
		fail_hint(f, "it is the whole machine's: net.*, fs.mqueue.*, kernel.msg*, kernel.sem, kernel.shm* and "
			  "kernel.domainname are a container's own");
		return -EINVAL;
	}
	if (host_net && str_starts(key, "net."))
		return refuse(f, EINVAL, "sysctl %.200s can't be set since Network Namespace set to host: "
			      "invalid argument", entry);
	return 0;
}

static int check_oom(const char *text, struct fail *f)
{
	int64_t want;

	if (str_to_i64(text, &want) < 0 || want < -1000 || want > 1000)
		return refuse(f, EINVAL, "invalid --oom-score-adj %.40s: -1000 to 1000", text);
	return 0;
}

void kernel_clamp(struct kernel_group *g, void (*warn)(const char *fmt, ...))
{
	auto_str struct str s = STR_INIT(64);
	int64_t want, own = 0;

	if (!g->oom_score_adj || str_to_i64(g->oom_score_adj, &want) < 0 ||
	    file_read(AT_FDCWD, "/proc/self/oom_score_adj", &s) < 0)
		return;
	s.s[strcspn(str_cstr(&s), "\n")] = '\0';
	if (str_to_i64(str_cstr(&s), &own) < 0 || want >= own)
		return;
	warn("Requested oom_score_adj=%lld is lower than the current one, changing to %lld (only root can lower it)",
	     (long long)want, (long long)own);
	mem_replace(&g->oom_score_adj, mem_printf("%lld", (long long)own));
}

int kernel_check(const struct kernel_group *g, bool host_net, struct fail *f)
{
	strv_each(it, g->sysctl) {
		int r = check_sysctl(*it, host_net, f);

		if (r < 0)
			return r;
	}
	return g->oom_score_adj ? check_oom(g->oom_score_adj, f) : 0;
}

void kernel_build(const struct container_config *c, struct spec *s)
{
	int64_t score;

	/* Behind the default ones: the last that is written holds. */
	strv_each(it, c->kernel.sysctl) {
		/* Its file is the machine's root's (0644); the system call is open to the container's. */
		if (str_starts(*it, "kernel.domainname=") || str_starts(*it, "kernel/domainname="))
			mem_replace(&s->domainname, mem_strdup(strchr(*it, '=') + 1));
		else
			strv_env_set(&s->linux_.sysctl, *it);
	}
	if (c->kernel.oom_score_adj && str_to_i64(c->kernel.oom_score_adj, &score) == 0) {
		s->process.oom_score_adj = (int)score;
		s->process.has_oom_score_adj = true;
	}
}
