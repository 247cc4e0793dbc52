// SPDX-License-Identifier: Apache-2.0
#include "runtime/monitor/proto.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

int proto_send(int sock, enum attach_type type, int stream, const void *data, size_t len, int flags)
{
	struct attach_head h = { .type = (uint8_t)type, .stream = (uint8_t)stream,
				 .version = ATTACH_VERSION, .len = (uint32_t)len };
	struct iovec v[2] = { { &h, sizeof(h) }, { (void *)data, len } };
	struct msghdr m = { .msg_iov = v, .msg_iovlen = len ? 2 : 1 };
	ssize_t n;

	if (len > ATTACH_DATA_MAX)
		return -EMSGSIZE;
	do
		n = sendmsg(sock, &m, MSG_NOSIGNAL | flags);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == sizeof(h) + len ? 0 : -EIO;
}

int proto_check(const struct proto_msg *m, size_t n)
{
	if (n < sizeof(m->head) || m->head.version == 0 || m->head.len > ATTACH_DATA_MAX ||
	    n != sizeof(m->head) + m->head.len)
		return -EPROTO;
	return 0;
}

int proto_recv(int sock, struct proto_msg *m, int flags)
{
	struct iovec v = { m, sizeof(*m) };
	struct msghdr h = { .msg_iov = &v, .msg_iovlen = 1 };
	int resets = 0, r;
	ssize_t n;

	/*
	 * A peer that closed with unread messages of ours gives one ECONNRESET before what it had sent:
	 * unix(7) sockets report the pending error first and keep the queue.
	 */
	do
		n = recvmsg(sock, &h, flags);
	while (n < 0 && (errno == EINTR || (errno == ECONNRESET && !resets++)));
	if (n < 0)
		return errno == ECONNRESET ? 0 : -errno;
	if (n == 0)
		return 0;
	r = h.msg_flags & MSG_TRUNC ? -EPROTO : proto_check(m, (size_t)n);
	return r < 0 ? r : 1;
}

int proto_int(const struct proto_msg *m, int32_t *ret)
{
	if (m->head.len != sizeof(*ret))
		return -EPROTO;
	memcpy(ret, m->data, sizeof(*ret));
	return 0;
}

int proto_fail(const struct proto_msg *m, struct fail *f)
{
	if (m->head.len != sizeof(*f))
		return refuse(f, EPROTO, "the monitor sent a failure that can't be read");
	memcpy(f, m->data, sizeof(*f));
	f->msg[sizeof(f->msg) - 1] = '\0';
	f->hint[sizeof(f->hint) - 1] = '\0';
	if (f->code <= 0)
		f->code = EIO;
	return -f->code;
}
