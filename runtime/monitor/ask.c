// SPDX-License-Identifier: Apache-2.0
#include "runtime/monitor/ask.h"

#include <errno.h>

#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "runtime/monitor/attach.h"
#include "runtime/monitor/proto.h"

/* Where nobody listens nothing is lost: the word is only to be quick. */
static void tell(const char *run_dir, const char *id, enum attach_type type, const void *data, size_t len)
{
	struct fail ignored = { 0 };
	auto_fd int sock = run_dir ? attach_connect(run_dir, id, &ignored) : -ENOENT;

	if (sock >= 0)
		(void)!proto_send(sock, type, 0, data, len, 0);
}

void ask_stop(const char *run_dir, const char *id, int timeout)
{
	const int32_t seconds = timeout;

	tell(run_dir, id, ATTACH_STOP, &seconds, sizeof(seconds));
}

void ask_look(const char *run_dir, const char *id)
{
	tell(run_dir, id, ATTACH_LOOK, NULL, 0);
}

int ask_check(const char *run_dir, const char *id, struct fail *f)
{
	auto_fd int sock = attach_connect(run_dir, id, f);
	auto_free struct proto_msg *msg = mem_alloc(sizeof(*msg));
	int32_t result;
	int r;

	if (sock < 0)
		return sock;
	r = proto_send(sock, ATTACH_CHECK, 0, NULL, 0, 0);
	if (r < 0)
		return fail(f, -r, "ask the monitor of container %.12s", id);
	for (;;) {
		r = proto_recv(sock, msg, 0);
		if (r < 0)
			return fail(f, -r, "hear from the monitor of container %.12s", id);
		if (r == 0 || msg->head.type == ATTACH_EXITED)
			return refuse(f, ESRCH, "container %s ended during its health check", id);
		if (msg->head.type == ATTACH_FAILED)
			return proto_fail(msg, f);
		if (msg->head.type == ATTACH_CHECKED && proto_int(msg, &result) == 0)
			return result < 0 || result > 2 ? refuse(f, EPROTO, "a result unknown to us") : result;
	}
}

int ask_go(const char *run_dir, const char *id, bool attach, struct fail *f)
{
	auto_fd int sock = attach_connect(run_dir, id, f);
	auto_free struct proto_msg *msg = mem_alloc(sizeof(*msg));
	const int32_t stays = attach;
	int r;

	if (sock < 0)
		return sock;
	r = proto_send(sock, ATTACH_GO, 0, &stays, sizeof(stays), 0);
	if (r == 0)
		r = proto_recv(sock, msg, 0);
	if (r < 0)
		return fail(f, -r, "have the monitor of container %.12s start it", id);
	if (r > 0 && msg->head.type == ATTACH_FAILED)
		return proto_fail(msg, f);
	if (r == 0 || msg->head.type != ATTACH_STARTED)
		return refuse(f, ESRCH, "container %s ended before its start", id);
	return attach ? fd_take(&sock) : 0;
}
