// SPDX-License-Identifier: Apache-2.0
#include "runtime/monitor/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/sig.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "runtime/cgroup.h"
#include "runtime/monitor/guard.h"
#include "runtime/monitor/internal.h"
#include "runtime/monitor/title.h"

enum { LISTEN_BACKLOG = 16 };

/* --- the process --- */

/* What our starter holds (a lock, a shell's pipe) isn't ours to hold. */
static int close_others(const struct monitor *m, struct fail *f)
{
	const struct monitor_opts *o = m->o;
	const struct launch *l = &o->launch;
	const int ours[] = { m->starter_fd, m->dir_fd, o->launch.seccomp_fd, o->pid_file_fd, o->monitor_pid_file_fd,
		       o->bind_fd, o->log.dir_fd, m->stdio[0], m->stdio[1], m->stdio[2] };
	auto_free int *keep = mem_array(ARRAY_LEN(ours) + l->n_keep_fds, sizeof(int));
	int r;

	memcpy(keep, ours, sizeof(ours));
	if (l->n_keep_fds)
		memcpy(keep + ARRAY_LEN(ours), l->keep_fds, l->n_keep_fds * sizeof(int));
	r = fd_close_others(keep, ARRAY_LEN(ours) + l->n_keep_fds);

	return r < 0 ? fail(f, -r, "open /dev/null") : 0;
}

static int block_signals(struct monitor *m, struct fail *f)
{
	sigset_t all, term;

	sigfillset(&all);
	/* What our own fault raises can't be waited for (signal(7)). */
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGABRT);
	sigdelset(&all, SIGSYS);
	/* Blocked, not ignored: an ignored signal would stay so in the container's process. */
	sigprocmask(SIG_SETMASK, &all, NULL);
	sig_reset();
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	m->sig_fd = signalfd(-1, &term, SFD_CLOEXEC | SFD_NONBLOCK);
	return m->sig_fd < 0 ? fail(f, errno, "make a signalfd") : 0;
}

/* --- what it holds --- */

static bool is_ending(int dir_fd)
{
	struct state s = { 0 };
	struct fail f = { 0 };
	bool ending = state_load_raw(dir_fd, &s, &f) == 0 && s.status == STATUS_STOPPED;

	state_done(&s);
	return ending;
}

/*
 * Held for a moment by whoever asks whether we live, and for as long as a mount's teardown takes by a
 * monitor that has recorded the end: both are waited for, a container that runs is not.
 */
static int take_lock(struct monitor *m, struct fail *f)
{
	const struct timespec pause = { .tv_nsec = 2 * 1000 * 1000 };
	int64_t start = time_monotonic();

	for (;;) {
		int64_t waited = time_monotonic() - start;

		m->lock_fd = file_lock(m->dir_fd, "lock.run", 0);
		if (m->lock_fd >= 0)
			return 0;
		if (m->lock_fd != -EWOULDBLOCK)
			return fail(f, -m->lock_fd, "lock container %.12s", m->id);
		if (waited > 30 * TIME_SECOND || (waited > TIME_SECOND / 20 && !is_ending(m->dir_fd)))
			return refuse(f, EBUSY, "container %.12s is already running", m->id);
		nanosleep(&pause, NULL);
	}
}

static int prepare_exit(struct monitor *m, struct fail *f)
{
	static const char room[] = "000\n";
	int r;

	if (unlinkat(m->dir_fd, "exit", 0) < 0 && errno != ENOENT)
		return fail(f, errno, "remove the last exit status");
	m->exit_fd = fd_open(m->dir_fd, ".exit", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
	if (m->exit_fd < 0)
		return fail(f, -m->exit_fd, "make the file of the exit status");
	r = io_write_full(m->exit_fd, room, sizeof(room) - 1);
	return r < 0 ? fail(f, -r, "make room for the exit status") : 0;
}

void monitor_save_exit(struct monitor *m)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d\n", m->exit_code);

	if (lseek(m->exit_fd, 0, SEEK_SET) == 0 && io_write_full(m->exit_fd, text, (size_t)n) == 0 &&
	    ftruncate(m->exit_fd, n) == 0)
		(void)!renameat(m->dir_fd, ".exit", m->dir_fd, "exit");
	m->exit_fd = fd_close(m->exit_fd);
}

