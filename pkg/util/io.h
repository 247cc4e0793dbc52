/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_UTIL_IO_H
#define PKG_UTIL_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "pkg/util/fail.h"
#include "pkg/util/str.h"

/*
 * Whole reads and writes: EINTR and short counts are dealt with here and nowhere else.
 * All return -errno on failure.
 */
ssize_t io_read(int fd, void *buf, size_t len) MUST_USE;	/* one read, EINTR retried */
ssize_t io_read_full(int fd, void *buf, size_t len) MUST_USE;	/* fewer than LEN only at the end */
ssize_t io_write(int fd, const void *buf, size_t len) MUST_USE;	/* one write, EINTR retried */
int io_write_full(int fd, const void *buf, size_t len) MUST_USE;
/* Reads to the end into S; -EFBIG when S's ceiling is passed. */
int io_read_all(int fd, struct str *s) MUST_USE;
/* Copies to the end, or LEN bytes (UINT64_MAX: to the end); by copy_file_range where it can. */
int io_copy(int from, int to, uint64_t len) MUST_USE;

#endif
