// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/spawn.h"
#include "runtime/cgroup.h"
#include "runtime/fuse.h"
#include "runtime/init.h"
#include "runtime/ns.h"
#include "runtime/plan.h"
#include "runtime/step.h"
#include "runtime/userns.h"

static const struct launched NOTHING = {
	.pidfd = -EBADF, .netns_fd = -EBADF, .console_fd = -EBADF, .sock = -EBADF,
};

static bool plan_has(const struct plan *p, enum op_kind kind, const char *type)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].kind == kind && (!type || !strcmp(p->v[i].type, type)))
			return true;
	return false;
}

static uint64_t plan_flags(const struct plan *p)
{
	uint64_t flags = 0;

	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].kind == OP_NEW)
			flags |= ns_flag(p->v[i].type);
	return flags;
}

/*
 * The root of a new cgroup namespace is where its maker is, and clone makes the namespace before it puts the
 * child into its cgroup: there the child makes it itself.
 */
static uint64_t clone_flags(const struct launch *l, const struct plan *p)
{
	return cgroup_is_given(l->cgroup_fd) ? plan_flags(p) & ~(uint64_t)CLONE_NEWCGROUP : plan_flags(p);
}

static pid_t clone_child(const struct launch *l, const struct plan *p, uint64_t more, int *ret_pidfd)
{
	return ns_clone(clone_flags(l, p) | more, cgroup_is_given(l->cgroup_fd) ? l->cgroup_fd : -EBADF, ret_pidfd);
}

static void enter_cgroup(const struct launch *l, const struct plan *p, int sock)
{
	struct fail f = { 0 };
	int r = 0;

	if (cgroup_is_given(l->cgroup_fd) && plan_flags(p) & CLONE_NEWCGROUP)
		r = ns_unshare(CLONE_NEWCGROUP);
	if (r == 0)
		return;
	(void)fail(&f, -r, "make the container's cgroup namespace");
	step_fail(sock, &f);
	_exit(FAIL_EXIT_ENGINE);
}

/* --- joining namespaces of others: in a helper, since nobody comes back from a user namespace --- */

static int join_one(const struct op *op, struct fail *f)
{
	auto_fd int fd = fd_open(AT_FDCWD, op->source, O_RDONLY, 0);
	int r = fd < 0 ? fd : ns_join(fd, (int)ns_flag(op->type));

	return r < 0 ? op_fail(op, -r, f) : 0;
}