/* Its folder of the runtime folder: the attach socket's, and slirp4netns's while ports are published. */
static int open_attach_dir(struct monitor *m, struct fail *f)
{
	auto_fd int run = -EBADF;

	if (m->attach_dir_fd >= 0)
		return 0;
	run = fd_open(AT_FDCWD, m->o->run_dir, O_PATH | O_DIRECTORY, 0);
	if (run < 0)
		return fail(f, -run, "open '%s'", m->o->run_dir);
	if (mkdirat(run, m->id, 0700) < 0 && errno != EEXIST)
		return fail(f, errno, "make '%s/%.12s'", m->o->run_dir, m->id);
	m->attach_dir_fd = fd_open(run, m->id, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	if (m->attach_dir_fd < 0)
		return fail(f, -m->attach_dir_fd, "open '%s/%.12s'", m->o->run_dir, m->id);
	return 0;
}

static int listen_attach(struct monitor *m, struct fail *f)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char path[FD_PATH_MAX];
	int r = open_attach_dir(m, f);

	if (r < 0)
		return r;
	if (unlinkat(m->attach_dir_fd, "attach", 0) < 0 && errno != ENOENT)
		return fail(f, errno, "remove the old attach socket");
	m->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (m->listen_fd < 0)
		return fail(f, errno, "make the attach socket");
	/* By descriptor: sun_path holds 108 bytes, a home may be longer (unix(7)). */
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/attach", fd_path(m->attach_dir_fd, path));
	if (bind(m->listen_fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    fchmodat(m->attach_dir_fd, "attach", 0600, 0) < 0 ||
	    listen(m->listen_fd, LISTEN_BACKLOG) < 0)
		return fail(f, errno, "listen on '%s/%.12s/attach'", m->o->run_dir, m->id);
	return 0;
}

void monitor_unlisten(struct monitor *m)
{
	auto_fd int run = -EBADF;

	m->listen_fd = fd_close(m->listen_fd);
	if (m->attach_dir_fd < 0)
		return;
	(void)unlinkat(m->attach_dir_fd, "attach", 0);
	(void)unlinkat(m->attach_dir_fd, SLIRP_SOCKET, 0);
	m->attach_dir_fd = fd_close(m->attach_dir_fd);
	run = fd_open(AT_FDCWD, m->st.run_dir, O_PATH | O_DIRECTORY, 0);
	if (run >= 0)
		(void)unlinkat(run, m->id, AT_REMOVEDIR);
}

static int prepare_state(struct monitor *m, struct fail *f)
{
	struct state *s = &m->st;
	int r = state_load_raw(m->dir_fd, s, f);

	if (r < 0)
		return r;
	mem_replace(&s->run_dir, mem_strdup(m->o->run_dir));
	mem_replace(&s->error, NULL);
	mem_replace(&s->boot_id, NULL);
	s->oom_killed = s->stopped_by_user = false;
	(void)!unlinkat(m->dir_fd, "stop", 0);
	s->started_at = s->finished_at = 0;
	s->exit_code = s->signal = s->restarts = s->last_code = 0;
	s->monitor_pid = getpid();
	return state_boot_id(&s->boot_id, f);
}

static int write_number(int fd, int number, const char *what, struct fail *f)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", number), r;

	if (fd < 3)
		return 0;
	/* Again with each run; a fifo or /dev/stdout takes it as it comes. */
	if (lseek(fd, 0, SEEK_SET) == 0)
		(void)!ftruncate(fd, 0);
	r = io_write_full(fd, text, (size_t)n);
	return r < 0 ? fail(f, -r, "write the %s", what) : 0;
}

/* --- the container --- */

/* MINE is our end and not to block; THEIRS goes to the container. */
static int make_pipe(int mine_index, int *ret_mine, int *ret_theirs, struct fail *f)
{
	int p[2];
	int r = fd_pipe(p);

	if (r < 0)
		return fail(f, -r, "make a pipe for the container");
	*ret_mine = p[mine_index];
	*ret_theirs = p[!mine_index];
	r = fd_set_nonblock(*ret_mine, 1);
	return r < 0 ? fail(f, -r, "set a pipe not to block") : 0;
}

static int dup_stdio(const int from[3], int to[3], struct fail *f)
{
	for (int i = 0; i < 3; i++) {
		to[i] = fd_dup(from[i]);
		if (to[i] < 0)
			return fail(f, -to[i], "duplicate descriptor %d", i);
	}
	return 0;
}

