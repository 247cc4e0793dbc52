// SPDX-License-Identifier: Apache-2.0
#include "runtime/join.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "runtime/cgroup.h"
#include "runtime/console.h"
#include "runtime/exec.h"
#include "runtime/ns.h"
#include "runtime/privs.h"
#include "runtime/seccomp.h"

/*
 * Three processes: the caller; a helper that is not dumpable and joins the namespaces (a joined pid
 * namespace is for children only, pid_namespaces(7)), and may stay as a guard; and its child, the process itself, which is
 * born as the caller's child (CLONE_PARENT), so that the caller can wait for it.
 *
 * All three report over one socket. Its end is an error, except after the last word, where it
 * means that exec has closed it.
 */
enum word {
	WORD_BORN = 1,	/* from the helper: pid, with the pidfd */
	WORD_CONSOLE,	/* from the process: with the pty's master */
	WORD_EXEC,	/* from the process: the next thing is exec */
	WORD_FAILED,	/* from either: with the failure */
};

struct message {
	enum word word;
	pid_t pid;
	struct fail fail;
};

static int say(int sock, enum word word, pid_t pid, int fd)
{
	/* The failure is not part of it: 2 KiB less to copy. */
	struct message m = { .word = word, .pid = pid };

	return fd_send(sock, &m, offsetof(struct message, fail), &fd, fd >= 0);
}

static void __attribute__((noreturn)) die(int sock, const struct fail *f)
{
	struct message m = { .word = WORD_FAILED, .fail = *f };

	(void)!fd_send(sock, &m, sizeof(m), NULL, 0);
	_exit(fail_status(f));
}

static int gone(struct fail *f)
{
	return refuse(f, ESRCH, "the container is not running");
}

/* --- what to join --- */

struct ns_kind {
	const char name[8];
	int flag;
};

static const struct ns_kind kinds[] = {
	{ "user", CLONE_NEWUSER }, { "mnt", CLONE_NEWNS }, { "pid", CLONE_NEWPID },
	{ "net", CLONE_NEWNET }, { "ipc", CLONE_NEWIPC }, { "uts", CLONE_NEWUTS },
	{ "cgroup", CLONE_NEWCGROUP }, { "time", CLONE_NEWTIME },
};

/*
 * The namespaces in which the container differs from us. Ours must be left out: the kernel refuses
 * to join one's own user namespace again (EINVAL), and the host's network is not the container's
 * user namespace's to join (EPERM).
 */
static int ns_to_join(pid_t pid, int *ret_flags, struct fail *f)
{
	auto_fd int own = fd_open(AT_FDCWD, "/proc/self/ns", O_PATH | O_DIRECTORY, 0);
	auto_fd int its = -EBADF;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns", (int)pid);
	its = fd_open(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	if (own < 0)
		return fail(f, -own, "open '/proc/self/ns'");
	if (its < 0)
		return its == -ENOENT || its == -ESRCH ? gone(f) : fail(f, -its, "open '%s'", path);
	*ret_flags = 0;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct stat a, b;

		/* A kernel without time namespaces. */
		if (fstatat(own, kinds[i].name, &a, 0) < 0)
			continue;
		if (fstatat(its, kinds[i].name, &b, 0) < 0) {
			if (errno == ENOENT || errno == ESRCH)
				return gone(f);
			return fail(f, errno, "look at namespace '%s' of process %d", kinds[i].name,
				    (int)pid);
		}
		if (a.st_dev != b.st_dev || a.st_ino != b.st_ino)
			*ret_flags |= kinds[i].flag;
	}
	return 0;
}

/* --- the process --- */

/* Resolved inside the root and past none of /proc's magic links (CVE-2024-21626). */
static int enter_cwd(int root, const char *cwd, struct fail *f)
{
	auto_fd int fd = -EBADF;
	int err;

	if (!cwd || !*cwd)
		cwd = "/";
	fd = path_open_in_root(root, cwd, O_PATH | O_DIRECTORY, 0);
	err = fd < 0 ? -fd : 0;
	if (fd >= 0 && fchdir(fd) < 0)
		err = errno;
	if (!err)
		return 0;
	fail(f, err, "enter the working directory '%s'", cwd);
	f->status = err == ENOENT ? FAIL_EXIT_NOTFOUND : FAIL_EXIT_NOEXEC;
	return -err;
}

static int set_stdio(const struct join *j, int sock, int root, uint32_t uid, struct fail *f)
{
	const struct spec_process *p = j->process;
	struct console c;
	int tty[3], r;

	if (!p->terminal) {
		exec_give_pipes(j->stdio, uid);
		return exec_place_stdio(j->stdio, f);
	}
	r = console_make(root, p->console_size.height, p->console_size.width, uid, &c, f);
	if (r < 0)
		return r;
	tty[0] = tty[1] = tty[2] = c.slave;
	r = say(sock, WORD_CONSOLE, 0, c.master);
	if (r < 0)
		fail(f, -r, "hand over the terminal");
	if (r == 0)
		r = console_control(c.slave, f);
	if (r == 0)
		r = exec_place_stdio(tty, f);
	fd_close(c.master);
	fd_close(c.slave);
	return r;
}

