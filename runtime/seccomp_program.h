/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_SECCOMP_PROGRAM_H
#define RUNTIME_SECCOMP_PROGRAM_H

#include <linux/filter.h>
#include <seccomp.h>
#include <stdint.h>

#include "pkg/util/fail.h"
#include "pkg/util/str.h"

/*
 * Programs between libseccomp, the cache and seccomp_apply; not for other modules.
 *
 * Flags for seccomp(2) travel in the program's descriptor as one record after the last
 * instruction, with a code that no instruction has; without it they are 0.
 */
enum { SECCOMP_CODE_FLAGS = 0xfffe };

/* The program that CTX compiles to, with FLAGS (SECCOMP_FILTER_FLAG_*), as a sealed memfd. */
int seccomp_program_make(scmp_filter_ctx ctx, uint32_t flags, struct fail *f) MUST_USE;

/*
 * The cache: a file named by a hash of KEY that holds the whole KEY, compared on reading, since what
 * is loaded is trusted. _get returns a sealed memfd, or -ENOENT when there is no such program
 * (nothing is recorded: whatever is wrong with a cached file, it is made anew). _put is best
 * effort: a full disk must not stop a container.
 */
int seccomp_cache_get(int cache_dir, const struct str *key) MUST_USE;
void seccomp_cache_put(int cache_dir, const struct str *key, int program_fd);

/* Adds to KEY what every program depends on: format, libseccomp's version, the architecture. */
void seccomp_key_start(struct str *key, const char *kind);

#endif
