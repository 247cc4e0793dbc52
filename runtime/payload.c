// SPDX-License-Identifier: Apache-2.0
#include "runtime/payload.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"
#include "runtime/seccomp.h"

/* Where a command is looked for when the environment has no PATH. */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* /dev/pts/ptmx: character device 5:2 on a devpts (devices.txt, proc(5)). */
static int open_ptmx(struct fail *f)
{
	auto_fd int fd = fd_open(AT_FDCWD, "/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW, 0);
	struct statfs fs;
	struct stat st;

	if (fd < 0)
		return fail(f, -fd, "open the container's /dev/pts/ptmx");
	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return fail(f, errno, "look at the container's /dev/pts/ptmx");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2) || fs.f_type != DEVPTS_SUPER_MAGIC)
		return refuse(f, EPERM, "the container's /dev/pts/ptmx is not a terminal maker");
	return fd_take(&fd);
}

int payload_console(const struct spec_process *p, uint32_t uid, int *ret_master, int *ret_slave,
		    struct fail *f)
{
	auto_fd int master = open_ptmx(f);
	auto_fd int slave = -EBADF;
	struct winsize size = {
		.ws_row = (unsigned short)p->console_size.height,
		.ws_col = (unsigned short)p->console_size.width,
	};
	int unlocked = 0;

	if (master < 0)
		return master;
	if (ioctl(master, TIOCSPTLCK, &unlocked) < 0)
		return fail(f, errno, "unlock the terminal");
	/* By the master, not by a name that could have been replaced. */
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return fail(f, errno, "open the terminal's other side");
	if (size.ws_row && size.ws_col && ioctl(master, TIOCSWINSZ, &size) < 0)
		return fail(f, errno, "set the terminal's size");
	if (fchown(slave, uid, (gid_t)-1) < 0)
		return fail(f, errno, "give the terminal to uid %u", uid);
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		return fail(f, errno, "make the terminal the controlling one");
	*ret_master = fd_take(&master);
	*ret_slave = fd_take(&slave);
	return 0;
}

int payload_stdio(const int stdio[3], uint32_t uid, struct fail *f)
{
	auto_fd int a = -EBADF, b = -EBADF, c = -EBADF;
	int *const copies[3] = { &a, &b, &c };
	struct stat st;

	/* First above 2 all of them: they may be one another's numbers. */
	for (int i = 0; i < 3; i++) {
		*copies[i] = fd_dup(stdio[i]);
		if (*copies[i] < 0)
			return fail(f, -*copies[i], "copy descriptor %d", stdio[i]);
		/* Files and the user's own terminal keep their owner. Best effort: what belongs to an id that
		 * is not mapped here can't be given away. */
		if (fstat(*copies[i], &st) == 0 && S_ISFIFO(st.st_mode))
			(void)!fchown(*copies[i], uid, (gid_t)-1);
	}
	for (int i = 0; i < 3; i++)
		if (dup2(*copies[i], i) < 0)
			return fail(f, errno, "set up descriptor %d", i);
	return 0;
}

int payload_cwd(const struct spec_process *p, struct fail *f)
{
	const char *cwd = p->cwd && *p->cwd ? p->cwd : "/";
	auto_fd int root = fd_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
	auto_fd int fd = root < 0 ? root : path_open_in_root(root, cwd, O_PATH | O_DIRECTORY, 0);
	int err = fd < 0 ? -fd : 0;

	if (fd >= 0 && fchdir(fd) < 0)
		err = errno;
	if (!err)
		return 0;
	fail(f, err, "enter the working directory '%s'", cwd);
	f->status = err == ENOENT ? FAIL_EXIT_NOTFOUND : FAIL_EXIT_NOEXEC;
	return -err;
}

int payload_become(const struct spec_process *p, const struct privs_user *u, int seccomp_fd,
		   struct fail *f)
{
	int r = privs_limits(p, f);

	/* Loading needs CAP_SYS_ADMIN unless no_new_privs is set: before the one goes or after the other. */
	if (r == 0 && seccomp_fd >= 0 && !p->no_new_privileges)
		r = seccomp_apply(seccomp_fd, f);
	if (r == 0)
		r = privs_apply(p, u, f);
	if (r == 0 && seccomp_fd >= 0 && p->no_new_privileges)
		r = seccomp_apply(seccomp_fd, f);
	return r;
}

static void reset_signals(void)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &dfl, NULL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int exec_failed(const char *path, int err, struct fail *f)
{
	if (err == ENOENT && faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
		refuse(f, err, "exec: '%s': no such file or directory", path);
		f->status = FAIL_EXIT_NOTFOUND;
		return -err;
	}
	fail(f, err, "exec: '%s'", path);
	f->status = err == ENOENT ? FAIL_EXIT_NOTFOUND : FAIL_EXIT_NOEXEC;
	if (err == ENOENT)
		fail_hint(f, "the file is there: its interpreter (the #! line or the dynamic loader) is not");
	else if (err == ENOEXEC)
		fail_hint(f, "it is for another architecture, or a script without a #! line");
	return -err;
}

/* As execvp(3), with the container's PATH: the first that is there; EACCES is remembered. */
static int exec_by_path(char *const *args, char *const *env, struct fail *f)
{
	const char *path = strv_env_get(env, "PATH");
	auto_strv char **dirs = strv_split(path ? path : DEFAULT_PATH, ":", false);
	int worst = ENOENT;

	strv_each(it, dirs) {
		auto_free char *full = path_join(**it ? *it : ".", args[0]);

		execve(full, args, env);
		if (errno == EACCES)
			worst = EACCES;
		else if (errno != ENOENT && errno != ENOTDIR)
			return exec_failed(full, errno, f);
		else if (errno == ENOENT && faccessat(AT_FDCWD, full, X_OK, 0) == 0)
			return exec_failed(full, ENOENT, f);
	}
	if (worst == EACCES)
		return exec_failed(args[0], EACCES, f);
	refuse(f, ENOENT, "exec: '%s': executable file not found in $PATH", args[0]);
	f->status = FAIL_EXIT_NOTFOUND;
	return -ENOENT;
}

int payload_exec(const struct spec_process *p, const struct privs_user *u, struct fail *f)
{
	auto_strv char **env = strv_dup(p->env);

	if (!p->args || !p->args[0])
		return refuse(f, EINVAL, "no command to run");
	if (!strv_env_get(env, "HOME"))
		strv_addf(&env, "HOME=%s", u->home);
	reset_signals();
	/* All are close-on-exec at birth; this is for those of whoever started us. */
	(void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	if (!*p->args[0]) {
		refuse(f, ENOENT, "exec: '': executable file not found in $PATH");
		f->status = FAIL_EXIT_NOTFOUND;
		return -ENOENT;
	}
	if (!strchr(p->args[0], '/'))
		return exec_by_path(p->args, env, f);
	execve(p->args[0], p->args, env);
	return exec_failed(p->args[0], errno, f);
}
