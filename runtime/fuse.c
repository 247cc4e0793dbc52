// SPDX-License-Identifier: Apache-2.0
#include "runtime/fuse.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/spawn.h"
#include "pkg/util/str.h"

/* An argument of execve holds 128 KiB at most. */
enum { OPTIONS_MAX = 120 * 1024, SERVER_FD = 3 };

static void add_escaped(struct str *s, const char *path)
{
	for (; *path; path++) {
		if (*path == ':' || *path == ',' || *path == '\\')
			str_addc(s, '\\');
		str_addc(s, *path);
	}
}

static void add_options(struct str *s, const struct launch_rootfs *r)
{
	str_add(s, "lowerdir=");
	strv_each(it, r->lowers) {
		if (it != r->lowers)
			str_addc(s, ':');
		add_escaped(s, r->base);
		str_addc(s, '/');
		add_escaped(s, *it);
	}
	str_add(s, ",upperdir=");
	add_escaped(s, r->rw);
	str_add(s, "/upper,workdir=");
	add_escaped(s, r->rw);
	str_addf(s, "/work%s", r->is_volatile ? ",volatile" : "");
}

static int leave_mark(const struct launch_rootfs *r, struct fail *f)
{
	auto_free char *path = path_join(r->rw, FUSE_MARK);
	auto_fd int fd = fd_open(AT_FDCWD, path, O_CREAT | O_WRONLY | O_NOFOLLOW, 0600);

	return fd < 0 ? fail(f, -fd, "make '%s'", path) : 0;
}

pid_t fuse_serve(const struct launch_rootfs *r, int fd, struct fail *f)
{
	auto_str struct str options = STR_INIT(OPTIONS_MAX);
	auto_fd int null = fd_open(AT_FDCWD, "/dev/null", O_RDWR, 0);
	auto_free char *place = mem_printf("/dev/fd/%d", SERVER_FD);
	auto_strv char **argv = NULL;
	const struct spawn_fd fds[] = { { fd, SERVER_FD }, { null, 2 } };
	struct spawn s = { .program = "fuse-overlayfs", .fds = fds, .n_fds = ARRAY_LEN(fds),
			   .deathsig = SIGKILL };
	pid_t pid;

	if (null < 0)
		return fail(f, -null, "open '/dev/null'");
	if (leave_mark(r, f) < 0)
		return -f->code;
	add_options(&options, r);
	if (str_failed(&options))
		return refuse(f, E2BIG, "too many layers for fuse-overlayfs");
	strv_add(&argv, s.program);
	strv_add(&argv, "-f");
	strv_add(&argv, "-o");
	strv_add(&argv, str_cstr(&options));
	strv_add(&argv, place);
	s.argv = argv;
	pid = spawn_start(&s, f);
	if (pid < 0) {
		fail_hint(f, "the kernel makes no overlay over '%s': apt install fuse-overlayfs, or put the "
			  "store on another file system with XDG_DATA_HOME", r->rw);
		return fail_in(f, pid, "mount the root filesystem");
	}
	return pid;
}
