// SPDX-License-Identifier: Apache-2.0
/*
 * The monitor around a process that is no container: a launch of its own (a shell with the pipes or
 * pty it is given) stands in for runtime/launch.h, so that output, input, exit status, locks,
 * clients and failures can be seen without namespaces.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "runtime/monitor/ask.h"
#include "runtime/monitor/monitor.h"
#include "runtime/monitor/proto.h"
#include "runtime/net/slirp.h"
#include "runtime/state.h"

/* --- a launch without a container --- */

static int child_console(struct launched *ret)
{
	char name[64];
	int fd;

	ret->console_fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (ret->console_fd < 0 || grantpt(ret->console_fd) < 0 || unlockpt(ret->console_fd) < 0 ||
	    ptsname_r(ret->console_fd, name, sizeof(name)))
		return -EIO;
	fd = open(name, O_RDWR | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

int launch_start(const struct launch *l, struct launched *ret, struct fail *f)
{
	int pair[2], tty = -1;
	sigset_t none;

	*ret = (struct launched){ .netns_fd = -EBADF, .console_fd = -EBADF };
	if (!l->spec->process.args)
		return refuse(f, EINVAL, "a launch that can't start");
	if (l->spec->process.terminal)
		tty = child_console(ret);
	if (fd_socketpair(SOCK_STREAM, pair) < 0)
		return refuse(f, EIO, "no pair");
	ret->pid = fork();
	if (ret->pid == 0) {
		char c;

		/* The monitor may be dead before the next line is reached: then the read ends us. */
		close(pair[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setsid();
		for (int i = 0; i < 3; i++)
			dup2(l->spec->process.terminal ? tty : l->stdio[i], i);
		if (l->spec->process.terminal)
			ioctl(0, TIOCSCTTY, 0);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		if (read(pair[1], &c, 1) != 1)
			_exit(1);
		execvp(l->spec->process.args[0], l->spec->process.args);
		c = (char)errno;
		(void)!write(pair[1], &c, 1);
		_exit(127);
	}
	close(pair[1]);
	if (tty >= 0)
		close(tty);
	ret->sock = pair[0];
	ret->pidfd = pidfd_open(ret->pid, 0);
	return 0;
}

int launch_ready(struct launched *l, struct fail *f)
{
	(void)l;
	(void)f;
	return 0;
}

int launch_go_ahead(struct launched *l, struct fail *f)
{
	char c = 'g';

	(void)f;
	assert_int_equal(write(l->sock, &c, 1), 1);
	l->gone_ahead = true;
	return 0;
}

int launch_go(struct launched *l, struct fail *f)
{
	char c = 'g';

	if ((l->gone_ahead || write(l->sock, &c, 1) == 1) && read(l->sock, &c, 1) == 1) {
		refuse(f, c, "cannot run");
		f->status = 127;
		return -c;
	}
	l->sock = fd_close(l->sock);
	return 0;
}

void launched_done(struct launched *l)
{
	if (l->pid > 0) {
		kill(l->pid, SIGKILL);
		waitpid(l->pid, NULL, 0);
	}
	l->pid = 0;
	l->pidfd = fd_close(l->pidfd);
	l->sock = fd_close(l->sock);
	l->console_fd = fd_close(l->console_fd);
}

int slirp_publish(int api_dir, const struct port_forward *ports, size_t n, struct fail *f)
{
	(void)api_dir;
	(void)ports;
	(void)n;
	(void)f;
	return 0;
}

int slirp_start(int netns_fd, int api_dir, struct slirp *ret, struct fail *f)
{
	(void)netns_fd;
	(void)api_dir;
	(void)ret;
	(void)f;
	return 0;
}

int slirp_ready(struct slirp *s, struct fail *f)
{
	(void)s;
	(void)f;
	return 0;
}

void slirp_done(struct slirp *s)
{
	(void)s;
}

/* --- helpers --- */

struct bed {
	char path[64];
	int dir_fd;
	struct spec spec;
	struct monitor_opts o;
	pid_t monitor;
};

static struct bed *bed_new(const char *script)
{
	struct bed *b = mem_alloc(sizeof(*b));

	snprintf(b->path, sizeof(b->path), "/tmp/rbox-unit-XXXXXX");
	assert_non_null(mkdtemp(b->path));
	b->dir_fd = fd_open(AT_FDCWD, b->path, O_RDONLY | O_DIRECTORY, 0);
	assert_true(b->dir_fd >= 0);
	strv_add(&b->spec.process.args, "sh");
	strv_add(&b->spec.process.args, "-c");
	strv_add(&b->spec.process.args, script);
	strv_add(&b->spec.process.args, b->path);
	b->o = (struct monitor_opts){
		.id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		.dir_fd = b->dir_fd, .run_dir = b->path, .launch.spec = &b->spec,
		.launch.seccomp_fd = -EBADF, .net = NET_NONE, .pid_file_fd = -EBADF, .foreground = true,
		.log = { .driver = LOG_NONE, .name = "log", .max_file = 3 },
	};
	return b;
}

/* Until the script has made its file "ready": its traps are set. */
static void await_ready(struct bed *b)
{
	for (int i = 0; i < 6000 && faccessat(b->dir_fd, "ready", F_OK, 0) < 0; i++)
		usleep(10 * 1000);
	assert_int_equal(faccessat(b->dir_fd, "ready", F_OK, 0), 0);
}

static void bed_free(struct bed *b)
{
	fd_close(b->dir_fd);
	assert_int_equal(file_remove_tree(AT_FDCWD, b->path), 0);
	strv_free(b->spec.process.args);
	free(b);
}

static int start(struct bed *b)
{
	struct fail f = { 0 };
	int sock = monitor_start(&b->o, &b->monitor, &f);

	if (sock < 0)
		print_error("%s\n", f.msg);
	assert_true(sock >= 0);
	return sock;
}

/* Waits for the monitor's own end: all it does is done then. */
static void await_monitor(struct bed *b)
{
	assert_int_equal(waitpid(b->monitor, NULL, 0), b->monitor);
}

/* Collects output until EXITED; the status, or -1 when the monitor is gone. */
static int collect(int sock, struct str *out, struct str *err)
{
	struct proto_msg *m = mem_alloc(sizeof(*m));
	int32_t code = -1;

	while (proto_recv(sock, m, 0) == 1) {
		if (m->head.type == ATTACH_OUTPUT)
			str_addn(m->head.stream == 1 ? out : err, m->data, m->head.len);
		if (m->head.type == ATTACH_EXITED) {
			assert_int_equal(proto_int(m, &code), 0);
			break;
		}
	}
	free(m);
	return code;
}

static void load_state(const struct bed *b, struct state *s)
{
	struct fail f = { 0 };

	assert_int_equal(state_load(b->dir_fd, s, &f), 0);
}

static char *content(const struct bed *b, const char *name)
{
	struct str s = STR_INIT(256 << 20);

	if (file_read(b->dir_fd, name, &s) < 0)
		return mem_strdup("(missing)");
	return str_take(&s);
}

/* --- tests --- */

static void test_exit_codes(void **state)
{
	static const struct { const char *script; int code; const char *out, *err; } rows[] = {
		{ "exit 0", 0, "", "" },
		{ "echo a; echo b >&2; exit 3", 3, "a\n", "b\n" },
		{ "kill -9 $$", 137, "", "" },
		{ "printf x; kill $$", 143, "x", "" },
		{ "exec no-such-command-at-all", 127, "", NULL },
		{ "cat; echo end", 0, "end\n", "" },
		/* Whoever is left holding the pipe doesn't hold us. */
		{ "echo first; (sleep 2; echo late) & exit 4", 4, "first\n", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bed *b = bed_new(rows[i].script);
		auto_str struct str out = STR_INIT(1 << 20);
		auto_str struct str err = STR_INIT(1 << 20);
		auto_free char *exit_file = NULL;
		char want[16];
		struct state s;
		int sock = start(b);

		assert_int_equal(collect(sock, &out, &err), rows[i].code);
		fd_close(sock);
		assert_string_equal(str_cstr(&out), rows[i].out);
		if (rows[i].err)
			assert_string_equal(str_cstr(&err), rows[i].err);
		await_monitor(b);
		exit_file = content(b, "exit");
		snprintf(want, sizeof(want), "%d\n", rows[i].code);
		assert_string_equal(exit_file, want);
		load_state(b, &s);
		assert_int_equal(s.status, STATUS_STOPPED);
		assert_int_equal(s.exit_code, rows[i].code);
		assert_int_equal(s.pid, 0);
		assert_true(s.started_at > 0 && s.finished_at >= s.started_at);
		state_done(&s);
		assert_false(file_is_locked(b->dir_fd, "lock.run"));
		bed_free(b);
	}
}

/* 10 MB on each stream, every line in its place, for the client and in the log. */
static void test_big_output(void **state)
{
	struct bed *b = bed_new("seq 1 1400000 & seq 1 1400000 >&2; wait");
	auto_str struct str out = STR_INIT(64 << 20);
	auto_str struct str err = STR_INIT(64 << 20);
	struct state s;
	int sock;

	(void)state;
	b->o.log.driver = LOG_K8S_FILE;
	sock = start(b);
	assert_int_equal(collect(sock, &out, &err), 0);
	fd_close(sock);
	await_monitor(b);
	for (int k = 0; k < 2; k++) {
		const char *p = str_cstr(k ? &err : &out);

		for (long i = 1; i <= 1400000; i++) {
			char *end;

			assert_int_equal(strtol(p, &end, 10), i);
			p = end + 1;
		}
		assert_int_equal(*p, 0);
	}
	{
		auto_free char *log = content(b, "log");
		struct str both[2] = { STR_INIT(64 << 20), STR_INIT(64 << 20) };

		for (const char *p = log; *p;) {
			const char *end = strchr(p, '\n');

			assert_non_null(end);
			str_addn(&both[p[39] == 'e'], p + 45, (size_t)(end - p - 45));
			if (p[43] == 'F')
				str_addc(&both[p[39] == 'e'], '\n');
			p = end + 1;
		}
		assert_int_equal(both[0].len, out.len);
		assert_int_equal(both[1].len, err.len);
		assert_memory_equal(both[0].s, out.s, out.len);
		assert_memory_equal(both[1].s, err.s, err.len);
		str_done(&both[0]);
		str_done(&both[1]);
	}
	load_state(b, &s);
	assert_null(s.error);
	state_done(&s);
	bed_free(b);
}

/* A foreground client that doesn't read stops the container, and gets all in the end. */
static void test_slow_foreground(void **state)
{
	struct bed *b = bed_new("seq 1 300000; echo done > \"$0\"/marker");
	auto_str struct str out = STR_INIT(64 << 20);
	auto_str struct str err = STR_INIT(64 << 20);
	int sock;

	(void)state;
	sock = start(b);
	usleep(300 * 1000);
	assert_int_equal(faccessat(b->dir_fd, "marker", F_OK, 0), -1);
	assert_int_equal(collect(sock, &out, &err), 0);
	fd_close(sock);
	assert_int_equal(out.len, 1988895);
	await_monitor(b);
	bed_free(b);
}

/* One that reads nothing and whose container is over: the rest doesn't wait for it. */
static void test_slow_to_the_end(void **state)
{
	struct bed *b = bed_new("seq 1 50000");
	auto_str struct str out = STR_INIT(64 << 20);
	auto_str struct str err = STR_INIT(64 << 20);
	int sock, i;

	(void)state;
	sock = start(b);
	for (i = 0; i < 6000 && (file_is_locked(b->dir_fd, "lock.run") || i < 2); i++)
		usleep(10 * 1000);
	assert_in_range(i, 1, 5999);
	assert_int_equal(collect(sock, &out, &err), 0);
	assert_int_equal(out.len, 288894);
	fd_close(sock);
	await_monitor(b);
	bed_free(b);
}

static void send_text(int sock, const char *text)
{
	assert_int_equal(proto_send(sock, ATTACH_STDIN, 0, text, strlen(text), 0), 0);
}

static void test_stdin(void **state)
{
	struct bed *b = bed_new("cat; echo end");
	auto_str struct str out = STR_INIT(1 << 20);
	auto_str struct str err = STR_INIT(1 << 20);
	int sock;

	(void)state;
	b->o.open_stdin = true;
	sock = start(b);
	send_text(sock, "one\n");
	send_text(sock, "two\n");
	assert_int_equal(proto_send(sock, ATTACH_STDIN_END, 0, NULL, 0, 0), 0);
	assert_int_equal(collect(sock, &out, &err), 0);
	assert_string_equal(str_cstr(&out), "one\ntwo\nend\n");
	fd_close(sock);
	await_monitor(b);
	bed_free(b);
}

/* Input that the container never reads is no wall for a signal. */
static void test_signal(void **state)
{
	struct bed *b = bed_new("trap 'echo got; exit 9' USR1; : >\"$0\"/ready; while :; do sleep 0.05; done");
	auto_str struct str out = STR_INIT(1 << 20);
	auto_str struct str err = STR_INIT(1 << 20);
	char block[ATTACH_DATA_OLD] = { 0 };
	int32_t sig = SIGUSR1;
	int sock;

	(void)state;
	b->o.open_stdin = true;
	sock = start(b);
	await_ready(b);
	for (int i = 0; i < ATTACH_WINDOW / ATTACH_DATA_OLD; i++)
		assert_int_equal(proto_send(sock, ATTACH_STDIN, 0, block, sizeof(block), 0), 0);
	assert_int_equal(proto_send(sock, ATTACH_SIGNAL, 0, &sig, sizeof(sig), MSG_DONTWAIT), 0);
	assert_int_equal(collect(sock, &out, &err), 9);
	assert_string_equal(str_cstr(&out), "got\n");
	fd_close(sock);
	await_monitor(b);
	bed_free(b);
}

/* A second client sees what comes after it; one that stalls is let go and stops nobody. */
static void test_attach(void **state)
{
	struct bed *b = bed_new("while [ ! -e \"$0\"/go ]; do sleep 0.02; done; seq 1 400000");
	struct str out[2] = { STR_INIT(64 << 20), STR_INIT(64 << 20) };
	auto_str struct str err = STR_INIT(1 << 20);
	struct fail f = { 0 };
	int sock, second, stalled;

	(void)state;
	sock = start(b);
	second = attach_connect(b->path, b->o.id, &f);
	assert_true(second >= 0);
	stalled = attach_connect(b->path, b->o.id, &f);
	assert_true(stalled >= 0);
	usleep(50 * 1000);
	assert_int_equal(mkdirat(b->dir_fd, "go", 0700), 0);
	if (fork() == 0) {
		int code = collect(second, &out[1], &err);

		_exit(code == 0 && out[1].len == 2688895 ? 0 : 1);
	}
	assert_int_equal(collect(sock, &out[0], &err), 0);
	assert_int_equal(out[0].len, 2688895);
	{
		int status;

		do
			assert_true(wait(&status) > 0);
		while (0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(collect(stalled, &out[1], &err), -1);
	fd_close(sock);
	fd_close(second);
	fd_close(stalled);
	str_done(&out[0]);
	str_done(&out[1]);
	(void)!waitpid(b->monitor, NULL, 0);
	assert_int_equal(attach_connect(b->path, b->o.id, &f), -ESRCH);
	assert_string_equal(f.msg, "container 0123456789ab is not running");
	bed_free(b);
}

/* What isn't the protocol costs its sender the connection, and nobody else anything. */
static void test_malformed(void **state)
{
	static const struct { const char *bytes; size_t n; } rows[] = {
		{ "", 0 }, { "x", 1 }, { "\x02\0\x01\0\0\0\0\0", 8 }, /* STDIN before HELLO */
		{ "\x01\0\0\0\0\0\0\0", 8 },			      /* version 0 */
		{ "\x01\0\x01\0\x05\0\0\0", 8 },		      /* a length that lies */
		{ "\x01\0\x01\0\xff\xff\xff\xff", 8 },
	};
	struct bed *b = bed_new("trap 'exit 5' TERM; : >\"$0\"/ready; while :; do sleep 0.05; done");
	auto_str struct str out = STR_INIT(1 << 20);
	auto_str struct str err = STR_INIT(1 << 20);
	struct proto_msg *m = mem_alloc(sizeof(*m));
	struct proto_size lie = { 1, 1 };
	int32_t sig = SIGTERM, wrong = 4000;
	int sock;

	(void)state;
	sock = start(b);
	for (size_t i = 1; i < ARRAY_LEN(rows); i++) {
		struct fail f = { 0 };
		int fd = attach_connect(b->path, b->o.id, &f);

		assert_true(fd >= 0);
		assert_int_equal(send(fd, rows[i].bytes, rows[i].n, 0), rows[i].n);
		if (i != 2)
			assert_int_equal(proto_recv(fd, m, 0), 0);
		fd_close(fd);
	}
	assert_int_equal(proto_send(sock, 77, 0, "new", 3, 0), 0);
	assert_int_equal(proto_send(sock, ATTACH_SIGNAL, 0, "x", 1, 0), 0);
	assert_int_equal(proto_send(sock, ATTACH_SIGNAL, 0, &wrong, sizeof(wrong), 0), 0);
	assert_int_equal(proto_send(sock, ATTACH_RESIZE, 0, &lie, sizeof(lie), 0), 0);
	await_ready(b);
	assert_int_equal(proto_send(sock, ATTACH_SIGNAL, 0, &sig, sizeof(sig), 0), 0);
	assert_int_equal(collect(sock, &out, &err), 5);
	fd_close(sock);
	free(m);
	await_monitor(b);
	bed_free(b);
}

static void test_failures(void **state)
{
	struct bed *b = bed_new("exit 0");
	struct fail f = { 0 };
	struct state s;

	(void)state;
	mem_replace(&b->spec.process.args[0], mem_strdup("no-such-command"));
	assert_int_equal(monitor_start(&b->o, NULL, &f), -ENOENT);
	assert_string_equal(f.msg, "cannot run");
	assert_int_equal(fail_status(&f), 127);
	load_state(b, &s);
	assert_int_equal(s.status, STATUS_CONFIGURED);
	assert_int_equal(s.exit_code, 127);
	assert_string_equal(s.error, "cannot run");
	state_done(&s);
	assert_int_equal(faccessat(b->dir_fd, ".exit", F_OK, 0), -1);
	strv_free(b->spec.process.args);
	b->spec.process.args = NULL;
	fail_clear(&f);
	assert_int_equal(monitor_start(&b->o, NULL, &f), -EINVAL);
	assert_string_equal(f.msg, "a launch that can't start");
	bed_free(b);
}

static void test_prepared(void **state)
{
	struct bed *b = bed_new("cat; echo run; exit 6");
	auto_str struct str out = STR_INIT(4096), err = STR_INIT(4096);
	struct fail f = { 0 };
	struct state s;
	int sock;

	(void)state;
	b->o.foreground = false;
	b->o.prepare = b->o.open_stdin = true;
	assert_int_equal(start(b), 0);
	load_state(b, &s);
	assert_int_equal(s.status, STATUS_CREATED);
	assert_int_equal(s.started_at, 0);
	state_done(&s);
	sock = ask_go(b->path, b->o.id, true, &f);
	assert_true(sock >= 0);
	assert_int_equal(proto_send(sock, ATTACH_STDIN, 0, "in\n", 3, 0), 0);
	assert_int_equal(proto_send(sock, ATTACH_STDIN_END, 0, NULL, 0, 0), 0);
	assert_int_equal(collect(sock, &out, &err), 6);
	assert_string_equal(str_cstr(&out), "in\nrun\n");
	fd_close(sock);
	await_monitor(b);
	bed_free(b);
}

static void test_prepared_ends(void **state)
{
	static const struct { int sig; enum status status; int code; } rows[] = {
		{ SIGKILL, STATUS_CONFIGURED, 0 }, { SIGTERM, STATUS_STOPPED, 137 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bed *b = bed_new("exit 0");
		struct fail f = { 0 };
		struct state s;

		b->o.foreground = false;
		b->o.prepare = true;
		b->o.restart = (struct restart_policy){ .kind = RESTART_ALWAYS };
		assert_int_equal(start(b), 0);
		kill(b->monitor, rows[i].sig);
		await_monitor(b);
		/* The launch of this test hands the lock on to its process, which dies a moment later. */
		while (file_is_locked(b->dir_fd, "lock.run"))
			usleep(1000);
		load_state(b, &s);
		assert_int_equal(s.status, rows[i].status);
		assert_int_equal(s.exit_code, rows[i].code);
		state_done(&s);
		assert_int_equal(ask_go(b->path, b->o.id, false, &f), -ESRCH);
		bed_free(b);
	}
}

static void test_prepared_fails(void **state)
{
	struct bed *b = bed_new("exit 0");
	struct fail f = { 0 };
	struct state s;

	(void)state;
	mem_replace(&b->spec.process.args[0], mem_strdup("no-such-command"));
	b->o.foreground = false;
	b->o.prepare = true;
	assert_int_equal(start(b), 0);
	assert_int_equal(ask_go(b->path, b->o.id, true, &f), -ENOENT);
	assert_int_equal(fail_status(&f), 127);
	await_monitor(b);
	load_state(b, &s);
	assert_int_equal(s.status, STATUS_CONFIGURED);
	assert_int_equal(s.exit_code, 127);
	state_done(&s);
	bed_free(b);
}

static void test_detached(void **state)
{
	struct bed *b = bed_new("echo out; sleep 30");
	struct fail f = { 0 };
	struct state s;
	char cmdline[256] = "", path[64];
	int fd;

	(void)state;
	b->o.foreground = false;
	b->o.log.driver = LOG_K8S_FILE;
	assert_int_equal(start(b), 0);
	assert_int_equal(monitor_start(&b->o, NULL, &f), -EBUSY);
	assert_string_equal(f.msg, "container 0123456789ab is already running");
	fail_clear(&f);
	load_state(b, &s);
	assert_int_equal(s.status, STATUS_RUNNING);
	assert_int_equal(s.monitor_pid, b->monitor);
	fd = state_pidfd(&s, &f);
	assert_true(fd >= 0);
	snprintf(path, sizeof(path), "/proc/%d/cmdline", b->monitor);
	{
		auto_str struct str text = STR_INIT(4096);

		assert_int_equal(file_read(AT_FDCWD, path, &text), 0);
		snprintf(cmdline, sizeof(cmdline), "%s", str_cstr(&text));
	}
	assert_true(str_starts("rbox monitor 0123456789ab", cmdline));
	/* The container doesn't outlive its monitor, and the record says so. */
	assert_int_equal(kill(b->monitor, SIGKILL), 0);
	await_monitor(b);
	{
		struct pollfd p = { .fd = fd, .events = POLLIN };

		assert_int_equal(poll(&p, 1, 5000), 1);
	}
	fd_close(fd);
	state_done(&s);
	load_state(b, &s);
	assert_int_equal(s.status, STATUS_STOPPED);
	assert_int_equal(s.exit_code, 137);
	assert_string_equal(s.error, "monitor lost");
	assert_int_equal(state_pidfd(&s, &f), -ESRCH);
	state_done(&s);
	bed_free(b);
}

static void test_sigterm(void **state)
{
	struct bed *b = bed_new("trap 'exit 6' TERM; : >\"$0\"/ready; while :; do sleep 0.05; done");
	auto_str struct str out = STR_INIT(1 << 20);
	auto_str struct str err = STR_INIT(1 << 20);
	int sock;

	(void)state;
	sock = start(b);
	await_ready(b);
	kill(b->monitor, SIGHUP);
	kill(b->monitor, SIGINT);
	kill(b->monitor, SIGTERM);
	assert_int_equal(collect(sock, &out, &err), 6);
	fd_close(sock);
	await_monitor(b);
	bed_free(b);
}

static void test_tty(void **state)
{
	struct bed *b = bed_new("stty size; read x; echo \"[$x]\"; tty >/dev/null && echo tty; exit 7");
	auto_str struct str out = STR_INIT(1 << 20);
	auto_str struct str err = STR_INIT(1 << 20);
	struct proto_size size = { 33, 111 };
	int sock;

	(void)state;
	b->spec.process.terminal = true;
	b->o.open_stdin = true;
	mem_replace(&b->spec.process.args[2],
		    mem_strdup("sleep 0.3; stty size; read x; echo \"[$x]\"; exit 7"));
	sock = start(b);
	assert_int_equal(proto_send(sock, ATTACH_RESIZE, 0, &size, sizeof(size), 0), 0);
	send_text(sock, "hallo\n");
	assert_int_equal(collect(sock, &out, &err), 7);
	assert_string_equal(str_cstr(&out), "hallo\r\n33 111\r\n[hallo]\r\n");
	fd_close(sock);
	await_monitor(b);
	bed_free(b);
}

static bool note_end(void *ctx, int code)
{
	const struct bed *b = ctx;
	char name[32];

	snprintf(name, sizeof(name), "ended-%d", code);
	assert_int_equal(mkdirat(b->dir_fd, name, 0700), 0);
	return code == 8;
}

/* A run of SCRIPT to its end with CODE, of which note_end is told. */
static struct bed *run_to_end(const char *script, int code)
{
	struct bed *b = bed_new(script);
	auto_str struct str out = STR_INIT(1 << 20);
	char name[32];
	int sock;

	b->o.ended = note_end;
	b->o.ctx = b;
	sock = start(b);
	assert_int_equal(collect(sock, &out, &out), code);
	/* It was told before the client. */
	snprintf(name, sizeof(name), "ended-%d", code);
	assert_int_equal(faccessat(b->dir_fd, name, F_OK, 0), 0);
	fd_close(sock);
	await_monitor(b);
	return b;
}

static void assert_ended(struct state *s, int code)
{
	assert_int_equal(s->status, STATUS_STOPPED);
	assert_int_equal(s->exit_code, code);
	state_done(s);
}

/* What is gone is not written down any more; what stays (it is restarted, say) is. */
static void test_ended_kept(void **state)
{
	struct bed *b = run_to_end("exit 9", 9);
	struct state s;
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(state_load_raw(b->dir_fd, &s, &f), 0);
	assert_ended(&s, 9);
	bed_free(b);
}

static void test_ended(void **state)
{
	struct bed *b = run_to_end("exit 8", 8);
	struct state s;
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(state_load_raw(b->dir_fd, &s, &f), 0);
	assert_int_equal(s.status, STATUS_RUNNING);
	state_done(&s);
	/* Whoever looks all the same sees the end. */
	assert_int_equal(state_load(b->dir_fd, &s, &f), 0);
	assert_ended(&s, 8);
	bed_free(b);
}

static void touch(const struct bed *b, const char *name)
{
	fd_close(fd_open(b->dir_fd, name, O_WRONLY | O_CREAT, 0600));
}

/* What it ignores, it ignores from its first output on. */
static void await_output(int sock)
{
	auto_free struct proto_msg *m = mem_alloc(sizeof(*m));

	assert_int_equal(proto_recv(sock, m, 0), 1);
	assert_int_equal(m->head.type, ATTACH_OUTPUT);
}

/*
 * `stop -t N` of one that was between two runs said no N: the run that had begun meanwhile had the container's own
 * time, a minute and a half here.
 */
static void test_stop_time(void **state)
{
	static const int32_t asked[][2] = { { 1, 1 }, { 0, 0 }, { -1, 1 }, { 90, 1 }, { 1, -1 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
		struct bed *b = bed_new("trap '' TERM; echo up; while :; do sleep 0.05; done");
		auto_str struct str out = STR_INIT(1 << 20);
		struct fail f = { 0 };
		int64_t began;
		int sock, ask[2];

		b->o.stop_signal = SIGTERM;
		b->o.stop_timeout = 90;
		sock = start(b);
		await_output(sock);
		touch(b, "stop");
		began = time_monotonic();
		/* Both are there before the first of them can end it. */
		for (size_t k = 0; k < 2; k++) {
			ask[k] = attach_connect(b->path, b->o.id, &f);
			assert_true(ask[k] >= 0);
		}
		assert_int_equal(proto_send(ask[0], ATTACH_STOP, 0, &asked[i][0], sizeof(asked[i][0]), 0), 0);
		(void)!proto_send(ask[1], ATTACH_STOP, 0, &asked[i][1], sizeof(asked[i][1]), 0);
		assert_int_equal(collect(sock, &out, &out), 137);
		/* Not by its own time. */
		assert_true(time_monotonic() - began < 80 * TIME_SECOND);
		fd_close(ask[0]);
		fd_close(ask[1]);
		fd_close(sock);
		await_monitor(b);
		bed_free(b);
	}
}

/* A client of the version before says no time. */
static void test_stop_old(void **state)
{
	struct bed *b = bed_new("while :; do sleep 0.05; done");
	auto_str struct str out = STR_INIT(1 << 20);
	struct fail f = { 0 };
	auto_fd int ask = -EBADF;
	int sock;

	(void)state;
	b->o.stop_signal = SIGTERM;
	b->o.stop_timeout = 90;
	sock = start(b);
	touch(b, "stop");
	ask = attach_connect(b->path, b->o.id, &f);
	assert_int_equal(proto_send(ask, ATTACH_STOP, 0, NULL, 0, 0), 0);
	assert_int_equal(collect(sock, &out, &out), 143);
	fd_close(sock);
	await_monitor(b);
	bed_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit_codes),	cmocka_unit_test(test_big_output),
		cmocka_unit_test(test_slow_foreground), cmocka_unit_test(test_slow_to_the_end),
		cmocka_unit_test(test_stdin),		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_attach),		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_failures),	cmocka_unit_test(test_prepared),
		cmocka_unit_test(test_prepared_ends),	cmocka_unit_test(test_prepared_fails),
		cmocka_unit_test(test_detached),
		cmocka_unit_test(test_sigterm),		cmocka_unit_test(test_tty),
		cmocka_unit_test(test_ended),		cmocka_unit_test(test_ended_kept),
		cmocka_unit_test(test_stop_time),	cmocka_unit_test(test_stop_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
