// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/str.h"
#include "runtime/monitor/log.h"

enum { SHORT_ID = 12 };

int log_journal_open(const char *path, struct fail *f)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	/* A journald that hangs costs lines, not the container. */
	const struct timeval most = { .tv_sec = 2 };
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
	(void)setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most));
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

int log_journal_line(const struct log *l, int stream, const char *text, size_t n, bool whole)
{
	auto_str struct str s = STR_INIT(LOG_PIECE_MAX + 16 * 1024);
	const char *tag = l->o.tag && *l->o.tag ? l->o.tag : NULL;
	char id[SHORT_ID + 1];
	ssize_t r;

	snprintf(id, sizeof(id), "%s", l->o.id);
	add_bytes(&s, "MESSAGE", text, n);
	/* LOG_INFO and LOG_ERR of syslog(3). */
	str_addf(&s, "PRIORITY=%d\n", stream == 2 ? 3 : 6);
	str_addf(&s, "CONTAINER_ID=%s\n", id);
	add_text(&s, "CONTAINER_ID_FULL", l->o.id);
	add_text(&s, "CONTAINER_NAME", l->o.ctr);
	add_text(&s, "CONTAINER_TAG", tag);
	add_text(&s, "SYSLOG_IDENTIFIER", tag ? tag : id);
	if (!whole)
		str_add(&s, "CONTAINER_PARTIAL_MESSAGE=true\n");
	if (str_failed(&s))
		return -EMSGSIZE;
	do
		r = send(l->fd, s.s, s.len, MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}
