/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_UTIL_SIG_H
#define PKG_UTIL_SIG_H

#include "pkg/util/fail.h"

/* Signals as users write them: "TERM", "SIGTERM", "term", "15", "RTMIN+3". 1 to 64, or -EINVAL. */
int sig_parse(const char *text, int *ret, struct fail *f) MUST_USE;
/* "SIGTERM"; "SIGRTMIN+3" for the real-time ones. */
enum { SIG_NAME_MAX = 16 };
const char *sig_name(int sig, char buf[SIG_NAME_MAX]);

/*
 * Every signal back to its default action; what is blocked stays so. Also 32 and 33, which glibc
 * keeps for itself: posix_spawn(3) leaves them ignored in its children (make's, for one), and an
 * ignored signal stays ignored over execve(2).
 */
void sig_reset(void);

#endif
