// SPDX-License-Identifier: Apache-2.0
#include "runtime/view.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/spawn.h"
#include "runtime/fuse.h"
#include "runtime/mount.h"
#include "runtime/ns.h"
#include "runtime/rootfs.h"

/* The child's words; each failure is sent whole. */
enum word {
	WORD_FUSE = 1,	/* a server is wanted on this descriptor */
	WORD_ROOT,	/* the root */
	WORD_FAILED,
};

struct message {
	enum word word;
	struct fail fail;
};

static int say(int sock, enum word word, int fd, const struct fail *f)
{
	struct message m = { .word = word };

	if (f)
		m.fail = *f;
	return fd_send(sock, &m, sizeof(m), &fd, fd >= 0);
}

/* --- in the child, of a running container --- */

static int join_one(pid_t pid, int pidfd, const char *name, int flag, struct fail *f)
{
	auto_fd int own = ns_open(0, name), its = ns_open(pid, name);
	int r;

	if (own < 0)
		return fail(f, -own, "open our own namespace '%s'", name);
	if (its == -ENOENT || its == -ESRCH)
		return refuse(f, ESRCH, "the container is not running any more");
	if (its < 0)
		return fail(f, -its, "open the namespace '%s' of process %d", name, (int)pid);
	/* One's own user namespace can't be joined again. */
	if (ns_same(own, its) == 1)
		return 0;
	r = ns_join(its, flag);
	if (r < 0)
		return fail(f, -r, "join the namespace '%s' of process %d", name, (int)pid);
	/* Read by number: it must have been that very process all the time. */
	return ns_pidfd_alive(pidfd) < 0 ? refuse(f, ESRCH, "the container is not running any more") : 0;
}

static int open_running(pid_t pid, int pidfd, bool bare, struct fail *f)
{
	auto_fd int root = -EBADF;
	int r;

	/*
	 * From within its user namespace the container's root may trace us, and would find our descriptors:
	 * not while we are not dumpable (CVE-2016-9962).
	 */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return fail(f, errno, "become untraceable");
	r = join_one(pid, pidfd, "user", CLONE_NEWUSER, f);
	if (r == 0)
		r = join_one(pid, pidfd, "mnt", CLONE_NEWNS, f);
	if (r < 0)
		return r;
	root = fd_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
	if (root < 0)
		return fail(f, -root, "open the container's root");
	if (!bare)
		return fd_take(&root);
	r = mount_clone(root);
	return r < 0 ? fail(f, -r, "look below what is mounted in the container") : r;
}

/* --- in the child, of a stopped one --- */

static int enter_folder(int dirfd)
{
	return fchdir(dirfd) < 0 ? -errno : 0;
}

static int mount_root(const struct launch_rootfs *r, int sock, struct fail *f)
{
	const struct op op = { .kind = r->dir ? OP_ROOT_DIR : OP_OVERLAY, .source = r->dir, .target = "/" };
	int root, fuse, ret;

	if (r->dir)
		return rootfs_dir(&op, f);
	root = rootfs_overlay(r, enter_folder, &op, f);
	if (root >= 0)
		return root;
	fuse = rootfs_fuse(r, f);
	if (fuse < 0)
		return fuse;
	ret = say(sock, WORD_FUSE, fuse, NULL);
	/* Held here, it would keep the mount waiting for a server that has died. */
	fd_close(fuse);
	return ret < 0 ? fail(f, -ret, "ask for fuse-overlayfs") : rootfs_fuse_root(r, &op, f);
}

static int open_stopped(const struct launch_rootfs *r, const struct op *binds, size_t n, int sock, struct fail *f)
{
	const struct op private = { .kind = OP_PROPAGATION, .flags = MS_REC | MS_PRIVATE };
	auto_fd int root = -EBADF;
	int ret = ns_unshare(CLONE_NEWNS);

	if (ret < 0)
		return fail(f, -ret, "make a mount namespace");
	ret = rootfs_propagation(&private, f);
	if (ret < 0)
		return ret;
	root = mount_root(r, sock, f);
	if (root < 0)
		return root;
	for (size_t i = 0; i < n; i++) {
		ret = mount_bind(root, &binds[i], f);
		if (ret < 0)
			return ret;
	}
	return fd_take(&root);
}

/* --- the caller --- */