static int make_stdio(struct monitor *m, int theirs[3], struct fail *f)
{
	int r;

	if (m->tty)
		return 0;
	if (m->o->log.driver == LOG_PASSTHROUGH)
		return dup_stdio(m->stdio, theirs, f);
	for (int i = 0; i < 2; i++) {
		r = make_pipe(0, &m->out_fd[i], &theirs[i + 1], f);
		if (r < 0)
			return r;
	}
	if (m->o->open_stdin)
		return make_pipe(1, &m->in_fd, &theirs[0], f);
	theirs[0] = fd_open(AT_FDCWD, "/dev/null", O_RDONLY, 0);
	return theirs[0] < 0 ? fail(f, -theirs[0], "open /dev/null") : 0;
}

static int use_console(struct monitor *m, struct fail *f)
{
	int r;

	if (!m->tty)
		return 0;
	r = fd_set_nonblock(m->ctr.console_fd, 1);
	if (r < 0)
		return fail(f, -r, "set the terminal not to block");
	m->out_fd[0] = m->ctr.console_fd;
	if (m->o->open_stdin)
		m->in_fd = m->ctr.console_fd;
	return 0;
}

/*
 * The last reference to the container's mounts is ours, not its first process's: taking them down may
 * sync a file system, and would be done before anybody hears of the end.
 */
static void hold_mounts(struct monitor *m)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)m->ctr.pid);
	m->mnt_fd = fd_open(AT_FDCWD, path, O_RDONLY, 0);
}

static bool starter_left(const struct monitor *m)
{
	struct pollfd p = { .fd = m->starter_fd };

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR));
}

static int save_state(struct monitor *m, enum status status, struct fail *f)
{
	m->st.status = (int)status;
	return state_save(m->dir_fd, &m->st, f);
}

static int open_log(struct monitor *m, struct fail *f)
{
	struct log_opts o = m->o->log;

	if (o.dir_fd < 3)
		o.dir_fd = m->dir_fd;
	return log_open(&o, &m->log, f);
}

/* Once, for all runs. */
static int prepare_first(struct monitor *m, struct fail *f)
{
	auto_free char *title = mem_printf("rbox monitor %.12s", m->id);
	int r = prepare_exit(m, f);

	if (r == 0)
		r = open_log(m, f);
	if (r == 0)
		r = listen_attach(m, f);
	if (r == 0)
		r = write_number(m->o->monitor_pid_file_fd, getpid(), "monitor's pid file", f);
	if (r < 0)
		return r;
	if (title_set(title, f) < 0)
		fail_clear(f);
	return 0;
}

/* What doesn't need the container's root: done while the container's process makes it. */
static int prepare_aside(struct monitor *m, bool first, struct fail *f)
{
	int r = first ? prepare_first(m, f) : 0;

	if (r < 0)
		return r;
	monitor_health_prepare(m);
	hold_mounts(m);
	m->st.pid = m->ctr.pid;
	r = state_pid_start(m->ctr.pid, &m->st.pid_start);
	if (r < 0)
		return fail(f, -r, "read when the container's process began");
	/* Of a further run it stays "restarting": `stop` and `rm` have to know that it will run. */
	return save_state(m, first ? STATUS_CREATING : STATUS_RESTARTING, f);
}

/* Whether all that its command needs of us is there before its root is. */
static bool goes_ahead(const struct monitor *m, bool first)
{
	return !m->tty && !m->has_slirp && !(first && m->o->prepare) && !starter_left(m);
}

static int launch_prepared(struct monitor *m, const struct launch *l, bool first, struct fail *f)
{
	int r;

	core_allow(m->core);
	r = launch_start(l, &m->ctr, f);
	m->core = core_forbid();
	if (r < 0)
		return r;
	if (m->o->net == NET_SLIRP && m->ctr.netns_fd >= 0) {
		r = m->o->n_ports ? open_attach_dir(m, f) : 0;
		if (r < 0)
			return r;
		r = slirp_start(m->ctr.netns_fd, m->o->n_ports ? m->attach_dir_fd : -EBADF, &m->slirp, f);
		if (r < 0)
			return r;
		m->has_slirp = true;
	}
	r = prepare_aside(m, first, f);
	if (r == 0 && goes_ahead(m, first))
		r = launch_go_ahead(&m->ctr, f);
	if (r == 0)
		r = launch_ready(&m->ctr, f);
	if (r == 0 && m->has_slirp)
		r = slirp_ready(&m->slirp, f);
	if (r == 0 && m->has_slirp)
		r = slirp_publish(m->attach_dir_fd, m->o->ports, m->o->n_ports, f);
	if (r == 0)
		r = use_console(m, f);
	return r < 0 ? r : 0;
}

