/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_SECCOMP_H
#define RUNTIME_SECCOMP_H

#include "pkg/util/fail.h"
#include "pkg/util/json.h"

/*
 * Seccomp programs as descriptors: a sealed memfd that holds struct sock_filter[], whole (and one more
 * record when seccomp(2) is to get flags). The default filter was compiled when rbox was built
 * (runtime/gen): one program per common set of capabilities; others are made by libseccomp once and
 * cached.
 */

/* The default filter for a process whose bounding set is CAPS ("CAP_CHOWN", ... NULL-terminated). */
int seccomp_default(char *const *caps, int cache_dir, struct fail *f) MUST_USE;

/*
 * A profile in podman's or the OCI spec's format (they differ: "names"/"name", "includes",
 * "excludes", "minKernel", "archMap" or "architectures", "defaultErrnoRet", "args"). CACHE_DIR
 * (may be -EBADF) keeps compiled programs by their whole key. SCMP_ACT_NOTIFY is refused.
 */
int seccomp_compile(const json_t *profile, char *const *caps, int cache_dir, struct fail *f) MUST_USE;

/*
 * Loads the program in FD into the calling thread. No_new_privs or CAP_SYS_ADMIN must be there.
 * (libseccomp owns the name seccomp_load.)
 */
int seccomp_apply(int fd, struct fail *f) MUST_USE;

#endif
