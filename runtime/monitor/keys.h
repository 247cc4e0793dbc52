/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_MONITOR_KEYS_H
#define RUNTIME_MONITOR_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "pkg/util/fail.h"

/*
 * The keys that detach from a container: "ctrl-p,ctrl-q", "ctrl-a,x", or "" for none. Each is one
 * character or ctrl- and one of a-z @ [ \ ] ^ _ (podman-attach(1)). The keys of a sequence that has
 * begun are held back until it is complete (and vanishes) or is not (and passes through).
 */
enum { KEYS_MAX = 16 };

struct keys {
	unsigned char v[KEYS_MAX];
	size_t n;
	size_t held;	/* how many of V have been typed */
};

int keys_parse(const char *text, struct keys *ret, struct fail *f) MUST_USE;

/*
 * Passes N bytes of IN to OUT, which has room for N + KEYS_MAX. Returns true when the sequence is
 * complete; what follows it is dropped. *RET_N bytes of OUT were typed before it in any case.
 */
bool keys_feed(struct keys *k, const char *in, size_t n, char *out, size_t *ret_n) MUST_USE;

#endif