static int take_word(const struct message *m, int *fd, const struct launch_rootfs *r, struct view *v, struct fail *f)
{
	pid_t pid;

	switch (m->word) {
	case WORD_FUSE:
		pid = r && *fd >= 0 ? fuse_serve(r, *fd, f) : refuse(f, EPROTO, "no file system to serve");
		if (pid < 0)
			return pid;
		v->fuse_pid = pid;
		return 0;
	case WORD_ROOT:
		if (*fd < 0)
			return refuse(f, EPROTO, "the container's root did not come");
		v->root_fd = fd_take(fd);
		return 1;
	default:
		*f = m->fail;
		f->msg[sizeof(f->msg) - 1] = '\0';
		f->hint[sizeof(f->hint) - 1] = '\0';
		return f->code > 0 ? -f->code : refuse(f, EPROTO, "a failure that says nothing");
	}
}

static int hear(int sock, const struct launch_rootfs *r, struct view *v, struct fail *f)
{
	int ret = 0;

	while (ret == 0) {
		struct message m = { 0 };
		auto_fd int fd = -EBADF;
		size_t n_fds;
		ssize_t n = fd_recv(sock, &m, sizeof(m), &fd, 1, &n_fds);

		if (n < 0)
			return fail(f, (int)-n, "hear from who opens the container's root");
		if (n != (ssize_t)sizeof(m))
			return refuse(f, ECHILD, "who opens the container's root has died");
		ret = take_word(&m, &fd, r, v, f);
	}
	return ret;
}

/* Its mounts live as long as it does: until our end of the socket is closed. */
static void __attribute__((noreturn)) holder(int sock, int root, const struct launch_rootfs *r, struct fail *f)
{
	char c;

	if (root < 0) {
		(void)!say(sock, WORD_FAILED, -EBADF, f);
		_exit(1);
	}
	if (say(sock, WORD_ROOT, root, NULL) == 0) {
		fd_close(root);
		(void)!io_read(sock, &c, 1);
		if (r)
			rootfs_leave(r);
	}
	_exit(0);
}

static int begin(struct view *v, int *ret_theirs, struct fail *f)
{
	int pair[2];
	int r = fd_socketpair(SOCK_SEQPACKET, pair);

	*v = (struct view)VIEW_INIT;
	if (r < 0)
		return fail(f, -r, "make a socket pair");
	v->holder = ns_clone(0, -EBADF, NULL);
	if (v->holder < 0) {
		r = fail(f, -v->holder, "fork");
		v->holder = 0;
		fd_close(pair[0]);
		fd_close(pair[1]);
		return r;
	}
	if (v->holder == 0) {
		fd_close(pair[0]);
		*ret_theirs = pair[1];
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		return 1;
	}
	fd_close(pair[1]);
	v->hold_fd = pair[0];
	return 0;
}

static int finish(const struct launch_rootfs *r, struct view *v, struct fail *f)
{
	int ret = hear(v->hold_fd, r, v, f);

	if (ret < 0)
		view_done(v);
	return ret < 0 ? ret : 0;
}

int view_running(pid_t pid, int pidfd, bool bare, struct view *ret, struct fail *f)
{
	int theirs, r = begin(ret, &theirs, f);

	if (r < 0)
		return r;
	if (r > 0) {
		struct fail own = { 0 };

		holder(theirs, open_running(pid, pidfd, bare, &own), NULL, &own);
	}
	return finish(NULL, ret, f);
}

int view_stopped(const struct launch_rootfs *rootfs, const struct op *binds, size_t n, struct view *ret,
		 struct fail *f)
{
	int theirs, r = begin(ret, &theirs, f);

	if (r < 0)
		return r;
	if (r > 0) {
		struct fail own = { 0 };

		holder(theirs, open_stopped(rootfs, binds, n, theirs, &own), rootfs, &own);
	}
	return finish(rootfs, ret, f);
}

void view_done(struct view *v)
{
	/* The last hold on a private mount but the holder's own. */
	v->root_fd = fd_close(v->root_fd);
	/* Said aloud: the holder of a view opened after this one has a copy of our end. */
	if (v->hold_fd >= 0)
		(void)shutdown(v->hold_fd, SHUT_RDWR);
	v->hold_fd = fd_close(v->hold_fd);
	if (v->holder > 0)
		(void)!spawn_wait(v->holder);
	v->holder = 0;
	if (v->fuse_pid > 0)
		(void)!spawn_wait(v->fuse_pid);
	v->fuse_pid = 0;
}