/* The user namespace first: the rights over the others' come from it. */
static int join_all(const struct plan *p, struct fail *f)
{
	int r = 0;

	for (int user = 1; user >= 0; user--)
		for (size_t i = 0; i < p->n && r == 0; i++)
			if (p->v[i].kind == OP_JOIN && str_eq(p->v[i].type, "user") == (user == 1))
				r = join_one(&p->v[i], f);
	if (r == 0 && plan_has(p, OP_JOIN, "user") &&
	    (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
		return fail(f, errno, "become root of the joined user namespace");
	return r;
}

/* The process itself is the caller's child (CLONE_PARENT), as if no helper had been between. */
static void joiner(const struct launch *l, const struct plan *p, int sock) __attribute__((noreturn));
static void joiner(const struct launch *l, const struct plan *p, int sock)
{
	struct fail f = { 0 };
	int pidfd = -EBADF;
	pid_t pid;
	int r;

	/* Not to be traced by the root of what is joined (CVE-2016-9962). */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	r = join_all(p, &f);
	if (r < 0) {
		step_fail(sock, &f);
		_exit(FAIL_EXIT_ENGINE);
	}
	pid = clone_child(l, p, CLONE_PARENT, &pidfd);
	if (pid < 0) {
		(void)fail(&f, -pid, "make the container's namespaces");
		step_fail(sock, &f);
		_exit(FAIL_EXIT_ENGINE);
	}
	if (pid)
		_exit(step_send(sock, STEP_BORN, pid, pidfd, &f) < 0 ? FAIL_EXIT_ENGINE : 0);
	if (plan_has(p, OP_NEW, "network")) {
		/* We are not dumpable: only we ourselves can open our namespaces. */
		auto_fd int net = ns_open(0, "net");

		if (net >= 0 && step_send(sock, STEP_NETNS, 0, net, &f) < 0)
			_exit(FAIL_EXIT_ENGINE);
	}
	enter_cgroup(l, p, sock);
	init_run(l, p, sock);
}

static int start_joined(const struct launch *l, const struct plan *p, int child_sock, struct launched *n,
			struct fail *f)
{
	pid_t helper = ns_clone(0, -EBADF, NULL);
	int r;

	if (helper < 0)
		return fail(f, -helper, "fork");
	if (helper == 0) {
		fd_close(n->sock);
		joiner(l, p, child_sock);
	}
	r = step_await(n->sock, STEP_BORN, &n->pid, &n->pidfd, f);
	(void)!spawn_wait(helper);
	if (r == 0 && plan_has(p, OP_NEW, "network"))
		r = step_await(n->sock, STEP_NETNS, NULL, &n->netns_fd, f);
	return r;
}

/* --- the usual way --- */

static int start_direct(const struct launch *l, const struct plan *p, int child_sock, struct launched *n,
			struct fail *f)
{
	pid_t pid = clone_child(l, p, 0, &n->pidfd);
	int r;

	if (pid < 0) {
		r = fail(f, -pid, "make the container's namespaces");
		userns_hint(f, -pid);
		return r;
	}
	if (pid == 0) {
		/* Held here too, our own end would hide the parent's death. */
		fd_close(n->sock);
		enter_cgroup(l, p, child_sock);
		init_run(l, p, child_sock);
	}
	n->pid = pid;
	if (!plan_has(p, OP_NEW, "network"))
		return 0;
	n->netns_fd = ns_open(pid, "net");
	return n->netns_fd < 0 ? fail(f, -n->netns_fd, "open the container's network namespace") : 0;
}

static int spec_map(const struct spec_id_mapping *v, size_t n, struct id_map *ret, struct fail *f)
{
	if (n > ID_EXTENTS_MAX)
		return refuse(f, E2BIG, "more than %d id mappings", ID_EXTENTS_MAX);
	ret->n = n;
	for (size_t i = 0; i < n; i++)
		ret->v[i] = (struct id_extent){ v[i].container_id, v[i].host_id, v[i].size };
	return 0;
}

/* The spec's maps, else the identity of our own namespace. */
static int map_ids(const struct spec *s, pid_t pid, struct fail *f)
{
	struct id_map uids, gids;
	int r;

	if (s->linux_.n_uid_mappings || s->linux_.n_gid_mappings) {
		r = spec_map(s->linux_.uid_mappings, s->linux_.n_uid_mappings, &uids, f);
		if (r == 0)
			r = spec_map(s->linux_.gid_mappings, s->linux_.n_gid_mappings, &gids, f);
	} else {
		r = userns_identity(&uids, &gids, f);
	}
	return r < 0 ? r : userns_write_maps(pid, &uids, &gids, false, f);
}

int launch_start(const struct launch *l, struct launched *ret, struct fail *f)
{
	auto_plan struct plan plan = { .n = 0 };
	auto_fd int child_sock = -EBADF;
	struct launched n = NOTHING;
	int pair[2];
	int r;

	*ret = NOTHING;
	r = plan_build(l, &plan, f);
	if (r < 0)
		return r;
	r = fd_socketpair(SOCK_SEQPACKET, pair);
	if (r < 0)
		return fail(f, -r, "make a socket pair");
	n.rootfs = &l->rootfs;
	n.sock = pair[0];
	child_sock = pair[1];
	r = plan_has(&plan, OP_JOIN, NULL) ? start_joined(l, &plan, child_sock, &n, f) :
					     start_direct(l, &plan, child_sock, &n, f);
	if (r == 0 && plan_has(&plan, OP_MAP_IDS, NULL))
		r = map_ids(l->spec, n.pid, f);
	if (r == 0)
		r = step_send(n.sock, STEP_IDS_MAPPED, 0, -EBADF, f);
	if (r < 0) {
		launched_done(&n);
		return r;
	}
	*ret = n;
	return 0;
}

/* The kernel made no overlay: the child has mounted a fuse one and waits for its server. */
static int serve_root(struct launched *l, int fuse_fd, struct fail *f)
{
	auto_fd int fd = fuse_fd;

	if (l->fuse_pid)
		return refuse(f, EPROTO, "step 'fuse' came twice");
	l->fuse_pid = fuse_serve(l->rootfs, fd, f);
	if (l->fuse_pid > 0)
		return 0;
	l->fuse_pid = 0;
	return -f->code;
}

int launch_ready(struct launched *l, struct fail *f)
{
	int r, fd = -EBADF;

	while ((r = step_await_either(l->sock, STEP_ROOT_READY, STEP_FUSE, &fd, f)) == 1) {
		r = serve_root(l, fd, f);
		fd = -EBADF;
		if (r < 0)
			break;
	}
	l->rootfs = NULL;
	if (r < 0)
		launched_done(l);
	else
		l->console_fd = fd;
	return r;
}

int launch_go_ahead(struct launched *l, struct fail *f)
{
	int r = step_send(l->sock, STEP_GO, 0, -EBADF, f);

	l->gone_ahead = true;
	/* It has failed already: launch_ready hears how. */
	if (r == -ECHILD) {
		fail_clear(f);
		return 0;
	}
	if (r < 0)
		launched_done(l);
	return r;
}

int launch_go(struct launched *l, struct fail *f)
{
	int r = l->gone_ahead ? 0 : step_send(l->sock, STEP_GO, 0, -EBADF, f);

	if (r == 0)
		r = step_await_exec(l->sock, f);
	if (r < 0)
		launched_done(l);
	else
		l->sock = fd_close(l->sock);
	return r;
}

void launched_done(struct launched *l)
{
	if (l->pid > 0) {
		if (l->pidfd >= 0)
			(void)!ns_pidfd_kill(l->pidfd, SIGKILL);
		(void)!spawn_wait(l->pid);
		/* Its mount went with the process. */
		if (l->fuse_pid > 0)
			(void)!spawn_wait(l->fuse_pid);
	}
	if (l->guard_pid > 0)
		(void)!spawn_wait(l->guard_pid);
	fd_close(l->pidfd);
	fd_close(l->netns_fd);
	fd_close(l->console_fd);
	fd_close(l->sock);
	*l = NOTHING;
}
