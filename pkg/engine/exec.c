// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "pkg/engine/container.h"
#include "pkg/engine/event.h"
#include "pkg/engine/seccomp.h"
#include "pkg/engine/spec.h"
#include "pkg/util/fd.h"
#include "pkg/util/json.h"
#include "runtime/join.h"
#include "runtime/monitor/attach.h"

/* The process's ends and ours of its three streams. */
struct streams {
	int theirs[3];
	struct attach_local local;
};

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

static int make_stream(struct streams *s, int fd, int *ours, struct fail *f)
{
	int pair[2];
	int r;

	if (may_go_in(fd)) {
		s->theirs[fd] = fd_dup(fd);
		return s->theirs[fd] < 0 ? fail(f, -s->theirs[fd], "duplicate descriptor %d", fd) : 0;
	}
	r = fd_pipe(pair);
	if (r < 0)
		return fail(f, -r, "make a pipe");
	s->theirs[fd] = pair[fd ? 1 : 0];
	*ours = pair[fd ? 0 : 1];
	return 0;
}

static int make_streams(struct streams *s, const struct exec_opts *o, struct fail *f)
{
	int r = 0;

	if (o->tty && !o->detach)
		return 0;
	if (o->detach || !o->interactive) {
		s->theirs[0] = fd_open(AT_FDCWD, "/dev/null", O_RDONLY, 0);
		r = s->theirs[0] < 0 ? fail(f, -s->theirs[0], "open /dev/null") : 0;
	} else {
		r = make_stream(s, 0, &s->local.in_fd, f);
	}
	if (o->detach && r == 0) {
		s->theirs[1] = fd_open(AT_FDCWD, "/dev/null", O_WRONLY, 0);
		s->theirs[2] = fd_open(AT_FDCWD, "/dev/null", O_WRONLY, 0);
		return s->theirs[1] < 0 || s->theirs[2] < 0 ? fail(f, ENFILE, "open /dev/null") : 0;
	}
	if (r == 0)
		r = make_stream(s, 1, &s->local.out_fd, f);
	if (r == 0)
		r = make_stream(s, 2, &s->local.err_fd, f);
	return r;
}

static void close_theirs(struct streams *s)
{
	for (int i = 0; i < 3; i++)
		s->theirs[i] = fd_close(s->theirs[i]);
}

static void streams_done(struct streams *s)
{
	close_theirs(s);
	s->local.in_fd = fd_close(s->local.in_fd);
	s->local.out_fd = fd_close(s->local.out_fd);
	s->local.err_fd = fd_close(s->local.err_fd);
}

static int converse(struct launched *p, struct streams *s, const struct exec_opts *o, struct fail *f)
{
	struct attach_opts a = {
		/* What the process has as its own stdin isn't ours to read: every byte would be lost to it. */
		.want_stdin = o->interactive && (o->tty || s->local.in_fd >= 0),
		.tty = o->tty,
		.sig_proxy = !o->tty,
		.detach_keys = o->detach_keys ? o->detach_keys : "ctrl-p,ctrl-q",
	};
	struct attach_result result = { 0 };
	int r;

	s->local.console_fd = p->console_fd;
	s->local.pidfd = p->pidfd;
	r = attach_run_local(&s->local, &a, &result, f);
	if (r < 0)
		return r;
	p->pid = 0;	/* reaped, or left to itself */
	return result.detached ? 0 : result.exit_code;
}

static int run(struct container *c, const struct exec_opts *o, const struct spec_process *process,
	       struct fail *f)
{
	struct streams s = { .theirs = { -EBADF, -EBADF, -EBADF },
			     .local = { -EBADF, -EBADF, -EBADF, -EBADF, -EBADF } };
	struct launched p = { .pidfd = -EBADF, .netns_fd = -EBADF, .console_fd = -EBADF, .sock = -EBADF };
	auto_fd int pidfd = state_pidfd(&c->state, f);
	auto_fd int seccomp = -EBADF;
	struct join j;
	int r;

	if (pidfd < 0)
		return fail_in(f, pidfd, "container %.12s", c->id);
	r = o->privileged ? 0 : engine_seccomp(&c->config, process, &seccomp, f);
	if (r == 0)
		r = make_streams(&s, o, f);
	if (r < 0) {
		streams_done(&s);
		return r;
	}
	j = (struct join){
		.pid = c->state.pid,
		.pidfd = pidfd,
		.process = process,
		.stdio = { s.theirs[0], s.theirs[1], s.theirs[2] },
		.seccomp_fd = seccomp,
		.detach = o->detach,
		.passwd_entry = true,
	};
	r = join_start(&j, &p, f);
	close_theirs(&s);
	if (r == 0 && o->detach)
		p.pid = 0;
	else if (r == 0)
		r = converse(&p, &s, o, f);
	launched_done(&p);
	streams_done(&s);
	return r;
}

int engine_exec(struct engine *e, const char *text, const struct exec_opts *o, char *const *args,
		struct fail *f)
{
	auto_container struct container c = CONTAINER_INIT;
	struct spec_process process = { 0 };
	int r = container_open(e, text, &c, f);

	if (r < 0)
		return r;
	if (c.state.status != STATUS_RUNNING)
		return refuse(f, ESRCH, "can only create exec sessions on running containers: container state "
			      "improper");
	if (o->privileged)
		c.config.security.privileged = true;
	r = spec_build_exec(&c.config, o, args, &process, f);
	if (r == 0) {
		event_container(&e->store, &c.config, "exec");
		r = run(&c, o, &process, f);
	}
	if (r >= 0 && !o->detach)
		event_ended(&e->store, &c.config, "exec_died", r);
	jsonf_done(spec_process_fields, &process);
	return r;
}
