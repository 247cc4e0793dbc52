// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "pkg/engine/engine.h"
#include "pkg/util/fd.h"
#include "runtime/seccomp.h"

enum { PROFILE_MAX = 4 << 20 };

static int from_file(const char *path, char *const *caps, struct fail *f)
{
	auto_json json_t *profile = jsonf_load(AT_FDCWD, path, PROFILE_MAX, f);
	auto_fd int cache = -EBADF;
	int fd;

	if (!profile)
		return fail_in(f, -f->code, "seccomp profile");
	cache = engine_cache_dir();
	fd = seccomp_compile(profile, caps, cache, f);
	return fd < 0 ? fail_in(f, fd, "seccomp profile '%s'", path) : fd;
}

int engine_seccomp(const struct container_config *c, const struct spec_process *p, int *ret,
		   struct fail *f)
{
	struct security_opt o;
	int fd = -EBADF, r;

	*ret = -EBADF;
	r = security_opt_parse(c->security.security_opt, &o, f);
	if (r < 0)
		return r;
	if (o.seccomp && strcmp(o.seccomp, "unconfined")) {
		fd = from_file(o.seccomp, p->caps.bounding, f);
		r = fd < 0 ? fd : 0;
	} else if (!o.seccomp && !c->security.privileged) {
		auto_fd int cache = engine_cache_dir();

		fd = seccomp_default(p->caps.bounding, cache, f);
		r = fd < 0 ? fd : 0;
	}
	security_opt_done(&o);
	if (r == 0)
		*ret = fd;
	return r;
}
