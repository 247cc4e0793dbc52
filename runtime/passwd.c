// SPDX-License-Identifier: Apache-2.0
#include "runtime/passwd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/path.h"

/* A field of passwd(5) must not hold what separates fields and lines. */
static const char *safe_home(const char *home)
{
	return home && *home == '/' && !strpbrk(home, ":\n") ? home : "/";
}

int passwd_with_user(int root_fd, const struct privs_user *u, const char *home, struct str *ret,
		     struct fail *f)
{
	auto_fd int fd = path_open_in_root(root_fd, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;
	int r = 0;

	if (fd < 0 && fd != -ENOENT && fd != -ENOTDIR)
		return fail(f, -fd, "read '/etc/passwd' of the container");
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)))
		return refuse(f, EINVAL, "'/etc/passwd' of the container is not a file");
	if (fd >= 0)
		r = io_read_all(fd, ret);
	if (r < 0)
		return fail(f, -r, "read '/etc/passwd' of the container");
	if (ret->len && ret->s[ret->len - 1] != '\n')
		str_addc(ret, '\n');
	str_addf(ret, "%u:*:%u:%u:container user:%s:/bin/sh\n", u->uid, u->uid, u->gid, safe_home(home));
	return str_failed(ret) ? refuse(f, EFBIG, "'/etc/passwd' of the container is too large") : 0;
}
