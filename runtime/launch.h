/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_LAUNCH_H
#define RUNTIME_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "pkg/oci/spec.h"
#include "pkg/util/fail.h"
#include "runtime/passwd.h"

/*
 * Spec + descriptors -> a container process. The caller (the monitor) is inside the user's
 * namespace U (runtime/userns.h). Calling order:
 *
 *	launch_start	clone3 into the new namespaces (a user namespace N of its own inside U),
 *			id maps written; the child is already building its root in parallel
 *	(the caller may start slirp4netns on ret->netns_fd now)
 *	launch_ready	waits until root, mounts, console and privileges are prepared
 *	launch_go	lets it exec; returns once execve succeeded, or with the child's own failure:
 *			command not found has fail status 127, not executable 126
 *
 * On any failure the child is killed and reaped. The child dies with its parent (PDEATHSIG), and it
 * is process 1 of its pid namespace, so everything in the container goes with it.
 *
 * What is done is data: launch_plan() turns the spec into a list of typed operations (struct op:
 * kind, source, target, type, flags, data), pure and tested against golden files; launch
 * and init only interpret it, and an error names the operation that failed.
 */
struct launch_rootfs {
	/* Overlay: LOWERS are paths relative to the absolute folder BASE, topmost first. */
	const char *base;
	char *const *lowers;
	/* One of LOWERS: what its folder is like (owner, mode, time) the new root is like; or NULL. For
	 * the first start only: from then on the root is the container's own. */
	const char *root_like;
	const char *rw;		/* absolute folder with upper/ and work/; NULL with DIR */
	bool is_volatile;	/* overlay's "volatile": nothing must survive (--rm) */
	const char *dir;	/* --rootfs: used as it is instead of an overlay */
	bool single_id;		/* only one id is mapped: chown to others is not possible */
};

struct launch {
	const struct spec *spec;
	struct launch_rootfs rootfs;
	int stdio[3];		/* given to the process as 0, 1, 2; unused with a terminal */
	int seccomp_fd;		/* struct sock_filter[] to load (runtime/seccomp.h), or -EBADF: none */
	/* The working directory was asked for and has to be there, unless it is on a mount: the container's id, for
	 * the message. NULL: it is made when it is missing. */
	const char *strict_cwd;
	const char *init_path;	/* --init: host's catatonit, bound read-only to /run/rbox-init; or NULL */
	/* Descriptors from 3 on that the process gets under their numbers; the caller closes its own. */
	const int *keep_fds;
	size_t n_keep_fds;
	int cgroup_fd;		/* to be born in (runtime/cgroup.h); cgroup_is_given, or none of its own */
	bool passwd_entry;	/* add what PASSWD says, and HOME from passwd */
	struct passwd_rules passwd;
};

struct launched {
	pid_t pid;		/* as the caller sees it */
	int pidfd;
	int netns_fd;		/* its network namespace, while net is private; else -EBADF */
	int console_fd;		/* pty master after launch_ready, with a terminal; else -EBADF */
	int sock;		/* to the child; closed after launch_go */
	bool gone_ahead;	/* launch_go_ahead was called */
	const struct launch_rootfs *rootfs; /* the launch's own, which must live until launch_ready is done */
	pid_t guard_pid;	/* of an exec (runtime/join.h): ends after the process; or 0 */
	pid_t fuse_pid;		/* fuse-overlayfs, where the kernel made no overlay; ends after the process; or 0 */
};

int launch_start(const struct launch *l, struct launched *ret, struct fail *f) MUST_USE;
int launch_ready(struct launched *l, struct fail *f) MUST_USE;
/*
 * Before launch_ready, by who has nothing to do between it and launch_go: the child execs as soon as it is ready,
 * instead of asking and sleeping until it is answered. Both are to be called all the same.
 */
int launch_go_ahead(struct launched *l, struct fail *f) MUST_USE;
int launch_go(struct launched *l, struct fail *f) MUST_USE;
/* Kills and reaps what still runs, closes all. The caller clears .pid to keep a running one. */
void launched_done(struct launched *l);

#endif
