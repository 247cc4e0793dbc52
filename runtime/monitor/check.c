// SPDX-License-Identifier: Apache-2.0
#include "runtime/monitor/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "runtime/exec.h"
#include "runtime/join.h"
#include "runtime/ns.h"
#include "runtime/proc_stat.h"

enum { KILL_ROUNDS = 5, TREE_MAX = 4096, AFTER_KILL_MS = 2000, READS_A_CALL = 64 * 1024 / 4096 };

struct runner {
	const struct check *c;
	struct launched p;
	int out_fd;
	struct check_result res;
};

/* --- the command's process tree --- */

struct member {
	pid_t pid, parent, session;
	bool in;
};

static bool read_member(const char *name, struct member *ret)
{
	auto_str struct str s = STR_INIT(4096);
	const char *p;
	uint64_t pid;
	int parent, group, session;
	char state;

	if (str_to_u64(name, 10, &pid) < 0 || proc_stat_read((pid_t)pid, &s) < 0)
		return false;
	p = proc_stat_field(str_cstr(&s), 3);
	if (!p || sscanf(p, "%c %d %d %d", &state, &parent, &group, &session) != 4)
		return false;
	/* What is dead already needs no signal, and would make us look again and again. */
	if (state == 'Z' || state == 'X')
		return false;
	*ret = (struct member){ .pid = (pid_t)pid, .parent = parent, .session = session };
	return true;
}

static size_t list_members(struct member *v)
{
	struct dirent *e;
	size_t n = 0;
	DIR *d;

	if (fd_opendir(fd_open(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY, 0), &d) < 0)
		return 0;
	while (n < TREE_MAX && (e = readdir(d)))
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9' && read_member(e->d_name, &v[n]))
			n++;
	closedir(d);
	return n;
}

static bool has_parent_in(const struct member *v, size_t n, const struct member *m)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].in && v[i].pid == m->parent)
			return true;
	return false;
}

/*
 * ROOT leads a session of its own and adopts what its children leave behind: whatever it started belongs to
 * that session, or descends from ROOT. It isn't waited for before all is done, so that its number can't
 * become another's.
 */
static size_t mark_tree(struct member *v, size_t n, pid_t root)
{
	size_t count = 0;
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < n; i++) {
			if (v[i].in || (v[i].pid != root && v[i].session != root && v[i].parent != root &&
					!has_parent_in(v, n, &v[i])))
				continue;
			v[i].in = more = true;
			count++;
		}
	}
	return count;
}

static void kill_tree(pid_t root)
{
	struct member *v = mem_array(TREE_MAX, sizeof(*v));

	/* Again, for those that were born meanwhile. */
	for (int round = 0; round < KILL_ROUNDS; round++) {
		size_t n = list_members(v);

		if (!mark_tree(v, n, root))
			break;
		for (size_t i = 0; i < n; i++)
			if (v[i].in)
				(void)kill(v[i].pid, SIGKILL);
	}
	free(v);
	/* Where /proc hides others' processes. */
	(void)kill(-root, SIGKILL);
	(void)kill(root, SIGKILL);
}

/* --- the runner --- */

static void add_output(struct runner *r, const char *text, size_t n)
{
	size_t max = (size_t)r->c->output_max, room;

	if (!max || max > sizeof(r->res.output))
		max = sizeof(r->res.output);
	room = max - r->res.len;
	if (n > room)
		n = room;
	memcpy(r->res.output + r->res.len, text, n);
	r->res.len += (uint32_t)n;
}

/*
 * Kept as far as it fits, read beyond that: the command must not wait for us. One pipe's content a call:
 * one that writes without end must not keep us from the time.
 */
static void read_output(struct runner *r)
{
	char buf[4096];
	ssize_t n = -EAGAIN;

	for (int k = 0; k < READS_A_CALL; k++) {
		n = io_read(r->out_fd, buf, sizeof(buf));
		if (n <= 0)
			break;
		add_output(r, buf, (size_t)n);
	}
	if (n <= 0 && n != -EAGAIN)
		r->out_fd = fd_close(r->out_fd);
}

/* True once the command has ended; false when the time is over. */
static bool await(struct runner *r, int64_t until)
{
	for (;;) {
		struct pollfd p[2] = { { r->p.pidfd, POLLIN, 0 }, { r->out_fd, POLLIN, 0 } };
		int64_t left = until - time_monotonic();

		if (poll(p, 2, !until ? -1 : left <= 0 ? 0 : (int)(left / 1000000) + 1) < 0 && errno != EINTR)
			return false;
		if (p[1].revents)
			read_output(r);
		if (p[0].revents)
			return true;
		if (until && time_monotonic() >= until)
			return false;
	}
}

