/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_MONITOR_CLIENT_H
#define RUNTIME_MONITOR_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/monitor/proto.h"

/*
 * The monitor's end of one attached client: a socket and what could not be sent at once. The
 * foreground client (the one that started the container) loses nothing: while anything waits for it,
 * the monitor reads no output (client_is_slow), so the container waits, as on a terminal. Any other
 * that leaves more than CLIENT_QUEUE_MAX unread is let go.
 */
enum { CLIENT_QUEUE_MAX = 256 * 1024 };

struct client_piece;
struct client {
	int fd;
	bool foreground;
	bool ready;	/* has said HELLO, or needs none */
	bool gone;	/* closed, broken or too slow: to be freed */
	struct client_piece *first, **last;
	size_t queued;
};

struct client *client_new(int fd, bool foreground) MUST_USE; /* takes FD over */
void client_free(struct client *c);

/* Sends or queues; marks the client gone when it can't be reached. Order is kept. */
void client_send(struct client *c, enum attach_type type, int stream, const void *data, size_t len);
/* Sends what is queued as far as the socket takes it. */
void client_flush(struct client *c);
bool client_is_slow(const struct client *c);

#endif
