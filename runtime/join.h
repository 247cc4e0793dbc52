/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_JOIN_H
#define RUNTIME_JOIN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "pkg/oci/spec.h"
#include "pkg/util/fail.h"
#include "runtime/launch.h"

/*
 * exec: a further process in a running container. It joins all its namespaces by pidfd, then its
 * root, and gets the PROCESS's user, capabilities, rlimits, no_new_privileges and seccomp program.
 * The process is not dumpable from before setns until its exec, so that the container's root
 * can't trace it (CVE-2016-9962), and holds no descriptor but stdio and KEEP_FDS.
 *
 * Works for the container's owner from outside U and from inside U.
 * With process->terminal a pty is made on the container's /dev/pts and its master returned.
 */
struct join {
	pid_t pid;			/* the container's first process */
	int pidfd;			/* the same, opened and checked by the caller */
	const struct spec_process *process;
	int stdio[3];
	int cgroup_fd;			/* the container's own cgroup, to be born in; cgroup_is_given, or it has none */
	int seccomp_fd;
	bool detach;			/* outlives the caller; otherwise it dies with it */
	/*
	 * With it also where the tie is lost: a program that changes its user (su, sudo) is past PR_SET_PDEATHSIG.
	 * A process stays for that, RET's guard_pid, which launched_done reaps once the process has ended.
	 */
	bool guarded;
	bool adopt;			/* what its children leave behind becomes its own, not the container's */
	bool passwd_entry;
	/* Descriptors from 3 on that the process gets under their numbers; they stay the caller's. */
	const int *keep_fds;
	size_t n_keep_fds;
};

/* Returns once the process has exec'd (pid, pidfd, console_fd), or its failure (126, 127). */
int join_start(const struct join *j, struct launched *ret, struct fail *f) MUST_USE;

#endif