static void time_is_over(struct runner *r)
{
	char text[80];
	int n = snprintf(text, sizeof(text), "health check exceeded its timeout of %.3gs\n",
			 (double)r->c->timeout / (double)TIME_SECOND);

	kill_tree(r->p.pid);
	if (await(r, time_monotonic() + AFTER_KILL_MS * (TIME_SECOND / 1000)))
		(void)!waitpid(r->p.pid, NULL, WNOHANG);
	r->res.exit_code = -1;
	if (!r->res.len)
		add_output(r, text, (size_t)n);
}

static int start_command(struct runner *r, struct fail *f)
{
	struct join j = { .pid = r->c->pid, .pidfd = r->c->pidfd, .process = r->c->process,
			  .seccomp_fd = r->c->seccomp_fd, .cgroup_fd = r->c->cgroup_fd, .adopt = true, .passwd_entry = true };
	auto_fd int null = fd_open(AT_FDCWD, "/dev/null", O_RDONLY, 0);
	auto_fd int theirs = -EBADF;
	int pipe[2], ret;

	if (null < 0)
		return fail(f, -null, "open /dev/null");
	ret = fd_pipe(pipe);
	if (ret < 0)
		return fail(f, -ret, "make a pipe");
	r->out_fd = pipe[0];
	theirs = pipe[1];
	ret = fd_set_nonblock(r->out_fd, 1);
	if (ret < 0)
		return fail(f, -ret, "set a pipe not to block");
	j.stdio[0] = null;
	j.stdio[1] = j.stdio[2] = theirs;
	core_allow(r->c->core);
	ret = join_start(&j, &r->p, f);
	(void)core_forbid();
	return ret;
}

static void run_check(struct runner *r)
{
	struct fail f = { 0 };
	siginfo_t si = { 0 };

	r->res.start = time_now();
	if (start_command(r, &f) < 0) {
		/* As podman: a check that can't be run has failed. */
		r->res.exit_code = 1;
		add_output(r, f.msg, strlen(f.msg));
		r->res.end = time_now();
		return;
	}
	if (!await(r, r->c->timeout > 0 ? time_monotonic() + r->c->timeout : 0))
		time_is_over(r);
	else if (waitid(P_PIDFD, (id_t)r->p.pidfd, &si, WEXITED) < 0 || si.si_code != CLD_EXITED ||
		 si.si_status)
		r->res.exit_code = 1;
	read_output(r);
	r->res.end = time_now();
}

static void __attribute__((noreturn)) runner_main(const struct check *c, pid_t monitor, int sock)
{
	struct runner r = { .c = c, .out_fd = -EBADF };
	int keep[] = { sock, c->pidfd, c->seccomp_fd };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != monitor)
		_exit(1);
	/* Not ours to hold open: the container's lock, its stdin, its clients. */
	if (fd_close_others(keep, ARRAY_LEN(keep)) < 0)
		_exit(1);
	(void)prctl(PR_SET_NAME, "rbox-health");
	run_check(&r);
	(void)!send(sock, &r.res, offsetof(struct check_result, output) + r.res.len, MSG_NOSIGNAL);
	_exit(0);
}

/* --- the monitor's side --- */

int check_start(const struct check *c, pid_t *ret_pid, struct fail *f)
{
	pid_t monitor = getpid(), pid;
	int pair[2];
	int r = fd_socketpair(SOCK_SEQPACKET, pair);

	if (r < 0)
		return fail(f, -r, "make a socket for the health check");
	pid = fork();
	if (pid < 0) {
		r = fail(f, errno, "fork for the health check");
		fd_close(pair[0]);
		fd_close(pair[1]);
		return r;
	}
	if (pid == 0)
		runner_main(c, monitor, pair[1]);
	fd_close(pair[1]);
	*ret_pid = pid;
	return pair[0];
}

int check_take(int fd, struct check_result *ret)
{
	ssize_t n;

	do
		n = recv(fd, ret, sizeof(*ret), MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (n < (ssize_t)offsetof(struct check_result, output) ||
	    ret->len != (size_t)n - offsetof(struct check_result, output))
		return n == 0 ? -ECHILD : -EPROTO;
	return 1;
}

void check_stop(pid_t pid, int fd)
{
	fd_close(fd);
	if (pid <= 0)
		return;
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}
