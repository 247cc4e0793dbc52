/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_MONITOR_PROTO_H
#define RUNTIME_MONITOR_PROTO_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/monitor/attach.h"

/* One message of the attach protocol (attach.h) as it is on the wire. */
struct proto_msg {
	struct attach_head head;
	char data[ATTACH_DATA_MAX];
};

struct proto_size { uint16_t rows, cols; };

/*
 * Sends one message of LEN bytes. FLAGS: MSG_DONTWAIT, then -EAGAIN when the peer's queue is full.
 * A message goes whole or not at all. Never raises SIGPIPE: -EPIPE.
 */
int proto_send(int sock, enum attach_type type, int stream, const void *data, size_t len,
	       int flags) MUST_USE;

/*
 * Receives one message into M: 1, 0 at the end, -errno; -EPROTO when it is no message of a version
 * that we know (short, a length that lies, version 0). Of a later version the head is trusted to be the
 * same; a type we don't know is the caller's to pass over.
 */
int proto_recv(int sock, struct proto_msg *m, int flags) MUST_USE;

/* The head and length of M as received, N bytes: 0 or -EPROTO. */
int proto_check(const struct proto_msg *m, size_t n) MUST_USE;

/* EXITED's and SIGNAL's int32, STARTED's pid; -EPROTO unless it is just that long. */
int proto_int(const struct proto_msg *m, int32_t *ret) MUST_USE;
/* FAILED's struct fail put into F (terminated strings, code > 0). Returns -F->code. */
int proto_fail(const struct proto_msg *m, struct fail *f) MUST_USE;

#endif
