// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "runtime/monitor/log.h"

enum { SHORT_ID = 12 };

int log_journal_open(const char *path, struct fail *f)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	auto_fd int sock = -EBADF;

	if (strlen(path) >= sizeof(a.sun_path))
		return refuse(f, ENAMETOOLONG, "the path of journald's socket is too long");
	memcpy(a.sun_path, path, strlen(path));
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return fail(f, errno, "make a socket");
	if (connect(sock, (struct sockaddr *)&a, sizeof(a)) < 0) {
		int r = fail(f, errno, "the log driver journald: connect to '%s'", path);

		fail_hint(f, "this machine has no journald: use --log-driver k8s-file");
		return r;
	}
	return fd_take(&sock);
}

/* A field whose value may hold anything: its name, a newline, the length in 64 bits, the bytes. */
static void add_bytes(struct str *s, const char *name, const char *data, size_t n)
{
	unsigned char len[8];

	for (size_t i = 0; i < sizeof(len); i++)
		len[i] = (unsigned char)((uint64_t)n >> (8 * i));
	str_addf(s, "%s\n", name);
	str_addn(s, len, sizeof(len));
	str_addn(s, data, n);
	str_addc(s, '\n');
}

static void add_text(struct str *s, const char *name, const char *value)
{
	if (value && *value)
		add_bytes(s, name, value, strlen(value));
}

/* --- to journald, which may be slow, hang or be gone: that costs lines, never the container --- */

static int send_once(const struct log *l, const struct str *s)
{
	ssize_t r;

	if (l->fd < 0)
		return -ENOTCONN;
	do
		r = send(l->fd, s->s, s->len, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static bool is_gone(int r)
{
	return r == -ECONNREFUSED || r == -ENOTCONN || r == -EPIPE || r == -ECONNRESET;
}

/* journald was started anew, with another socket. */
static int reconnect(struct log *l)
{
	int64_t now = time_monotonic();
	struct fail f = { 0 };
	int fd;

	if (now < l->retry)
		return -ENOTCONN;
	l->retry = now + TIME_SECOND;
	fd = log_journal_open(l->o.socket ? l->o.socket : LOG_JOURNAL_SOCKET, &f);
	if (fd < 0) {
		fail_clear(&f);
		return fd;
	}
	fd_close(l->fd);
	l->fd = fd;
	return 0;
}

/* Waits until it takes something again, as long as we may: that gets less with each wait. */
static bool wait_for_room(struct log *l)
{
	struct pollfd p = { .fd = l->fd, .events = POLLOUT };
	int64_t from = time_monotonic(), left = l->patience;

	if (left <= 0)
		return false;
	(void)!poll(&p, 1, (int)(left / (TIME_SECOND / 1000)) + 1);
	l->patience = left - (time_monotonic() - from) - 1;
	return true;
}

static int deliver(struct log *l, const struct str *s)
{
	int r = send_once(l, s);

	if (is_gone(r) && reconnect(l) == 0)
		r = send_once(l, s);
	/* One that keeps up: whatever comes later is another matter. */
	if (r == 0 && !l->last)
		l->patience = LOG_JOURNAL_PATIENCE;
	while (r == -EAGAIN && wait_for_room(l))
		r = send_once(l, s);
	return r;
}

static int make_line(const struct log *l, int stream, const char *text, size_t n, bool whole, struct str *s)
{
	const char *tag = l->o.tag && *l->o.tag ? l->o.tag : NULL;
	char id[SHORT_ID + 1];

	snprintf(id, sizeof(id), "%s", l->o.id);
	add_bytes(s, "MESSAGE", text, n);
	/* LOG_INFO and LOG_ERR of syslog(3). */
	str_addf(s, "PRIORITY=%d\n", stream == 2 ? 3 : 6);
	str_addf(s, "CONTAINER_ID=%s\n", id);
	add_text(s, "CONTAINER_ID_FULL", l->o.id);
	add_text(s, "CONTAINER_NAME", l->o.ctr);
	add_text(s, "CONTAINER_TAG", tag);
	add_text(s, "SYSLOG_IDENTIFIER", tag ? tag : id);
	if (!whole)
		str_add(s, "CONTAINER_PARTIAL_MESSAGE=true\n");
	return str_failed(s) ? -EMSGSIZE : 0;
}

int log_journal_tell_lost(struct log *l)
{
	auto_str struct str s = STR_INIT(LOG_PIECE_MAX + 16 * 1024);
	char text[64];
	int n, r;

	if (!l->n_lost)
		return 0;
	n = snprintf(text, sizeof(text), "rbox: %lld line%s lost: journald took none", (long long)l->n_lost,
		     l->n_lost == 1 ? "" : "s");
	r = make_line(l, 2, text, (size_t)n, true, &s);
	if (r == 0)
		r = deliver(l, &s);
	if (r == 0)
		l->n_lost = 0;
	return r;
}

int log_journal_line(struct log *l, int stream, const char *text, size_t n, bool whole)
{
	auto_str struct str s = STR_INIT(LOG_PIECE_MAX + 16 * 1024);
	int r = log_journal_tell_lost(l);

	if (r == 0)
		r = make_line(l, stream, text, n, whole, &s);
	if (r == 0)
		r = deliver(l, &s);
	if (r < 0)
		l->n_lost++;
	return r;
}