static int prepare(const struct join *j, int sock, struct privs_user *u, struct fail *f)
{
	auto_fd int root = fd_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
	int r;

	if (root < 0)
		return fail(f, -root, "open the container's root");
	if (setsid() < 0)
		return fail(f, errno, "start a session");
	r = privs_user_lookup(root, &j->process->user, u, f);
	if (r == 0)
		r = set_stdio(j, sock, root, u->uid, f);
	/* Before the rights go: root's working directory may be closed to the user. */
	return r == 0 ? enter_cwd(root, j->process->cwd, f) : r;
}

static int become(const struct join *j, const struct privs_user *u, struct fail *f)
{
	const struct spec_process *p = j->process;
	int r = privs_limits(p, f);

	/* Loading needs CAP_SYS_ADMIN unless no_new_privs is set: before the one goes or after the other. */
	if (r == 0 && j->seccomp_fd >= 0 && !p->no_new_privileges)
		r = seccomp_apply(j->seccomp_fd, f);
	if (r == 0)
		r = privs_apply(p, u, f);
	if (r == 0 && j->seccomp_fd >= 0 && p->no_new_privileges)
		r = seccomp_apply(j->seccomp_fd, f);
	return r;
}

static int run(const struct join *j, int sock, const struct privs_user *u, struct fail *f)
{
	const struct spec_process *p = j->process;
	auto_strv char **env = strv_dup(p->env);
	int r;

	if (!p->args || !p->args[0])
		return refuse(f, EINVAL, "no command to run");
	if (!strv_env_get(env, "HOME"))
		strv_addf(&env, "HOME=%s", u->home);
	exec_reset_signals();
	/* All are close-on-exec at birth; this is for those of whoever started us. */
	r = exec_hide_fds(f);
	for (size_t i = 0; r == 0 && i < j->n_keep_fds; i++) {
		r = fd_set_cloexec(j->keep_fds[i], 0);
		if (r < 0)
			fail(f, -r, "hand over descriptor %d", j->keep_fds[i]);
	}
	if (r < 0)
		return r;
	r = say(sock, WORD_EXEC, 0, -EBADF);
	return r < 0 ? fail(f, -r, "report to the caller") : exec_program(p->args, env, f);
}

/* Last of the namespaces, and from inside the cgroup: from within one, what is outside can't be left for it. */
static int enter_cgroup_ns(const struct join *j, int flags, struct fail *f)
{
	int r = cgroup_is_given(j->cgroup_fd) && flags & CLONE_NEWCGROUP ? ns_join(j->pidfd, CLONE_NEWCGROUP) : 0;

	return r < 0 ? fail(f, -r, "join the cgroup namespace of process %d", (int)j->pid) : 0;
}

static void __attribute__((noreturn)) process(const struct join *j, int flags, int sock)
{
	struct fail f = { 0 };
	struct privs_user u;
	int r = enter_cgroup_ns(j, flags, &f);

	if (r == 0)
		r = prepare(j, sock, &u, &f);
	if (r == 0)
		r = become(j, &u, &f);
	if (r == 0 && !j->detach)
		exec_die_with_parent(sock);
	if (r == 0 && j->adopt && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		r = fail(&f, errno, "adopt what is left behind");
	if (r == 0)
		(void)!run(j, sock, &u, &f);
	die(sock, &f);
}

/* --- the helper --- */

static int enter(const struct join *j, int flags, struct fail *f)
{
	int r;

	/*
	 * From the moment we are in the container's user namespace its root may trace us, and would find
	 * our descriptors: not while we are not dumpable (CVE-2016-9962). Children inherit that.
	 */
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return fail(f, errno, "become untraceable");
	if (flags) {
		r = ns_join(j->pidfd, flags);
		if (r == -ESRCH)
			return gone(f);
		if (r < 0)
			return fail(f, -r, "join the namespaces of process %d", (int)j->pid);
	}
	/* Root of the container from here on, whoever we were: a pty made now is to be its. */
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return fail(f, errno, "become the container's root");
	return 0;
}

/* Closes all but A and B: whoever reads a pipe to its end must not wait for us. */
static void hold_only(int a, int b)
{
	unsigned low = (unsigned)(a < b ? a : b), high = (unsigned)(a < b ? b : a);

	if (low)
		(void)close_range(0, low - 1, 0);
	if (high > low + 1)
		(void)close_range(low + 1, high - 1, 0);
	(void)close_range(high + 1, ~0U, 0);
}

/* The process ends with the caller, or by itself; either way nothing is left. */
static void __attribute__((noreturn)) guard(const struct join *j, int caller, int pidfd, int sock)
{
	struct pollfd p[] = { { .fd = pidfd, .events = POLLIN }, { .fd = caller, .events = POLLIN } };
	sigset_t all;

	/* What is sent to the caller's group or typed at its terminal is not for us. */
	sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, NULL);
	(void)setsid();
	/* These even where close_range is filtered. */
	fd_close(sock);
	for (int i = 0; i < 3; i++)
		fd_close(j->stdio[i]);
	hold_only(caller, pidfd);
	while (poll(p, 2, -1) < 0 && errno == EINTR)
		;
	(void)!ns_pidfd_kill(pidfd, SIGKILL);
	_exit(0);
}

