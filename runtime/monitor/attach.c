// SPDX-License-Identifier: Apache-2.0
#include "runtime/monitor/attach.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/monitor/session.h"

/* The link to a monitor. */
struct remote {
	int sock;
	size_t unread;	/* bytes of input that the container hasn't taken yet */
	bool blocked;	/* the socket took no more */
};

static size_t remote_watch(struct session *s, struct pollfd *p, bool want, int *ret_wait_ms)
{
	const struct remote *r = s->ctx;

	(void)ret_wait_ms;
	p[0] = (struct pollfd){ .fd = r->sock, .events = (short)((want ? POLLIN : 0) |
								 (r->blocked ? POLLOUT : 0)) };
	/* A socket that is only hung up would wake us for nothing while the output is full. */
	return p[0].events ? 1 : 0;
}

static int lost(struct fail *f)
{
	refuse(f, ECONNRESET, "lost the container's monitor");
	fail_hint(f, "see 'rbox ps -a' for what became of the container");
	return -ECONNRESET;
}

static int remote_ready(struct session *s, const struct pollfd *p, size_t n, struct fail *f)
{
	struct remote *r = s->ctx;
	int32_t code;
	uint32_t taken;
	int got;

	if (n && (p[0].revents & POLLOUT))
		r->blocked = false;
	if (!n || !(p[0].events & POLLIN) || !(p[0].revents & ~POLLOUT))
		return 0;
	got = proto_recv(r->sock, s->msg, MSG_DONTWAIT);
	if (got == -EAGAIN)
		return 0;
	if (got == 0)
		return lost(f);
	if (got < 0)
		return fail(f, -got, "hear from the container's monitor");
	switch (s->msg->head.type) {
	case ATTACH_OUTPUT:
		session_output(s, s->msg->head.stream, s->msg->head.len);
		return 0;
	case ATTACH_STDIN_ACK:
		if (s->msg->head.len != sizeof(taken))
			return refuse(f, EPROTO, "the monitor acknowledged input in a way unknown to us");
		memcpy(&taken, s->msg->data, sizeof(taken));
		r->unread -= taken < r->unread ? taken : r->unread;
		return 0;
	case ATTACH_FAILED:
		return proto_fail(s->msg, f);
	case ATTACH_EXITED:
		if (proto_int(s->msg, &code) < 0)
			return refuse(f, EPROTO, "the monitor told the end in a way unknown to us");
		s->result.exit_code = code;
		s->ended = true;
		return 0;
	default:
		return 0;	/* of a later version */
	}
}

static int remote_send(struct session *s, enum attach_type type, const void *data, size_t len)
{
	struct remote *r = s->ctx;
	int err = proto_send(r->sock, type, 0, data, len, MSG_DONTWAIT);

	if (err == -EAGAIN || err == -ENOBUFS) {
		r->blocked = true;
		return 0;
	}
	return err < 0 ? err : 1;
}

static bool remote_wants_input(const struct session *s)
{
	const struct remote *r = s->ctx;

	return r->unread < ATTACH_WINDOW && !r->blocked;
}

static int remote_input(struct session *s, const char *data, size_t n)
{
	struct remote *r = s->ctx;
	int err = remote_send(s, ATTACH_STDIN, data, n);

	if (err <= 0)
		return err;
	r->unread += n;
	return (int)n;
}

static int remote_input_end(struct session *s)
{
	return remote_send(s, ATTACH_STDIN_END, NULL, 0);
}

static int remote_resize(struct session *s, const struct proto_size *size)
{
	return remote_send(s, ATTACH_RESIZE, size, sizeof(*size));
}

static int remote_signal(struct session *s, int sig)
{
	int32_t v = sig;

	return remote_send(s, ATTACH_SIGNAL, &v, sizeof(v));
}

int attach_run(int sock, const struct attach_opts *o, struct attach_result *ret, struct fail *f)
{
	static const struct link link = {
		.watch = remote_watch, .ready = remote_ready, .wants_input = remote_wants_input,
		.input = remote_input, .input_end = remote_input_end, .resize = remote_resize,
		.signal = remote_signal,
	};
	struct remote r = { .sock = sock };
	struct session s = { .o = o, .link = &link, .ctx = &r };

	return session_run(&s, ret, f);
}
