// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/slirp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/spawn.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"

/* Where its descriptors are in the helper: named on its command line. */
enum { READY_AT = 3, EXIT_AT = 4, NETNS_AT = 5, API_AT = 6, LOG_MAX = 4096, READY_MS = 10000 };

static void no_slirp(struct fail *f)
{
	fail_hint(f, "apt install slirp4netns, or choose another network: --network none or --network host");
}

/* Returns the pid; the two pipes' far ends are for slirp4netns alone. */
static pid_t run(int netns_fd, int api_dir, int ready, int leave, int log, struct fail *f)
{
	const char *const argv[] = {
		"slirp4netns", "--configure", "--mtu=65520", "--disable-host-loopback",
		"--enable-sandbox", "--enable-seccomp", "--ready-fd=3", "--exit-fd=4",
		"--netns-type=path", "/proc/self/fd/5", "tap0",
		/* By descriptor: a socket's path holds 108 bytes, a runtime folder's may be longer (unix(7)). */
		api_dir < 0 ? NULL : "--api-socket=/proc/self/fd/6/" SLIRP_SOCKET, NULL,
	};
	const struct spawn_fd fds[] = {
		{ ready, READY_AT }, { leave, EXIT_AT }, { netns_fd, NETNS_AT }, { log, STDOUT_FILENO },
		{ log, STDERR_FILENO }, { api_dir, API_AT },
	};
	const struct spawn s = {
		.program = "slirp4netns",
		.argv = (char *const *)(void *)(uintptr_t)argv,
		.fds = fds,
		.n_fds = ARRAY_LEN(fds) - (api_dir < 0),
		/* Until its exit pipe is watched; it changes credentials, which clears this. */
		.deathsig = SIGKILL,
	};
	pid_t pid = spawn_start(&s, f);

	if (pid < 0)
		no_slirp(f);
	return pid;
}

int slirp_start(int netns_fd, int api_dir, struct slirp *ret, struct fail *f)
{
	auto_fd int ready = -EBADF, ready_far = -EBADF, leave = -EBADF, leave_far = -EBADF;
	auto_fd int log = -EBADF;
	int p[2], r;
	pid_t pid;

	*ret = (struct slirp){ .ready_fd = -EBADF, .exit_fd = -EBADF, .log_fd = -EBADF };
	r = fd_pipe(p);
	if (r < 0)
		return fail(f, -r, "make a pipe for slirp4netns");
	ready = p[0];
	ready_far = p[1];
	r = fd_pipe(p);
	if (r < 0)
		return fail(f, -r, "make a pipe for slirp4netns");
	leave_far = p[0];
	leave = p[1];
	log = fd_memfd("slirp4netns", 0);
	if (log < 0)
		return fail(f, -log, "make a file for what slirp4netns says");
	/* Of a start that was killed. */
	if (api_dir >= 0 && unlinkat(api_dir, SLIRP_SOCKET, 0) < 0 && errno != ENOENT)
		return fail(f, errno, "remove an old socket of slirp4netns");
	pid = run(netns_fd, api_dir, ready_far, leave_far, log, f);
	if (pid < 0)
		return pid;
	*ret = (struct slirp){
		.pid = pid,
		.ready_fd = fd_take(&ready),
		.exit_fd = fd_take(&leave),
		.log_fd = fd_take(&log),
	};
	return 0;
}

/* What it said, on one line, without its greeting. */
static void add_log(int log_fd, struct str *s)
{
	auto_str struct str text = STR_INIT(LOG_MAX);
	auto_strv char **lines = NULL;

	if (lseek(log_fd, 0, SEEK_SET) < 0)
		return;
	(void)!io_read_all(log_fd, &text);
	lines = strv_split(str_cstr(&text), "\n", true);
	strv_each(it, lines) {
		/* Each start says these; what follows the failure is what counts. */
		if (str_starts(*it, "sent tapfd") || str_starts(*it, "received tapfd") ||
		    str_starts(*it, "WARNING: Support for") || str_starts(*it, "* ") ||
		    str_starts(*it, "Starting slirp") || str_starts(*it, "cmdline:"))
			continue;
		str_add(s, s->len ? "; " : "");
		str_add_escaped(s, *it);
	}
}

static int failed(struct slirp *s, const char *how, struct fail *f)
{
	auto_str struct str said = STR_INIT(600);

	add_log(s->log_fd, &said);
	refuse(f, EIO, "slirp4netns %s%s%s", how, said.len ? ": " : "", str_cstr(&said));
	fail_hint(f, "--network none or --network host does without it");
	return -EIO;
}

