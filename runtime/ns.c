// SPDX-License-Identifier: Apache-2.0
#include "runtime/ns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/mem.h"

/* clone's flags and exit signal share a word: what is in its low byte needs clone3. */
enum { CLONE_SIGNAL_MASK = 0xff };

pid_t ns_clone(uint64_t flags, int cgroup_fd, int *ret_pidfd)
{
	int pidfd = -EBADF;
	struct clone_args args = {
		.flags = flags,
		/* A sibling's signal is that of whose child it becomes; clone3 wants none said. */
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
	};
	long pid;

	if (ret_pidfd) {
		args.flags |= CLONE_PIDFD;
		args.pidfd = (uint64_t)(uintptr_t)&pidfd;
	}
	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
	}
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0 && errno == ENOSYS && cgroup_fd < 0 && !(flags & CLONE_SIGNAL_MASK)) {
		/* Outer engines filter clone3, whose flags seccomp can't see. */
		pid = syscall(SYS_clone, args.flags | SIGCHLD, NULL, ret_pidfd ? &pidfd : NULL,
			      NULL, NULL);
	}
	if (pid < 0)
		return -errno;
	if (pid && ret_pidfd)
		*ret_pidfd = pidfd;
	return (pid_t)pid;
}

int ns_join(int fd, int nstype)
{
	return setns(fd, nstype) < 0 ? -errno : 0;
}

int ns_unshare(int flags)
{
	return unshare(flags) < 0 ? -errno : 0;
}

int ns_open(pid_t pid, const char *name)
{
	char path[64];

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	else
		snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	return fd_open(AT_FDCWD, path, O_RDONLY, 0);
}

int ns_same(int a, int b)
{
	struct stat sa, sb;

	if (fstat(a, &sa) < 0 || fstat(b, &sb) < 0)
		return -errno;
	return sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

int ns_owner_uid(int fd, uid_t *ret)
{
	return ioctl(fd, NS_GET_OWNER_UID, ret) < 0 ? -errno : 0;
}

int ns_parent(int fd)
{
	int parent = ioctl(fd, NS_GET_PARENT);

	return parent < 0 ? -errno : parent;
}

int ns_pidfd_open(pid_t pid)
{
	long fd = syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : (int)fd;
}

int ns_pidfd_kill(int pidfd, int sig)
{
	return syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) < 0 ? -errno : 0;
}

int ns_pidfd_alive(int pidfd)
{
	int r = ns_pidfd_kill(pidfd, 0);

	return r == -EPERM ? 0 : r;
}

uint64_t ns_flag(const char *type)
{
	static const struct {
		const char *type;
		uint64_t flag;
	} rows[] = {
		{ "pid", CLONE_NEWPID }, { "network", CLONE_NEWNET }, { "ipc", CLONE_NEWIPC },
		{ "uts", CLONE_NEWUTS }, { "mount", CLONE_NEWNS }, { "cgroup", CLONE_NEWCGROUP },
		{ "user", CLONE_NEWUSER }, { "time", CLONE_NEWTIME },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!strcmp(rows[i].type, type))
			return rows[i].flag;
	return 0;
}
