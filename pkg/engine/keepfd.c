// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/keepfd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pkg/util/mem.h"
#include "pkg/util/str.h"

enum { FIRST = 3 };

static int add(struct keepfds *k, uint64_t fd, struct fail *f)
{
	int flags = fd < 1 << 20 ? fcntl((int)fd, F_GETFD) : -1;
	size_t at = 0;

	if (fd < FIRST)
		return refuse(f, EINVAL, "--preserve-fd %u: only descriptors from 3 on are passed this way", (unsigned)fd);
	if (flags < 0 || (flags & FD_CLOEXEC))
		return refuse(f, EBADF, "file descriptor %llu is not available - the preserve-fds option requires that "
			      "file descriptors must be passed", (unsigned long long)fd);
	while (at < k->n && k->v[at] < (int)fd)
		at++;
	if (at < k->n && k->v[at] == (int)fd)
		return 0;
	if (k->n == KEEPFD_MAX)
		return refuse(f, E2BIG, "more than %d descriptors to preserve", KEEPFD_MAX);
	memmove(&k->v[at + 1], &k->v[at], (k->n - at) * sizeof(k->v[0]));
	k->v[at] = (int)fd;
	k->n++;
	return 0;
}

/* Zero when they are not meant for us (sd_listen_fds(3)). */
static unsigned listening(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	uint64_t p, n;

	if (!pid || !fds || str_to_u64(pid, 10, &p) < 0 || str_to_u64(fds, 10, &n) < 0)
		return 0;
	return p == (uint64_t)getpid() && n <= KEEPFD_MAX ? (unsigned)n : 0;
}

int keepfd_parse(unsigned preserve_fds, char *const *preserve_fd, struct keepfds *ret, struct fail *f)
{
	unsigned count = preserve_fds;
	int r = 0;

	*ret = (struct keepfds){ .listening = listening() };
	if (ret->listening)
		count += ret->listening;
	for (unsigned i = 0; r == 0 && i < count; i++)
		r = add(ret, FIRST + (uint64_t)i, f);
	for (char *const *it = preserve_fd; r == 0 && it && *it; it++) {
		uint64_t fd;

		if (str_to_u64(*it, 10, &fd) < 0)
			return refuse(f, EINVAL, "invalid --preserve-fd '%.40s': the numbers of descriptors are wanted", *it);
		r = add(ret, fd, f);
	}
	return r;
}

void keepfd_env(const struct keepfds *k, char ***env)
{
	const char *names = getenv("LISTEN_FDNAMES");
	auto_free char *fds = mem_printf("LISTEN_FDS=%u", k->listening);

	if (!k->listening)
		return;
	strv_env_set(env, fds);
	strv_env_set(env, "LISTEN_PID=1");
	if (names) {
		auto_free char *entry = mem_printf("LISTEN_FDNAMES=%s", names);

		strv_env_set(env, entry);
	}
}