/* Its command, and the record of that. */
static int let_run(struct monitor *m, struct fail *f)
{
	int r = launch_go(&m->ctr, f);

	if (r < 0)
		return r;
	m->st.exit_code = m->st.signal = 0;
	m->st.finished_at = 0;
	m->st.oom_killed = false;
	mem_replace(&m->st.error, NULL);
	m->st.started_at = time_now();
	m->began = time_monotonic();
	if (m->o->bind_fd > 2 && guard_start(m->ctr.pidfd, f) < 0)
		return -f->code;
	r = write_number(m->o->pid_file_fd, m->ctr.pid, "pid file", f);
	return r < 0 ? r : save_state(m, STATUS_RUNNING, f);
}

/*
 * What a monitor of this container that was killed has left, wherever that was: known by the link, or by the state
 * when that was another login's. 1: the link names PATH already.
 */
static int forget_cgroup(struct monitor *m, const char *path, struct fail *f)
{
	auto_free char *old = path_read_link(m->attach_dir_fd, CGROUP_LINK);
	int r;

	if (m->st.cgroup && !str_eq(m->st.cgroup, path))
		(void)cgroup_remove(m->st.cgroup);
	/* The making of it removes the last one. */
	if (!old || str_eq(old, path))
		return old ? 1 : 0;
	r = cgroup_remove(old);
	if (r == 0)
		r = unlinkat(m->attach_dir_fd, CGROUP_LINK, 0) < 0 ? -errno : 0;
	return r < 0 ? fail(f, -r, "remove cgroup '%s', which was left", old) : 0;
}

static int try_cgroup(struct monitor *m, struct fail *f)
{
	auto_free char *path = cgroup_path(m->o->cgroup_base, m->id);
	int r = open_attach_dir(m, f);
	bool has_link;

	if (r == 0)
		r = forget_cgroup(m, path, f);
	if (r < 0)
		return r;
	has_link = r;
	mem_replace(&m->st.cgroup, mem_take(&path));
	if (!has_link && symlinkat(m->st.cgroup, m->attach_dir_fd, CGROUP_LINK) < 0)
		return fail(f, errno, "note the container's cgroup in '%s/%.12s'", m->o->run_dir, m->id);
	m->cgroup_fd = cgroup_make(m->st.cgroup, m->o->launch.spec->linux_.resources.unified, f);
	/* One that was there may be there still. */
	if (m->cgroup_fd < 0 && !has_link)
		(void)unlinkat(m->attach_dir_fd, CGROUP_LINK, 0);
	return m->cgroup_fd < 0 ? m->cgroup_fd : 0;
}

static int make_cgroup(struct monitor *m, struct fail *f)
{
	int r;

	if (!m->o->cgroup_base) {
		if (m->st.cgroup)
			(void)cgroup_remove(m->st.cgroup);
		mem_replace(&m->st.cgroup, NULL);
		return 0;
	}
	r = try_cgroup(m, f);
	if (r == 0)
		return 0;
	mem_replace(&m->st.cgroup, NULL);
	if (!m->o->cgroup_optional)
		return r;
	fail_clear(f);
	return 0;
}

void monitor_end_cgroup(struct monitor *m)
{
	if (m->cgroup_fd < 0)
		return;
	m->cgroup_fd = fd_close(m->cgroup_fd);
	if (cgroup_remove(m->st.cgroup) == 0 && m->attach_dir_fd >= 0)
		(void)unlinkat(m->attach_dir_fd, CGROUP_LINK, 0);
}

static int launch(struct monitor *m, bool first, struct fail *f)
{
	struct launch l = m->o->launch;
	int r;

	for (int i = 0; i < 3; i++)
		l.stdio[i] = -EBADF;
	/* What the root is like is its own affair from the second time on. */
	if (!first) {
		l.rootfs.root_like = NULL;
		l.n_keep_fds = 0;
	}
	r = make_stdio(m, l.stdio, f);
	if (r == 0)
		r = make_cgroup(m, f);
	l.cgroup_fd = m->cgroup_fd;
	if (r == 0)
		r = launch_prepared(m, &l, first, f);
	for (int i = 0; i < 3; i++)
		fd_close(l.stdio[i]);
	/* Its process has them by now; held here, a pipe would never end. */
	for (size_t i = 0; i < l.n_keep_fds; i++)
		fd_close(l.keep_fds[i]);
	if (r < 0)
		return r;
	/* It may run already: then it is as if they went a moment later. */
	if (!m->ctr.gone_ahead && starter_left(m))
		return refuse(f, ECANCELED, "whoever wanted the container has gone");
	if (!first || !m->o->prepare)
		return let_run(m, f);
	m->phase = PHASE_PREPARED;
	return save_state(m, STATUS_CREATED, f);
}

