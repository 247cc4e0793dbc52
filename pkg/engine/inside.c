// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/inside.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/spawn.h"
#include "runtime/ns.h"
#include "runtime/userns.h"

struct inside {
	int sock;
};

enum word { WORD_WARN = 1, WORD_DONE };

struct message {
	enum word word;
	int result;
	struct fail fail;
};

static void say(int sock, enum word word, int result, const struct fail *f)
{
	struct message m = { .word = word, .result = result, .fail = *f };

	(void)!fd_send(sock, &m, sizeof(m), NULL, 0);
}

void inside_warn(struct inside *in, const char *fmt, ...)
{
	struct fail f = { 0 };
	va_list ap;

	if (!in)
		return;
	va_start(ap, fmt);
	vsnprintf(f.msg, sizeof(f.msg), fmt, ap);
	va_end(ap);
	say(in->sock, WORD_WARN, 0, &f);
}

static void __attribute__((noreturn)) child(int sock, pid_t hint, inside_fn fn, void *ctx)
{
	struct inside in = { sock };
	struct fail f = { 0 };
	int r = userns_enter_with_groups(hint, &f);

	/* After the ids have changed, which clears it. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Modes are given as they are meant. */
	umask(0);
	if (r == 0)
		r = fn(ctx, &in, &f);
	say(sock, WORD_DONE, r, &f);
	_exit(0);
}

static int hear(int sock, void (*warn)(const char *fmt, ...), struct fail *f)
{
	for (;;) {
		struct message m;
		size_t n_fds;
		ssize_t n = fd_recv(sock, &m, sizeof(m), NULL, 0, &n_fds);

		if (n < 0)
			return fail(f, (int)-n, "hear from the helper in the user namespace");
		if (n != (ssize_t)sizeof(m))
			return refuse(f, ECHILD, "the helper in the user namespace was killed");
		m.fail.msg[sizeof(m.fail.msg) - 1] = '\0';
		m.fail.hint[sizeof(m.fail.hint) - 1] = '\0';
		if (m.word == WORD_WARN) {
			warn("%s", m.fail.msg);
			continue;
		}
		if (m.result < 0)
			*f = m.fail;
		return m.result;
	}
}

int inside_begin(pid_t userns_hint, inside_fn fn, void *ctx, struct inside_job *ret, struct fail *f)
{
	int pair[2];
	int r = fd_socketpair(SOCK_SEQPACKET, pair);

	if (r < 0)
		return fail(f, -r, "make a socket pair");
	*ret = (struct inside_job){ .pid = ns_clone(0, -EBADF, NULL), .sock = pair[0] };
	if (ret->pid == 0) {
		fd_close(pair[0]);
		child(pair[1], userns_hint, fn, ctx);
	}
	fd_close(pair[1]);
	if (ret->pid < 0) {
		ret->sock = fd_close(ret->sock);
		return fail(f, -ret->pid, "fork");
	}
	return 0;
}

int inside_end(struct inside_job *j, void (*warn)(const char *fmt, ...), struct fail *f)
{
	int r = hear(j->sock, warn, f);

	/* Should it still be at work after our failure, nobody would listen to it. */
	j->sock = fd_close(j->sock);
	(void)!spawn_wait(j->pid);
	return r;
}

int inside_run(pid_t userns_hint, inside_fn fn, void *ctx, void (*warn)(const char *fmt, ...), struct fail *f)
{
	struct inside_job j;
	int r = inside_begin(userns_hint, fn, ctx, &j, f);

	return r < 0 ? r : inside_end(&j, warn, f);
}
