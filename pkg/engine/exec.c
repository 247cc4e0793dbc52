// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "pkg/engine/event.h"
#include "pkg/engine/exec_part.h"
#include "pkg/engine/seccomp.h"
#include "pkg/engine/secretopt.h"
#include "pkg/engine/spec.h"
#include "pkg/util/fd.h"
#include "pkg/util/json.h"
#include "runtime/cgroup.h"
#include "runtime/monitor/tty.h"

/* podman's, where there is nothing to exec in. */
enum { EXIT_IMPROPER = 255, EXIT_CWD = 255 };

/*
 * A pipe and /dev/null go in as they are, which costs nothing. All else is put behind a pipe: a process in
 * the container could type into a terminal (TIOCSTI), and open a file anew by /proc/self/fd with more rights
 * than it was given (container root is the file's owner): what we read it could write, and what we append
 * to it could read and cut off.
 */
static bool may_go_in(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 &&
	       (S_ISFIFO(st.st_mode) || (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)));
}

static int make_stream(struct exec_run *x, int fd, int *ours, struct fail *f)
{
	int *theirs = &x->join.stdio[fd];
	int pair[2];
	int r;

	if (may_go_in(fd)) {
		*theirs = fd_dup(fd);
		return *theirs < 0 ? fail(f, -*theirs, "duplicate descriptor %d", fd) : 0;
	}
	r = fd_pipe(pair);
	if (r < 0)
		return fail(f, -r, "make a pipe");
	*theirs = pair[fd ? 1 : 0];
	*ours = pair[fd ? 0 : 1];
	return 0;
}

static int make_null(struct exec_run *x, int fd, struct fail *f)
{
	int r = x->join.stdio[fd] = fd_open(AT_FDCWD, "/dev/null", fd ? O_WRONLY : O_RDONLY, 0);

	return r < 0 ? fail(f, -r, "open /dev/null") : 0;
}

static int make_streams(struct exec_run *x, struct fail *f)
{
	const struct exec_opts *o = x->o;
	int r;

	if (o->tty)
		return 0;
	if (o->detach || !o->interactive)
		r = make_null(x, 0, f);
	else
		r = make_stream(x, 0, &x->local.in_fd, f);
	if (r == 0)
		r = o->detach ? make_null(x, 1, f) : make_stream(x, 1, &x->local.out_fd, f);
	if (r == 0)
		r = o->detach ? make_null(x, 2, f) : make_stream(x, 2, &x->local.err_fd, f);
	return r;
}

void exec_close_theirs(struct exec_run *x)
{
	for (int i = 0; i < 3; i++)
		x->join.stdio[i] = fd_close(x->join.stdio[i]);
}

static void run_done(struct exec_run *x)
{
	exec_close_theirs(x);
	x->local.in_fd = fd_close(x->local.in_fd);
	x->local.out_fd = fd_close(x->local.out_fd);
	x->local.err_fd = fd_close(x->local.err_fd);
	x->join.pidfd = fd_close(x->join.pidfd);
	x->join.seccomp_fd = fd_close(x->join.seccomp_fd);
	x->join.cgroup_fd = fd_close(x->join.cgroup_fd);
	exec_session_close(&x->session);
}

int exec_converse(struct exec_run *x, struct launched *p, bool *ret_detached, struct fail *f)
{
	const struct exec_opts *o = x->o;
	struct attach_opts a = {
		/* What the process has as its own stdin isn't ours to read: every byte would be lost to it. */
		.want_stdin = o->interactive && (o->tty || x->local.in_fd >= 0),
		.tty = o->tty,
		.sig_proxy = !o->tty,
		.detach_keys = o->detach_keys ? o->detach_keys : "ctrl-p,ctrl-q",
	};
	struct attach_result result = { 0 };
	int r;

	x->local.console_fd = p->console_fd;
	x->local.pidfd = p->pidfd;
	r = attach_run_local(&x->local, &a, &result, f);
	if (r < 0)
		return r;
	*ret_detached = result.detached;
	return result.detached ? 0 : result.exit_code;
}

void exec_ended(struct exec_run *x, int status)
{
	event_ended(&x->e->store, &x->c->config, "exec_died", status);
	exec_session_end(&x->session);
}

static int run_here(struct exec_run *x, struct fail *f)
{
	struct launched p = { .pidfd = -EBADF, .netns_fd = -EBADF, .console_fd = -EBADF, .sock = -EBADF };
	bool detached = false;
	int r = join_start(&x->join, &p, f);

	exec_close_theirs(x);
	if (r < 0) {
		exec_session_end(&x->session);
		return r;
	}
	r = exec_converse(x, &p, &detached, f);
	if (r >= 0)
		p.pid = 0;	/* reaped */
	launched_done(&p);
	exec_ended(x, r < 0 ? fail_status(f) : r);
	return r;
}