static void __attribute__((noreturn)) helper(const struct join *j, int flags, int sock)
{
	/* Looked up from where its number means it. */
	int caller = j->guarded && !j->detach ? ns_pidfd_open(getppid()) : -EBADF;
	int pidfd = -EBADF, r;
	struct fail f = { 0 };
	pid_t pid;

	r = enter(j, cgroup_is_given(j->cgroup_fd) ? flags & ~CLONE_NEWCGROUP : flags, &f);
	if (r < 0)
		die(sock, &f);
	pid = ns_clone(CLONE_PARENT, cgroup_is_given(j->cgroup_fd) ? j->cgroup_fd : -EBADF, &pidfd);
	if (pid == 0)
		process(j, flags, sock);
	if (pid < 0) {
		/* ENOMEM is how a pid namespace without its first process refuses (pid_namespaces(7)). */
		if (pid == -ENOMEM)
			gone(&f);
		else if (pid == -EAGAIN)
			fail(&f, EAGAIN, "fork in the container (its limit of processes may be reached)");
		else
			fail(&f, -pid, "fork in the container");
		die(sock, &f);
	}
	r = say(sock, WORD_BORN, pid, pidfd);
	/* Without that word nobody could wait for it: the caller is gone. */
	if (r < 0)
		(void)!ns_pidfd_kill(pidfd, SIGKILL);
	else if (caller >= 0)
		guard(j, caller, pidfd, sock);
	_exit(r < 0);
}

/* --- the caller --- */

static int take_word(const struct message *m, size_t len, int *fd, struct launched *l, bool *ret_exec,
		     struct fail *f)
{
	if (len < offsetof(struct message, fail))
		return refuse(f, EPROTO, "a cut message from the process to be");
	switch (m->word) {
	case WORD_BORN:
		l->pid = m->pid;
		l->pidfd = fd_take(fd);
		return 0;
	case WORD_CONSOLE:
		l->console_fd = fd_take(fd);
		return 0;
	case WORD_EXEC:
		*ret_exec = true;
		return 0;
	case WORD_FAILED:
		if (len != sizeof(*m) || m->fail.code <= 0)
			break;
		*f = m->fail;
		f->msg[sizeof(f->msg) - 1] = '\0';
		f->hint[sizeof(f->hint) - 1] = '\0';
		return -f->code;
	}
	return refuse(f, EPROTO, "a message that makes no sense from the process to be");
}

/*
 * To its end, past a failure: the process and its helper speak at once, and the word of a failure may
 * overtake the one that says whom to wait for.
 */
static int listen_to(int sock, struct launched *l, struct fail *f)
{
	bool exec = false;
	int ret = 0;

	while (true) {
		struct message m = { 0 };
		struct fail later = { 0 };
		auto_fd int fd = -EBADF;
		size_t n_fds;
		ssize_t n = fd_recv(sock, &m, sizeof(m), &fd, 1, &n_fds);
		int r;

		if (n < 0)
			return fail(f, (int)-n, "hear from the process to be");
		if (n == 0)
			break;
		r = take_word(&m, (size_t)n, &fd, l, &exec, ret < 0 ? &later : f);
		if (ret == 0)
			ret = r;
	}
	if (ret < 0)
		return ret;
	if (!exec || l->pid <= 0)
		return refuse(f, ECHILD, "the process died before its exec");
	return 0;
}

static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int join_start(const struct join *j, struct launched *ret, struct fail *f)
{
	struct launched l = {
		.pidfd = -EBADF, .netns_fd = -EBADF, .console_fd = -EBADF, .sock = -EBADF,
	};
	auto_fd int ours = -EBADF, theirs = -EBADF;
	int pair[2], flags = 0, r;
	pid_t pid;

	r = ns_to_join(j->pid, &flags, f);
	if (r < 0)
		return r;
	r = fd_socketpair(SOCK_SEQPACKET, pair);
	if (r < 0)
		return fail(f, -r, "make a socket pair");
	ours = pair[0];
	theirs = pair[1];
	pid = ns_clone(0, -EBADF, NULL);
	if (pid < 0)
		return fail(f, -pid, "fork");
	if (pid == 0) {
		/* The caller's alone, so that its end is seen. */
		ours = fd_close(ours);
		helper(j, flags, theirs);
	}
	theirs = fd_close(theirs);
	r = listen_to(ours, &l, f);
	if (r == 0) {
		if (j->guarded && !j->detach)
			l.guard_pid = pid;
		else
			reap(pid);
		*ret = l;
		return 0;
	}
	if (l.pid > 0) {
		/* It ends by itself after a failure of its own; not after one of ours. */
		(void)!ns_pidfd_kill(l.pidfd, SIGKILL);
		reap(l.pid);
	}
	reap(pid);
	l.pidfd = fd_close(l.pidfd);
	l.console_fd = fd_close(l.console_fd);
	return r;
}
