/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_MONITOR_CLIENT_H
#define RUNTIME_MONITOR_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pkg/util/time.h"
#include "runtime/monitor/proto.h"

/*
 * The monitor's end of one attached client: a socket and what could not be sent at once. While a
 * client is slow (client_is_slow) the monitor reads no output, so the container waits, as on a terminal,
 * and no byte is lost. The foreground client (the one that started the container) may take as long as
 * it likes. Any other that has CLIENT_QUEUE_MAX waiting and takes nothing for CLIENT_STALL is let go:
 * somebody who has stopped an `attach` with ^S doesn't stop the container.
 */
enum { CLIENT_QUEUE_MAX = 256 * 1024 };
#define CLIENT_STALL (2 * TIME_SECOND)

struct client_piece;
struct client {
	int fd;
	bool foreground;
	bool ready;	/* has said HELLO, or needs none */
	size_t most;	/* bytes of a message that it takes */
	bool gone;	/* closed, broken or too slow: to be freed */
	bool told;	/* the end: nothing more is for it, and it goes once it has all */
	bool checks;	/* waits for the result of a health check */
	struct client_piece *first, **last;
	size_t queued;
	int64_t taken_at;	/* monotonic: when it last took something from the queue */
};

struct client *client_new(int fd, bool foreground) MUST_USE; /* takes FD over */
void client_free(struct client *c);

/* It has said HELLO. */
void client_hello(struct client *c, const struct proto_msg *msg);

/* Sends or queues; marks the client gone when it can't be reached. Order is kept. */
void client_send(struct client *c, enum attach_type type, int stream, const void *data, size_t len);
/* Sends what is queued as far as the socket takes it. */
void client_flush(struct client *c);
bool client_is_slow(const struct client *c);
/* Lets it go when it has stalled: to be asked now and then while it is slow. */
void client_check(struct client *c);

#endif