int monitor_launch(struct monitor *m, bool first, struct fail *f)
{
	int r;

	m->began = time_monotonic();
	m->in_end = m->timed_out = m->again = m->stopping = m->stop_unsaid = false;
	m->grown[0] = m->grown[1] = false;
	m->cause = NULL;
	/* Of a further run. The first's log was opened, or will be, with none. */
	m->log.error = 0;
	r = launch(m, first, f);
	if (r < 0)
		monitor_end_run(m);
	return r;
}

void monitor_end_run(struct monitor *m)
{
	int console = m->ctr.console_fd;

	for (int i = 0; i < 2; i++)
		m->out_fd[i] = m->out_fd[i] == console ? -EBADF : fd_close(m->out_fd[i]);
	m->in_fd = m->in_fd == console ? -EBADF : fd_close(m->in_fd);
	launched_done(&m->ctr);
	monitor_end_cgroup(m);
	m->mnt_fd = fd_close(m->mnt_fd);
	if (m->has_slirp)
		slirp_done(&m->slirp);
	m->has_slirp = false;
}

static int enter_userns(struct monitor *m, struct fail *f)
{
	auto_fd int ns = -EBADF;
	size_t n = 0;
	char byte;
	ssize_t r;

	if (!m->o->userns)
		return 0;
	r = fd_recv(m->starter_fd, &byte, 1, &ns, 1, &n);
	if (r < 0)
		return fail(f, (int)-r, "receive the user namespace");
	if (r == 0 || n != 1)
		return refuse(f, ECANCELED, "whoever wanted the container has gone");
	/* Dumpable: its owner must be able to open the namespaces of the monitor, and join. */
	return userns_enter(ns, USERNS_DUMPABLE |
			    (strv_has(m->o->launch.spec->process.user.group_add, "keep-groups") ?
				     USERNS_KEEP_GROUPS : 0), f);
}

static int bring_up(struct monitor *m, struct fail *f)
{
	int r = 0;

	/* Ours are /dev/null soon. */
	if (m->o->log.driver == LOG_PASSTHROUGH)
		r = dup_stdio((const int[]){ 0, 1, 2 }, m->stdio, f);
	if (r == 0)
		r = close_others(m, f);
	if (r == 0)
		r = block_signals(m, f);
	if (r == 0)
		r = take_lock(m, f);
	if (r == 0)
		r = prepare_state(m, f);
	if (r == 0)
		r = enter_userns(m, f);
	return r == 0 ? monitor_launch(m, true, f) : r;
}

/* --- from begin to end --- */

void monitor_release(struct monitor *m)
{
	monitor_end_run(m);
	monitor_unlisten(m);
	m->lock_fd = fd_close(m->lock_fd);
	/* Behind the lock: what holds lock.run is never deleted, not even by ourselves. */
	if (m->o->finish && m->phase == PHASE_TELLING)
		m->o->finish(m->o->ctx, m->exit_code);
}

/* What a start that failed leaves: nothing running, and its cause in the record. */
static void record_failure(struct monitor *m, const struct fail *f)
{
	struct fail ignored = { 0 };

	if (m->lock_fd < 0 || !m->st.boot_id)
		return;
	(void)unlinkat(m->dir_fd, ".exit", 0);
	m->st.pid = m->st.monitor_pid = 0;
	m->st.pid_start = 0;
	m->st.exit_code = fail_status(f);
	mem_replace(&m->st.error, mem_strdup(f->msg));
	/* Never run: it stays "created", as podman has it. */
	(void)!save_state(m, m->before == STATUS_CONFIGURED || m->before == STATUS_CREATED ?
			  STATUS_CONFIGURED : STATUS_STOPPED, &ignored);
}

static void abandon(struct monitor *m, const struct fail *f)
{
	record_failure(m, f);
	/* --rm: our starter may be dead and can't undo it. */
	if (m->lock_fd >= 0 && m->o->ended)
		(void)m->o->ended(m->o->ctx, fail_status(f));
	m->phase = PHASE_OVER;
	monitor_release(m);
}

int monitor_go(struct monitor *m, struct fail *f)
{
	int r;

	m->began = time_monotonic();
	r = let_run(m, f);
	if (r < 0) {
		abandon(m, f);
		return r;
	}
	m->phase = PHASE_RUNNING;
	monitor_run_begin(m);
	monitor_news(m, MONITOR_STARTED);
	return 0;
}

