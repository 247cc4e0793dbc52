// SPDX-License-Identifier: Apache-2.0
#include "runtime/monitor/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "pkg/util/fd.h"
#include "pkg/util/mem.h"

enum { CLIENT_SOCKET_ROOM = 256 * 1024 };

struct client_piece {
	struct client_piece *next;
	enum attach_type type;
	int stream;
	size_t len;
	char data[];
};

struct client *client_new(int fd, bool foreground)
{
	struct client *c = mem_alloc(sizeof(*c));
	const int room = CLIENT_SOCKET_ROOM;

	c->fd = fd;
	c->foreground = c->ready = foreground;
	/* Who started the container is the same program as we are. */
	c->most = foreground ? ATTACH_DATA_MAX : ATTACH_DATA_OLD;
	c->last = &c->first;
	/* Several large messages under way: as far as the system lets us. */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	return c;
}

void client_free(struct client *c)
{
	while (c->first) {
		struct client_piece *p = c->first;

		c->first = p->next;
		free(p);
	}
	fd_close(c->fd);
	free(c);
}

static void enqueue(struct client *c, enum attach_type type, int stream, const void *data, size_t len)
{
	struct client_piece *p;

	if (!c->first)
		c->taken_at = time_monotonic();
	p = mem_alloc(sizeof(*p) + len);
	p->type = type;
	p->stream = stream;
	p->len = len;
	if (len)
		memcpy(p->data, data, len);
	*c->last = p;
	c->last = &p->next;
	c->queued += len;
}

void client_hello(struct client *c, const struct proto_msg *msg)
{
	uint32_t most;

	c->ready = true;
	if (msg->head.len != sizeof(most))
		return;
	memcpy(&most, msg->data, sizeof(most));
	if (most >= ATTACH_DATA_OLD)
		c->most = most < ATTACH_DATA_MAX ? most : ATTACH_DATA_MAX;
}

static void send_one(struct client *c, enum attach_type type, int stream, const void *data, size_t len)
{
	int r = -EAGAIN;

	if (!c->first)
		r = proto_send(c->fd, type, stream, data, len, MSG_DONTWAIT);
	/* ENOBUFS is a full queue too: the machine's memory for sockets, for a moment. */
	if (r == -EAGAIN || r == -ENOBUFS)
		enqueue(c, type, stream, data, len);
	else if (r < 0)
		c->gone = true;
}

void client_send(struct client *c, enum attach_type type, int stream, const void *data, size_t len)
{
	const char *p = data;

	do {
		size_t n = len < c->most ? len : c->most;

		if (c->gone || c->told || !c->ready)
			return;
		send_one(c, type, stream, p, n);
		p = p ? p + n : NULL;
		len -= n;
	} while (len);
}

void client_flush(struct client *c)
{
	while (c->first && !c->gone) {
		struct client_piece *p = c->first;
		int r = proto_send(c->fd, p->type, p->stream, p->data, p->len, MSG_DONTWAIT);

		if (r == -EAGAIN || r == -ENOBUFS)
			return;
		if (r < 0)
			c->gone = true;
		c->first = p->next;
		if (!c->first)
			c->last = &c->first;
		c->queued -= p->len;
		c->taken_at = time_monotonic();
		free(p);
	}
}

void client_check(struct client *c)
{
	if (!c->foreground && c->first && (c->told || client_is_slow(c)) &&
	    time_monotonic() - c->taken_at > CLIENT_STALL)
		c->gone = true;
}

bool client_is_slow(const struct client *c)
{
	return !c->gone && !c->told && c->first && (c->foreground || c->queued > CLIENT_QUEUE_MAX);
}
