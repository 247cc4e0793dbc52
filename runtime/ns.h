/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_NS_H
#define RUNTIME_NS_H

#include <stdint.h>
#include <sys/types.h>

#include "pkg/util/fail.h"

/*
 * Namespaces: the only file that calls clone3, setns and unshare. All return -errno.
 */

/*
 * A child in new namespaces (CLONE_NEW*); returns 0 in the child, its pid in the parent, with
 * *RET_PIDFD (may be NULL) close-on-exec and the caller's. CGROUP_FD: the cgroup v2 folder to be born
 * in (CLONE_INTO_CGROUP), or -EBADF. Where clone3 is missing or filtered (ENOSYS), clone does it;
 * -ENOSYS is left for what only clone3 can do: a cgroup and a time namespace.
 * The child ends by exec or _exit, never by exit: the parent's atexit handlers aren't its own.
 */
pid_t ns_clone(uint64_t flags, int cgroup_fd, int *ret_pidfd) MUST_USE;

/* Joins FD, of type NSTYPE (CLONE_NEW*): a namespace, or with a pidfd those of a process. */
int ns_join(int fd, int nstype) MUST_USE;

int ns_unshare(int flags) MUST_USE;

/* Namespace NAME ("user", "net", ...) of process PID; PID 0: our own. */
int ns_open(pid_t pid, const char *name) MUST_USE;

/* Whether two namespace descriptors are the same namespace: 1, 0 or -errno. */
int ns_same(int a, int b) MUST_USE;

/* A user namespace: the uid that made it, as we see it; and its parent (-EPERM: not ours to see). */
int ns_owner_uid(int fd, uid_t *ret) MUST_USE;
int ns_parent(int fd) MUST_USE;

int ns_pidfd_open(pid_t pid) MUST_USE;
/* 0 while the process of PIDFD lives or is a zombie; -ESRCH once it was reaped. */
int ns_pidfd_alive(int pidfd) MUST_USE;
int ns_pidfd_kill(int pidfd, int sig) MUST_USE;

/* CLONE_NEW* of the OCI spec's word ("pid", "network", "mount", ...); 0: unknown. */
uint64_t ns_flag(const char *type);

#endif
