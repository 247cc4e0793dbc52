/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_DIR_H
#define STORAGE_DIR_H

#include <stdbool.h>
#include <stddef.h>

#include "pkg/util/fail.h"

/*
 * The entries of folder PATH beneath DIRFD, sorted, without those that start with a '.' (file_replace's
 * temporaries among them), in a NULL-terminated list for strv_free. -errno; a missing folder is -ENOENT.
 */
int dir_list(int dirfd, const char *path, char ***ret) MUST_USE;

/* 32 random hex digits: a name nobody else has. */
enum { DIR_NONCE_LEN = 32 };
int dir_nonce(char ret[DIR_NONCE_LEN + 1]) MUST_USE;

/*
 * Makes the missing folders of PATH (mode 0700) beneath DIRFD and gives an O_RDONLY descriptor of the
 * last. Each new folder is fsynced into its parent. A folder removed by others meanwhile is made again.
 */
int dir_make(int dirfd, const char *path) MUST_USE;

/* N random bytes as 2 * N hex digits and a NUL. */
int dir_random_hex(char *ret, size_t n) MUST_USE;

/* Creates or opens the file `lock` of folder DIRFD and locks it. -EWOULDBLOCK: held elsewhere and not
 * WAIT; -ESTALE: the folder or the lock file was removed meanwhile. */
int dir_lock(int dirfd, bool wait) MUST_USE;

#endif
