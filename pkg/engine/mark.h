/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_MARK_H
#define PKG_ENGINE_MARK_H

#include <stdint.h>

#include "pkg/util/fail.h"

/*
 * The signal that a user last sent to a container (`rbox kill`), for `rbox why`: containers/<id>/kill,
 * "SIGNAL TIME\n" (TIME: ns since 1970). The kernel doesn't tell a parent who killed its child. A mark
 * that is older than the container's start is of an earlier life of it: the reader compares.
 */
struct mark {
	int sig;
	int64_t at;
};

/* Before the signal is sent, so that the mark is there when the end is. A full disk is no failure. */
void mark_kill(int dir_fd, int sig);
/* -ENOENT: nobody sent one; -EINVAL: it can't be read. */
int mark_kill_load(int dir_fd, struct mark *ret) MUST_USE;

#endif
