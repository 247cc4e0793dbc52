/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_UNPACK_WALL_H
#define STORAGE_UNPACK_WALL_H

#include <stddef.h>

#include "pkg/util/fail.h"

/*
 * What a process that parses a stranger's bytes may still do.
 *
 * wall_folders: Landlock (landlock(7)): every right on files beneath WRITE_FD, reading beneath READ_FDS,
 * nothing elsewhere; no TCP, no abstract sockets, no signals to others where the kernel knows
 * them. Then capabilities: those that owners, modes and attributes of files need, no other.
 * Returns 1 where the kernel has no Landlock or only ABI 1 (which forbids links across
 * folders): the calls are walled all the same. For the calling thread: call it before others start.
 *
 * wall_calls: an allowlist of system calls (seccomp(2)); any other kills the process. For all threads.
 * Not applied in builds with sanitizers, which need calls of their own.
 */
int wall_folders(int write_fd, const int *read_fds, size_t n_read, struct fail *f) MUST_USE;
int wall_calls(struct fail *f) MUST_USE;

#endif
