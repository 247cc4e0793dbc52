// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>

#include "pkg/engine/exec_part.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

/* All of ours are close-on-exec: one that isn't was open when we were executed. */
static bool is_inherited(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	return flags >= 0 && !(flags & FD_CLOEXEC);
}

static int add(struct join_keep *k, uint64_t fd, const char *option, struct fail *f)
{
	if (fd > INT32_MAX || !is_inherited((int)fd))
		return refuse(f, EBADF, "file descriptor %llu is not available - the %s option requires that file "
			      "descriptors must be passed", (unsigned long long)fd, option);
	if (k->n == ARRAY_LEN(k->fds))
		return refuse(f, E2BIG, "more than %zu file descriptors to preserve", k->n);
	k->fds[k->n++] = (int)fd;
	return 0;
}

int exec_keep_fds(const struct exec_opts *o, struct join_keep *ret, struct fail *f)
{
	ret->n = 0;
	if (o->preserve_fds && o->preserve_fd)
		return refuse(f, EINVAL, "cannot specify both --preserve-fds and --preserve-fd");
	for (unsigned i = 0; i < o->preserve_fds; i++) {
		int r = add(ret, 3 + (uint64_t)i, "preserve-fds", f);

		if (r < 0)
			return r;
	}
	strv_each(it, o->preserve_fd) {
		uint64_t fd;
		int r;

		if (str_to_u64(*it, 10, &fd) < 0 || fd < 3)
			return refuse(f, EINVAL, "--preserve-fd %.40s: the number of a descriptor from 3 on is wanted",
				      *it);
		r = add(ret, fd, "preserve-fd", f);
		if (r < 0)
			return r;
	}
	return 0;
}
