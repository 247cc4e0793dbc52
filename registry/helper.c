// SPDX-License-Identifier: Apache-2.0
#include "registry/helper.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/spawn.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "registry/sigpipe.h"

/* What the libraries of helpers say when there is nothing, on stdout. */
static const char *const no_credentials[] = {
	"credentials not found in native keychain", "no credentials server URL", "no credentials username",
};

struct run {
	pid_t pid;
	int in, out;
};

static bool is_name(const char *name)
{
	size_t n = strlen(name);

	return n && n <= 100 && *name != '.' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n;
}

static int start(const char *program, struct run *r, struct fail *f)
{
	char *const argv[] = { (char *)program, (char *)"get", NULL };
	int in[2], out[2], err = fd_pipe(in);
	struct spawn_fd fds[2];

	if (err < 0)
		return fail(f, -err, "make a pipe for '%s'", program);
	err = fd_pipe(out);
	if (err < 0) {
		fd_close(in[0]);
		fd_close(in[1]);
		return fail(f, -err, "make a pipe for '%s'", program);
	}
	fds[0] = (struct spawn_fd){ in[0], 0 };
	fds[1] = (struct spawn_fd){ out[1], 1 };
	r->pid = spawn_start(&(struct spawn){ .program = program, .argv = argv, .fds = fds, .n_fds = 2,
					      .deathsig = SIGKILL }, f);
	fd_close(in[0]);
	fd_close(out[1]);
	r->in = in[1];
	r->out = out[0];
	if (r->pid >= 0)
		return 0;
	fd_close(r->in);
	fd_close(r->out);
	return (int)r->pid;
}

/* Reads to the end, the ceiling or the deadline; -ETIMEDOUT, -EFBIG. */
static int read_answer(int fd, int64_t end, struct str *s)
{
	char buf[4096];

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = (end - time_monotonic()) / (TIME_SECOND / 1000);
		ssize_t n;

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		n = io_read(fd, buf, sizeof(buf));
		if (n <= 0)
			return (int)n;
		str_addn(s, buf, (size_t)n);
		OPENSSL_cleanse(buf, (size_t)n);
		if (str_failed(s))
			return -EFBIG;
	}
}

/* The wait status; one that has answered and stays is killed at the deadline. */
static int await_end(pid_t pid, int64_t end)
{
	auto_fd int pidfd = pidfd_open(pid, 0);

	while (pidfd >= 0) {
		struct pollfd p = { .fd = pidfd, .events = POLLIN };
		int64_t left = (end - time_monotonic()) / (TIME_SECOND / 1000);

		if (left <= 0)
			(void)kill(pid, SIGKILL);
		if (left <= 0 || poll(&p, 1, (int)left) > 0)
			break;
	}
	return spawn_wait(pid);
}

static void tell(int fd, const char *server)
{
	struct sigpipe_state before;

	sigpipe_block(&before);
	/* One that doesn't listen has its reasons, and says them. */
	(void)!io_write_full(fd, server, strlen(server));
	sigpipe_restore(&before);
}

static bool says_none(const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(no_credentials); i++)
		if (strstr(text, no_credentials[i]))
			return true;
	return false;
}

static int ended_badly(const char *program, const char *server, const struct str *s, int status, struct fail *f)
{
	auto_str struct str seen = STR_INIT(4096);
	auto_free char *first = mem_strndup(str_cstr(s), strcspn(str_cstr(s), "\n"));
	auto_free char *cut = mem_strndup(first, 300);

	str_add_escaped(&seen, cut);
	(void)refuse(f, EACCES, "'%s get' for %s ended with status %d: %s", program, server, status,
		     seen.len ? seen.s : "it gave no reason");
	fail_hint(f, "see what it says: echo %s | %s get", server, program);
	return -EACCES;
}

static int take(const char *program, const struct str *s, struct auth *ret, struct fail *f)
{
	auto_json json_t *j = jsonf_parse(str_cstr(s), s->len, HELPER_OUTPUT_MAX, program, f);
	const char *user = json_string_value(json_object_get(j, "Username"));
	const char *secret = json_string_value(json_object_get(j, "Secret"));

	if (!j)
		return -f->code;
	if (!json_is_object(j) || !user || !secret)
		return refuse(f, EBADMSG, "'%s get' answers without Username and Secret", program);
	if (!*user && !*secret)
		return 0;
	if (!strcmp(user, "<token>")) {
		ret->identity_token = mem_strdup(secret);
	} else {
		ret->user = mem_strdup(user);
		ret->password = mem_strdup(secret);
	}
	return 1;
}

int helper_get(const char *name, const char *server, struct auth *ret, struct fail *f)
{
	auto_free char *program = mem_printf("docker-credential-%s", name);
	struct str s = STR_INIT(HELPER_OUTPUT_MAX);
	struct run run = { 0, -EBADF, -EBADF };
	int64_t end = time_monotonic() + HELPER_SECONDS * TIME_SECOND;
	int r, status;

	*ret = (struct auth){ 0 };
	if (!is_name(name))
		return refuse(f, EINVAL, "'%.60s' is no name of a credential helper", name);
	if (!spawn_find(program, NULL))
		return refuse(f, ENOENT, "the credential helper '%s' is not in PATH", program);
	r = start(program, &run, f);
	if (r < 0)
		return r;
	tell(run.in, server);
	fd_close(run.in);
	r = read_answer(run.out, end, &s);
	fd_close(run.out);
	if (r < 0)
		(void)kill(run.pid, SIGKILL);
	status = await_end(run.pid, end);
	if (r == -ETIMEDOUT)
		r = refuse(f, ETIMEDOUT, "'%s get' gave no answer within %d seconds", program, HELPER_SECONDS);
	else if (r == -EFBIG)
		r = refuse(f, EFBIG, "'%s get' answers with more than %d bytes", program, HELPER_OUTPUT_MAX);
	else if (r < 0)
		r = fail(f, -r, "read the answer of '%s get'", program);
	else if (status && says_none(str_cstr(&s)))
		r = 0;
	else if (status)
		r = ended_badly(program, server, &s, status, f);
	else
		r = take(program, &s, ret, f);
	if (s.s)
		OPENSSL_cleanse(s.s, s.len);
	str_done(&s);
	return r;
}