int slirp_ready(struct slirp *s, struct fail *f)
{
	int64_t end = time_monotonic() + READY_MS * (TIME_SECOND / 1000);
	struct pollfd p = { .fd = s->ready_fd, .events = POLLIN };
	char c;

	while (true) {
		int64_t left = (end - time_monotonic()) / (TIME_SECOND / 1000);
		int n;

		if (left <= 0)
			return failed(s, "was not ready within 10 seconds", f);
		n = poll(&p, 1, (int)left);
		if (n < 0 && errno != EINTR)
			return fail(f, errno, "wait for slirp4netns");
		if (n > 0)
			break;
	}
	/* One byte when the interface is up (slirp4netns(1)); the end of the pipe when it died before. */
	if (io_read(s->ready_fd, &c, 1) != 1)
		return failed(s, "ended before the network was up", f);
	s->ready_fd = fd_close(s->ready_fd);
	return 0;
}

/* --- ports --- */

static int api_connect(int api_dir)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const struct timeval patience = { .tv_sec = READY_MS / 1000 };
	char path[FD_PATH_MAX];
	auto_fd int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (sock < 0)
		return -errno;
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/" SLIRP_SOCKET, fd_path(api_dir, path));
	if (setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    connect(sock, (struct sockaddr *)&a, sizeof(a)) < 0)
		return -errno;
	return fd_take(&sock);
}

/* One request a connection, ended by us: so it wants it (slirp4netns(1)). What it answers is in ANSWER. */
static int api_ask(int api_dir, const char *request, struct str *answer)
{
	auto_fd int sock = api_connect(api_dir);
	int r = sock < 0 ? sock : io_write_full(sock, request, strlen(request));

	if (r == 0 && shutdown(sock, SHUT_WR) < 0)
		r = -errno;
	return r == 0 ? io_read_all(sock, answer) : r;
}

/* It says no more than that it failed: what stands in the way is found out by trying. */
static int publish_failed(const struct port_forward *p, unsigned i, const char *answer, struct fail *f)
{
	uint16_t port = (uint16_t)(p->host + i);
	int r = port_probe(p->udp, p->ip, port);

	/* Who is root here may have been able to try what slirp4netns, no longer root, may not. */
	if (r >= 0 && port < port_unprivileged_start())
		r = -EACCES;
	if (r < 0)
		return port_refuse(p->udp, p->ip, port, -r, NULL, f);
	return refuse(f, EIO, "publish port %u: slirp4netns says: %.300s", port, answer);
}

static int publish_one(int api_dir, const struct port_forward *p, unsigned i, struct fail *f)
{
	auto_json json_t *j = json_pack("{s:s, s:{s:s, s:s, s:i, s:i}}", "execute", "add_hostfwd", "arguments",
					"proto", p->udp ? "udp" : "tcp",
					"host_addr", p->ip && *p->ip ? p->ip : "0.0.0.0",
					"host_port", (int)(p->host + i), "guest_port", (int)(p->guest + i));
	auto_free char *request = jsonf_text(j, 0);
	auto_str struct str answer = STR_INIT(LOG_MAX);
	int r = api_ask(api_dir, request, &answer);

	if (r < 0)
		return fail(f, -r, "publish port %u: ask slirp4netns", p->host + i);
	return strstr(str_cstr(&answer), "\"return\"") ? 0 : publish_failed(p, i, str_cstr(&answer), f);
}

int slirp_publish(int api_dir, const struct port_forward *ports, size_t n, struct fail *f)
{
	int r = 0;

	for (size_t k = 0; k < n && r == 0; k++)
		for (unsigned i = 0; i < ports[k].count && r == 0; i++)
			r = publish_one(api_dir, &ports[k], i, f);
	if (n)
		(void)unlinkat(api_dir, SLIRP_SOCKET, 0);
	return r;
}

void slirp_done(struct slirp *s)
{
	s->ready_fd = fd_close(s->ready_fd);
	/* It polls the exit pipe and ends; killed as well, since it may not be that far yet. */
	s->exit_fd = fd_close(s->exit_fd);
	if (s->pid > 0) {
		(void)kill(s->pid, SIGKILL);
		(void)!spawn_wait(s->pid);
		s->pid = 0;
	}
	s->log_fd = fd_close(s->log_fd);
}