/* The keys must be read by somebody who can go on without the command. */
static bool may_detach(const struct exec_opts *o)
{
	return o->tty && o->interactive && (!o->detach_keys || *o->detach_keys);
}

/*
 * The kernel lets nobody put a process into a cgroup from a place that has no delegated ancestor in common with
 * it: outside of the limits, an exec would be the way around them.
 */
static int open_cgroup(struct exec_run *x, struct fail *f)
{
	const char *path = x->c->state.cgroup;
	int fd = path ? cgroup_open(path) : -ENOENT;

	x->join.cgroup_fd = -EBADF;
	if (!path)
		return 0;
	/* One that can't be seen from here (another hierarchy is mounted, or a part of it) is still its. */
	if (fd < 0 && fd != -ENOENT)
		return fail(f, -fd, "open the cgroup of container %.12s", x->c->id);
	if (fd >= 0 && cgroup_can_enter(path)) {
		x->join.cgroup_fd = fd;
		return 0;
	}
	fd_close(fd);
	if (!resource_wants(&x->c->config.resources))
		return 0;
	(void)refuse(f, EPERM, "exec in container %.12s: from here no process can be put into its cgroup, %s, whose limits "
		     "it would not have", x->c->id, path);
	fail_hint(f, "systemd-run --user --scope rbox exec ...");
	return -EPERM;
}

static int run(struct exec_run *x, struct spec_process *process, struct fail *f)
{
	int r;

	x->join.pid = x->c->state.pid;
	x->join.pidfd = state_pidfd(&x->c->state, f);
	if (x->join.pidfd < 0)
		return fail_in(f, x->join.pidfd, "container %.12s", x->c->id);
	x->join.process = process;
	r = open_cgroup(x, f);
	if (r < 0)
		return r;
	x->join.detach = x->o->detach;
	x->join.guarded = true;
	x->join.passwd_entry = true;
	if (x->o->preserve_fds && x->o->preserve_fd)
		return refuse(f, EINVAL, "cannot specify both --preserve-fds and --preserve-fd");
	r = keepfd_parse(x->o->preserve_fds, x->o->preserve_fd, &x->keep, f);
	x->join.keep_fds = x->keep.v;
	x->join.n_keep_fds = x->keep.n;
	if (r == 0 && !x->o->privileged)
		r = engine_seccomp(&x->c->config, process, &x->join.seccomp_fd, f);
	if (r == 0)
		r = make_streams(x, f);
	if (r < 0)
		return r;
	if (x->o->tty)
		tty_size_console(process);
	if (!x->o->no_session)
		exec_session_begin(x->c->dir_fd, &x->session);
	event_container(&x->e->store, &x->c->config, "exec");
	return x->o->detach || may_detach(x->o) ? exec_keep(x, f) : run_here(x, f);
}

int engine_exec(struct engine *e, const char *text, const struct exec_opts *o, char *const *args,
		char ret_session[CTR_ID_LEN + 1], struct fail *f)
{
	auto_container struct container c = CONTAINER_INIT;
	struct exec_run x = {
		.e = e, .c = &c, .o = o,
		.join = { .stdio = { -EBADF, -EBADF, -EBADF }, .pidfd = -EBADF, .seccomp_fd = -EBADF,
			  .cgroup_fd = -EBADF },
		.local = { -EBADF, -EBADF, -EBADF, -EBADF, -EBADF },
		.session = EXEC_SESSION_INIT,
	};
	struct spec_process process = { 0 };
	int r = container_open(e, text, &c, f);

	if (r < 0)
		return r;
	if (c.state.status != STATUS_RUNNING) {
		r = refuse(f, ESRCH, "can only create exec sessions on running containers: container state improper");
		fail_hint(f, "container %.12s is %s%s", c.id, status_word((enum status)c.state.status),
			  c.state.status == STATUS_PAUSED ? ": rbox unpause it" : ": rbox start it");
		f->status = EXIT_IMPROPER;
		return r;
	}
	/* Not looked for below the root, where it might even be found. */
	if (o->workdir && *o->workdir != '/') {
		r = refuse(f, EINVAL, "the working directory '%.200s' is not absolute", o->workdir);
		f->status = EXIT_CWD;
		return r;
	}
	if (o->privileged)
		c.config.security.privileged = true;
	r = spec_build_exec(&c.config, o, args, &process, f);
	if (r == 0)
		r = secretopt_env(e, &c.config, &process.env, f);
	if (r == 0)
		r = run(&x, &process, f);
	memcpy(ret_session, x.session.id, CTR_ID_LEN + 1);
	run_done(&x);
	jsonf_done(spec_process_fields, &process);
	return r;
}
