/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_CGROUP_H
#define RUNTIME_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pkg/util/fail.h"

/*
 * Control groups, version 2 (cgroups(7); the kernel's admin-guide/cgroup-v2). A cgroup is spoken of by its path in
 * the hierarchy, as /proc/PID/cgroup has it ("/user.slice/..."). Where one may be made is cgroup_site.h's;
 * this is one container's, "rbox-<id>", with the container's processes in it and nobody else: its monitor and
 * who started it stay outside, or a limit would be theirs, too, and a freeze would freeze who is to end it.
 *
 *	cgroup_make	by the monitor, before the launch; its descriptor goes into struct launch (cgroup_fd)
 *	cgroup_remove	by the monitor at the end of the run, or by whoever finds that it was killed
 *
 * Its path is in state.json (State.cgroup), and as the link CGROUP_LINK in the container's folder of the runtime
 * folder from before it is made: nothing that is killed can leave one that nobody finds.
 */
#define CGROUP_LINK "cgroup"

/* The cgroup of process PID (0: ours); NULL where there is no hierarchy of version 2. Caller frees. */
char *cgroup_of(pid_t pid) MUST_USE;
/* The folder of cgroup PATH, where the hierarchy is mounted by custom; NULL when it isn't. Caller frees. */
char *cgroup_folder(const char *path) MUST_USE;
/* The folder of PATH, opened for reading; -errno. */
int cgroup_open(const char *path) MUST_USE;

/* Whether a process of the caller's may be put into cgroup PATH: what both have in common is to be ours. */
bool cgroup_can_enter(const char *path);

/* Whether FD, of a struct that may name no cgroup, is one: who names none leaves 0 there, or a failure. */
static inline bool cgroup_is_given(int fd)
{
	return fd > 2;
}

/* "rbox-<id>" in BASE. Caller frees. */
char *cgroup_path(const char *base, const char *id) MUST_USE;

/*
 * Makes cgroup PATH and writes SETTINGS into it. What a killed monitor left under that name is ended and
 * removed first. Returns its folder, opened; on failure nothing is left.
 */
int cgroup_make(const char *path, char *const *settings, struct fail *f) MUST_USE;

/*
 * "FILE=VALUE" each, as the OCI spec's linux.resources.unified has them, in order; a value of several lines is
 * written line by line (io.max), an empty one as a newline (it clears cpuset.cpus). Stops at the first that fails. A file that isn't there is its controller's
 * absence, but for memory.swap.max: a kernel without swap can't go over any limit of it.
 */
int cgroup_set(int fd, char *const *settings, struct fail *f) MUST_USE;

/* Kills what is in it (cgroup.kill, Linux 5.14) and removes it with all below; waits for the dying. A missing one is
 * success. -EBUSY: something in it doesn't die. */
int cgroup_remove(const char *path);

/* Freezes or thaws all in it, and waits until that is done: frozen processes don't run, but can be killed. */
int cgroup_freeze(int fd, bool on, struct fail *f) MUST_USE;
/* Whether it is, or is about to be; false for a missing one. */
bool cgroup_is_frozen(const char *path);

/* The number in FILE, or of its line "KEY N"; "max" is UINT64_MAX. -ENOENT: no such file or line. */
int cgroup_number(int fd, const char *file, const char *key, uint64_t *ret) MUST_USE;
/* The sum of "KEY=N" over all lines of FILE (io.stat: rbytes, wbytes); 0 when there is none. */
uint64_t cgroup_sum(int fd, const char *file, const char *key);
/* Whether the kernel killed something in it because its memory, or the machine's, had run out. */
bool cgroup_had_oom(int fd);

#endif
