// SPDX-License-Identifier: Apache-2.0
#include "pkg/util/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/sig.h"

enum { TO_MAX = 32 };

static int place_fds(const struct spawn *s, int *report)
{
	int above = 3, null, r;

	/* First all above every target, so that no target overwrites a source still wanted. */
	int moved[TO_MAX];

	if (s->n_fds > TO_MAX)
		return -EINVAL;
	for (size_t i = 0; i < s->n_fds; i++)
		if (s->fds[i].to >= above)
			above = s->fds[i].to + 1;
	for (size_t i = 0; i < s->n_fds; i++) {
		moved[i] = fcntl(s->fds[i].from, F_DUPFD_CLOEXEC, above);
		if (moved[i] < 0)
			return -errno;
	}
	r = fcntl(*report, F_DUPFD_CLOEXEC, above);
	if (r < 0)
		return -errno;
	*report = r;
	null = fd_open(AT_FDCWD, "/dev/null", O_RDWR, 0);
	if (null < 0)
		return null;
	/* Above the targets: as 0 or 1 itself it would stay close-on-exec. */
	null = fcntl(null, F_DUPFD_CLOEXEC, above);
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
		return -errno;
	/*
	 * What our own caller left open is none of the helper's business. Before 5.11 there is
	 * no such call; then all that we opened ourselves is close-on-exec at least.
	 */
	(void)syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
	for (size_t i = 0; i < s->n_fds; i++)
		if (dup2(moved[i], s->fds[i].to) < 0)
			return -errno;
	return 0;
}

static void reset_signals(void)
{
	sigset_t none;

	sig_reset();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void child(const struct spawn *s, const char *program, int report, pid_t parent)
{
	int r;

	reset_signals();
	r = place_fds(s, &report);
	if (r == 0 && s->deathsig) {
		(void)prctl(PR_SET_PDEATHSIG, s->deathsig);
		if (getppid() != parent)
			_exit(127);
	}
	if (r == 0) {
		execve(program, s->argv, s->env ? s->env : environ);
		r = -errno;
	}
	(void)!write(report, &r, sizeof(r));
	_exit(127);
}

static bool is_program(const char *path)
{
	struct stat st;

	/* A folder may be "executed", too. */
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

bool spawn_find(const char *name, char **ret)
{
	const char *path = getenv("PATH");
	auto_strv char **dirs = strv_split(path && *path ? path : "/usr/local/bin:/usr/bin:/bin", ":",
					   true);

	/* newuidmap's and slirp4netns's homes, which a cron job's PATH may lack. */
	strv_add(&dirs, "/usr/bin");
	strv_add(&dirs, "/bin");
	strv_add(&dirs, "/usr/sbin");
	strv_each(it, dirs) {
		auto_free char *full = path_join(*it, name);

		/* "." and the like: what lies where we happen to be is nobody's helper (an unpacked image's). */
		if (**it == '/' && is_program(full)) {
			if (ret)
				*ret = mem_take(&full);
			return true;
		}
	}
	return false;
}

pid_t spawn_start(const struct spawn *s, struct fail *f)
{
	auto_free char *found = NULL;
	int report[2];
	int r, child_errno = 0;
	pid_t pid, parent;

	if (!strchr(s->program, '/') && !spawn_find(s->program, &found))
		return refuse(f, ENOENT, "'%s' is not in PATH", s->program);
	r = fd_pipe(report);
	if (r < 0)
		return fail(f, -r, "make a pipe for '%s'", s->program);
	parent = getpid();
	pid = fork();
	if (pid < 0) {
		r = errno;
		fd_close(report[0]);
		fd_close(report[1]);
		return fail(f, r, "fork for '%s'", s->program);
	}
	if (pid == 0)
		child(s, found ? found : s->program, report[1], parent);
	fd_close(report[1]);
	r = (int)io_read_full(report[0], &child_errno, sizeof(child_errno));
	fd_close(report[0]);
	if (r == 0)
		return pid;
	(void)!waitpid(pid, NULL, 0);
	return fail(f, child_errno < 0 ? -child_errno : EIO, "run '%s'", s->program);
}

int spawn_wait(pid_t pid)
{
	int status;
	pid_t r;

	do
		r = waitpid(pid, &status, 0);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int spawn_run(const struct spawn *s, struct str *ret_text, struct fail *f)
{
	struct spawn with = *s;
	struct spawn_fd fds[TO_MAX];
	int out[2];
	pid_t pid;
	int r;

	if (!ret_text) {
		pid = spawn_start(s, f);
		return pid < 0 ? pid : spawn_wait(pid);
	}
	if (s->n_fds + 2 > TO_MAX)
		return refuse(f, EINVAL, "too many descriptors for '%s'", s->program);
	r = fd_pipe(out);
	if (r < 0)
		return fail(f, -r, "make a pipe for '%s'", s->program);
	for (size_t i = 0; i < s->n_fds; i++)
		fds[i] = s->fds[i];
	fds[s->n_fds] = (struct spawn_fd){ out[1], 1 };
	fds[s->n_fds + 1] = (struct spawn_fd){ out[1], 2 };
	with.fds = fds;
	with.n_fds = s->n_fds + 2;
	pid = spawn_start(&with, f);
	fd_close(out[1]);
	if (pid > 0) {
		char rest[4096];

		/* Past the ceiling the rest is read and dropped: else SIGPIPE would end the helper. */
		if (io_read_all(out[0], ret_text) < 0)
			while (io_read(out[0], rest, sizeof(rest)) > 0)
				;
	}
	fd_close(out[0]);
	return pid < 0 ? pid : spawn_wait(pid);
}