static void give_up(struct monitor *m, const struct fail *f)
{
	abandon(m, f);
	(void)!proto_send(m->starter_fd, ATTACH_FAILED, 0, f, sizeof(*f), 0);
	_exit(1);
}

static int status_of(int dir_fd)
{
	struct state s = { 0 };
	struct fail f = { 0 };
	int status = state_load_raw(dir_fd, &s, &f) == 0 ? s.status : STATUS_CONFIGURED;

	state_done(&s);
	return status;
}

static void monitor_main(const struct monitor_opts *o, int sock)
{
	struct monitor m = {
		.o = o, .lock_fd = -EBADF, .dir_fd = o->dir_fd, .starter_fd = sock, .sig_fd = -EBADF,
		.listen_fd = -EBADF, .attach_dir_fd = -EBADF, .exit_fd = -EBADF, .mnt_fd = -EBADF,
		.cgroup_fd = -EBADF,
		.out_fd = { -EBADF, -EBADF }, .in_fd = -EBADF, .log.fd = -EBADF, .check_fd = -EBADF,
		.stdio = { -EBADF, -EBADF, -EBADF },
		.ctr = { .pidfd = -EBADF, .netns_fd = -EBADF, .console_fd = -EBADF, .sock = -EBADF },
		.tty = o->launch.spec->process.terminal,
		.before = status_of(o->dir_fd), .policy = o->restart,
		.core = core_forbid(),
	};
	struct fail f = { 0 };
	int32_t pid;

	m.in_last = &m.in_first;
	m.id = mem_strdup(o->id);
	m.msg = mem_alloc(sizeof(*m.msg));
	(void)setsid();
	if (bring_up(&m, &f) < 0)
		give_up(&m, &f);
	monitor_news(&m, MONITOR_PREPARED);
	if (m.phase == PHASE_RUNNING)
		monitor_news(&m, MONITOR_STARTED);
	pid = m.ctr.pid;
	(void)!proto_send(sock, ATTACH_STARTED, 0, &pid, sizeof(pid), 0);
	if (!o->foreground)
		m.starter_fd = fd_close(m.starter_fd);
	monitor_loop(&m);
	_exit(0);
}

/* --- the starter --- */

static int send_userns(struct userns_begun *b, int sock, struct fail *f)
{
	auto_fd int ns = -EBADF;
	const char byte = 'U';

	if (!b)
		return 0;
	ns = userns_finish(b, f);
	if (ns < 0)
		return ns;
	/* A monitor that is gone already has said why: that is read next. */
	(void)!fd_send(sock, &byte, 1, &ns, 1);
	return 0;
}

static int await_start(int sock, struct fail *f)
{
	auto_free struct proto_msg *msg = mem_alloc(sizeof(*msg));
	int32_t pid = 0;
	int r = proto_recv(sock, msg, 0);

	if (r < 0)
		return fail(f, -r, "hear from the monitor");
	if (r == 0)
		return refuse(f, ECHILD, "the monitor died while it started the container");
	if (msg->head.type == ATTACH_FAILED)
		return proto_fail(msg, f);
	if (msg->head.type != ATTACH_STARTED || proto_int(msg, &pid) < 0)
		return refuse(f, EPROTO, "the monitor sent message %d at the start", msg->head.type);
	return 0;
}

int monitor_start(const struct monitor_opts *o, pid_t *ret_pid, struct fail *f)
{
	int pair[2];
	auto_fd int sock = -EBADF;
	pid_t child;
	int r = fd_socketpair(SOCK_SEQPACKET, pair);

	if (r < 0)
		return fail(f, -r, "make a socket to the monitor");
	sock = pair[0];
	child = fork();
	if (child < 0) {
		fd_close(pair[1]);
		return fail(f, errno, "fork the monitor");
	}
	if (child == 0) {
		sock = fd_close(sock);
		monitor_main(o, pair[1]);
	}
	fd_close(pair[1]);
	r = send_userns(o->userns, sock, f);
	if (r == 0)
		r = await_start(sock, f);
	if (r < 0) {
		/* It ends by itself: on its own failure, or because we close the socket. */
		sock = fd_close(sock);
		(void)!waitpid(child, NULL, 0);
		return r;
	}
	if (ret_pid)
		*ret_pid = child;
	return o->foreground ? fd_take(&sock) : 0;
}
