// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "runtime/join.h"
#include "runtime/net/slirp.h"
#include "runtime/ns.h"
#include "runtime/seccomp.h"

/* A container as far as joining cares: all namespaces, proc, devpts, the host's root. */
struct box {
	pid_t pid;
	int pidfd;
	int hold;	/* closed: it ends */
};

static void box_child(int go, int up)
{
	char c;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (io_read(go, &c, 1) != 1 || setresuid(0, 0, 0) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", 0, NULL) < 0 ||
	    mount("devpts", "/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666,mode=0620") < 0 ||
	    sethostname("box", 3) < 0)
		_exit(1);
	(void)!io_write_full(up, "u", 1);
	while (io_read(go, &c, 1) > 0)
		;
	_exit(0);
}

static void write_map(pid_t pid, const char *which, const char *text)
{
	auto_free char *path = mem_printf("/proc/%d/%s", (int)pid, which);
	auto_fd int fd = fd_open(AT_FDCWD, path, O_WRONLY, 0);

	assert_true(fd >= 0);
	assert_int_equal(io_write_full(fd, text, strlen(text)), 0);
}

static int box_up(void **state)
{
	struct box *b = mem_alloc(sizeof(*b));
	const uint64_t flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
			       CLONE_NEWUTS | CLONE_NEWCGROUP;
	auto_free char *uids = mem_printf("0 %u 1\n", geteuid());
	auto_free char *gids = mem_printf("0 %u 1\n", getegid());
	int go[2], up[2];
	char c;

	assert_int_equal(fd_socketpair(SOCK_STREAM, go), 0);
	assert_int_equal(fd_pipe(up), 0);
	b->pid = ns_clone(flags, -EBADF, &b->pidfd);
	assert_true(b->pid >= 0);
	if (b->pid == 0) {
		fd_close(go[1]);
		box_child(go[0], up[1]);
	}
	fd_close(go[0]);
	fd_close(up[1]);
	if (geteuid() == 0) {
		write_map(b->pid, "uid_map", "0 0 4000000000\n");
		write_map(b->pid, "gid_map", "0 0 4000000000\n");
	} else {
		write_map(b->pid, "setgroups", "deny");
		write_map(b->pid, "uid_map", uids);
		write_map(b->pid, "gid_map", gids);
	}
	b->hold = go[1];
	assert_int_equal(io_write_full(b->hold, "g", 1), 0);
	assert_int_equal(io_read(up[0], &c, 1), 1);
	fd_close(up[0]);
	*state = b;
	return 0;
}

static int box_down(void **state)
{
	struct box *b = *state;

	fd_close(b->hold);
	(void)kill(b->pid, SIGKILL);
	(void)!waitpid(b->pid, NULL, 0);
	fd_close(b->pidfd);
	free(b);
	return 0;
}

static char **words(const char *const *v)
{
	char **ret = NULL;

	for (; *v; v++)
		strv_add(&ret, *v);
	return ret;
}
#define WORDS(...) words((const char *const[]){ __VA_ARGS__, NULL })

/* A process as root with no capabilities. */
static void sh(struct spec_process *p, const char *script)
{
	*p = (struct spec_process){ .args = WORDS("sh", "-c", script), .env = WORDS("PATH=/usr/bin:/bin"),
				    .cwd = mem_strdup("/") };
	p->user.umask = 022;
}

static void sh_done(struct spec_process *p)
{
	strv_free(p->args);
	strv_free(p->env);
	free(p->cwd);
	strv_free(p->caps.bounding);
	strv_free(p->caps.effective);
	strv_free(p->caps.permitted);
	free(p->user.username);
}

static int wait_for(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Runs P to its end; what it wrote in OUT. Returns the exit status, or join_start's failure. */
static int run_in(const struct box *b, const struct spec_process *p, int seccomp_fd, struct str *out,
		  struct fail *f)
{
	auto_fd int null = fd_open(AT_FDCWD, "/dev/null", O_RDWR, 0);
	struct launched l;
	struct join j = { .pid = b->pid, .pidfd = b->pidfd, .process = p, .seccomp_fd = seccomp_fd };
	int pipe[2], r;

	assert_int_equal(fd_pipe(pipe), 0);
	j.stdio[0] = null;
	j.stdio[1] = j.stdio[2] = pipe[1];
	r = join_start(&j, &l, f);
	fd_close(pipe[1]);
	if (r == 0) {
		assert_true(l.pid > 0 && l.pidfd >= 0);
		assert_int_equal(l.console_fd, -EBADF);
		(void)!io_read_all(pipe[0], out);
		r = wait_for(l.pid);
		fd_close(l.pidfd);
	}
	fd_close(pipe[0]);
	return r;
}

static void joins_all_namespaces(void **state)
{
	struct box *b = *state;
	auto_str struct str out = STR_INIT(4096);
	struct spec_process p;
	struct fail f = { 0 };

	sh(&p, "hostname; readlink /proc/self; ls /sys/class/net >/dev/null; cat /proc/1/comm; id -u; pwd;"
	       "grep -c . /proc/net/dev; echo $HOME; umask");
	assert_int_equal(run_in(b, &p, -EBADF, &out, &f), 0);
	assert_string_equal(f.msg, "");
	assert_memory_equal(str_cstr(&out), "box\n", 4);
	assert_non_null(strstr(str_cstr(&out), "runtime_join\n0\n/\n3\n/root\n0022\n"));
	sh_done(&p);
}

static void holds_nothing_but_stdio(void **state)
{
	auto_fd int leaked = fd_open(AT_FDCWD, "/", O_PATH, 0);
	auto_str struct str out = STR_INIT(4096);
	struct spec_process p;
	struct fail f = { 0 };

	assert_int_equal(fd_set_cloexec(leaked, 0), 0);
	sh(&p, "ls -x /proc/self/fd; grep -E 'SigIgn|SigBlk|CapEff|CapBnd|NoNewPrivs|Seccomp:' "
	       "/proc/self/status");
	p.no_new_privileges = true;
	assert_int_equal(run_in(*state, &p, -EBADF, &out, &f), 0);
	assert_string_equal(str_cstr(&out), "0  1  2  3\n"	/* 3: the folder that ls reads */
			    "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n"
			    "CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n"
			    "NoNewPrivs:\t1\nSeccomp:\t0\n");
	sh_done(&p);
}

static void loads_seccomp_with_and_without_nnp(void **state)
{
	for (int nnp = 0; nnp < 2; nnp++) {
		auto_str struct str out = STR_INIT(4096);
		auto_fd int filter = -EBADF;
		struct spec_process p;
		struct fail f = { 0 };

		sh(&p, "grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status; hostname other || echo no");
		p.no_new_privileges = nnp;
		p.caps.bounding = WORDS("CAP_SYS_CHROOT");
		filter = seccomp_default(p.caps.bounding, -EBADF, &f);
		assert_true(filter >= 0);
		assert_int_equal(run_in(*state, &p, filter, &out, &f), 0);
		assert_non_null(strstr(str_cstr(&out), nnp ? "NoNewPrivs:\t1\nSeccomp:\t2\n" :
							    "NoNewPrivs:\t0\nSeccomp:\t2\n"));
		assert_non_null(strstr(str_cstr(&out), "no\n"));
		sh_done(&p);
	}
}

static void failures_come_back(void **state)
{
	static const struct {
		const char *arg, *cwd, *user;
		const char *msg;
		int status;
	} rows[] = {
		{ "nowhere-to-be-found", "/", NULL,
		  "executable file `nowhere-to-be-found` not found in $PATH: No such file or directory", 127 },
		{ "/nowhere", "/", NULL, "executable file `/nowhere` not found: No such file or directory", 127 },
		{ "/etc", "/", NULL, "exec `/etc`: Permission denied: OCI permission denied", 126 },
		{ "/etc/passwd", "/", NULL, "exec `/etc/passwd`: Permission denied: OCI permission denied", 126 },
		{ "", "/", NULL, "executable file `` not found in $PATH: No such file or directory", 127 },
		{ "true", "/nowhere", NULL,
		  "enter the working directory '/nowhere': No such file or directory", 127 },
		{ "true", "/proc/self/fd/0", NULL,
		  "enter the working directory '/proc/self/fd/0': Too many levels of symbolic links", 126 },
		{ "true", "/", "nobody-of-that-name",
		  "unable to find user nobody-of-that-name: no matching entries in passwd file", 125 },
		{ "true", "/", "4294967295", "uid 4294967295 is not within 0-2147483647", 125 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_str struct str out = STR_INIT(4096);
		struct spec_process p;
		struct fail f = { 0 };

		sh(&p, "");
		strv_free(p.args);
		p.args = WORDS(rows[i].arg);
		mem_replace(&p.cwd, mem_strdup(rows[i].cwd));
		p.user.username = mem_strdup(rows[i].user);
		assert_true(run_in(*state, &p, -EBADF, &out, &f) < 0);
		assert_string_equal(f.msg, rows[i].msg);
		assert_int_equal(fail_status(&f), rows[i].status);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), 0);	/* the box is all there is */
		sh_done(&p);
	}
}

static void refuses_unmapped_users(void **state)
{
	auto_str struct str out = STR_INIT(4096);
	struct spec_process p;
	struct fail f = { 0 };

	sh(&p, "true");
	p.user.username = mem_strdup(geteuid() == 0 ? "root" : "2000000000:0");
	if (geteuid() == 0) {
		p.user.uid = 4000000001U;
		mem_replace(&p.user.username, NULL);
	}
	assert_true(run_in(*state, &p, -EBADF, &out, &f) < 0);
	assert_string_equal(f.msg, geteuid() == 0 ? "uid 4000000001 is not mapped in this container" :
						    "uid 2000000000 is not mapped in this container");
	assert_true(*f.hint);
	sh_done(&p);
}

/* What stands where the terminal maker was: a file, a fifo that nobody writes, another device. */
static void trusts_no_other_terminal_maker(void **state)
{
	static const char *const fakes[] = { "/dev/null", "/etc/passwd", "/dev/tty" };
	struct box *b = *state;

	if (geteuid() != 0)
		skip();		/* one id: the pty's group is not mapped */
	for (size_t i = 0; i < ARRAY_LEN(fakes); i++) {
		auto_free char *cover = mem_printf("mount --bind %s /dev/pts/ptmx", fakes[i]);
		char *caps[] = { (char *)(uintptr_t)"CAP_SYS_ADMIN", NULL };
		auto_str struct str out = STR_INIT(4096);
		struct spec_process p;
		struct launched l;
		struct fail f = { 0 };
		struct join j = { .pid = b->pid, .pidfd = b->pidfd, .process = &p, .seccomp_fd = -EBADF,
				  .stdio = { -1, -1, -1 } };

		sh(&p, cover);
		p.caps.bounding = strv_dup(caps);
		p.caps.effective = strv_dup(caps);
		p.caps.permitted = strv_dup(caps);
		assert_int_equal(run_in(b, &p, -EBADF, &out, &f), 0);
		p.terminal = true;
		assert_true(join_start(&j, &l, &f) < 0);
		assert_non_null(strstr(f.msg, "'/dev/pts/ptmx' of the container"));
		sh_done(&p);
	}
}

static void makes_a_terminal(void **state)
{
	struct box *b = *state;
	auto_str struct str out = STR_INIT(4096);
	struct spec_process p;
	struct launched l;
	struct fail f = { 0 };
	struct join j = { .pid = b->pid, .pidfd = b->pidfd, .process = &p, .seccomp_fd = -EBADF,
			  .stdio = { -1, -1, -1 } };

	sh(&p, "tty; stty size; test -t 2 && echo err; ps -o sid= -p $$ | tr -d ' '; echo $$");
	p.terminal = true;
	p.console_size.height = 33;
	p.console_size.width = 77;
	assert_int_equal(join_start(&j, &l, &f), 0);
	assert_true(l.console_fd >= 0);
	while (true) {
		char buf[256];
		ssize_t n = io_read(l.console_fd, buf, sizeof(buf));

		if (n <= 0)
			break;	/* EIO: the other side is closed */
		str_addn(&out, buf, (size_t)n);
	}
	assert_int_equal(wait_for(l.pid), 0);
	assert_memory_equal(str_cstr(&out), "/dev/pts/", 9);
	assert_non_null(strstr(str_cstr(&out), "\r\n33 77\r\nerr\r\n"));
	fd_close(l.console_fd);
	fd_close(l.pidfd);
	sh_done(&p);
}

/* The process dies with its caller, unless it is detached. */
static void dies_with_its_caller(void **state)
{
	struct box *b = *state;

	for (int detach = 0; detach < 2; detach++) {
		struct spec_process p;
		struct pollfd pf = { .events = POLLIN };
		int pair[2], got[1];
		pid_t caller;
		size_t n;
		char c;

		assert_int_equal(fd_socketpair(SOCK_SEQPACKET, pair), 0);
		sh(&p, "exec sleep 100");
		caller = fork();
		if (caller == 0) {
			struct join j = { .pid = b->pid, .pidfd = b->pidfd, .process = &p,
					  .seccomp_fd = -EBADF, .detach = detach,
					  .stdio = { 0, 1, 2 } };
			struct launched l;
			struct fail f = { 0 };

			if (join_start(&j, &l, &f) < 0 || fd_send(pair[1], "k", 1, &l.pidfd, 1) < 0)
				_exit(1);
			pause();
		}
		assert_int_equal(fd_recv(pair[0], &c, 1, got, 1, &n), 1);
		assert_int_equal(n, 1);
		pf.fd = got[0];
		assert_int_equal(poll(&pf, 1, 0), 0);
		assert_int_equal(kill(caller, SIGKILL), 0);
		assert_int_equal(waitpid(caller, NULL, 0), caller);
		assert_int_equal(poll(&pf, 1, detach ? 100 : 5000), detach ? 0 : 1);
		(void)!ns_pidfd_kill(got[0], SIGKILL);
		fd_close(got[0]);
		fd_close(pair[0]);
		fd_close(pair[1]);
		sh_done(&p);
	}
}

static void says_that_it_is_gone(void **state)
{
	struct box *b;
	auto_str struct str out = STR_INIT(4096);
	struct spec_process p;
	struct fail f = { 0 };
	void *other = NULL;

	(void)state;
	sh(&p, "true");
	assert_int_equal(box_up(&other), 0);
	b = other;
	assert_int_equal(kill(b->pid, SIGKILL), 0);
	/* A zombie first, then nothing. */
	siginfo_t si;

	assert_int_equal(waitid(P_PID, (id_t)b->pid, &si, WEXITED | WNOWAIT), 0);
	assert_int_equal(run_in(b, &p, -EBADF, &out, &f), -ESRCH);
	assert_string_equal(f.msg, "the container is not running");
	fail_clear(&f);
	assert_int_equal(waitpid(b->pid, NULL, 0), b->pid);
	assert_int_equal(run_in(b, &p, -EBADF, &out, &f), -ESRCH);
	assert_string_equal(f.msg, "the container is not running");
	fd_close(b->hold);
	fd_close(b->pidfd);
	free(b);
	sh_done(&p);
}

/* slirp4netns for the box's network: the interface is up when slirp_ready says so. */
static void slirp_brings_the_network_up(void **state)
{
	struct box *b = *state;
	auto_fd int net = ns_open(b->pid, "net");
	auto_str struct str out = STR_INIT(4096);
	struct spec_process p;
	struct fail f = { 0 };
	struct slirp s;

	if (access("/dev/net/tun", R_OK | W_OK) < 0 || geteuid() != 0)
		skip();
	assert_true(net >= 0);
	assert_int_equal(slirp_start(net, -EBADF, &s, &f), 0);
	(void)!slirp_ready(&s, &f);
	assert_string_equal(f.msg, "");
	sh(&p, "grep -c tap0 /proc/net/dev; grep -A9 10.0.2.100 /proc/net/fib_trie | head -1; "
	       "cat /sys/class/net/tap0/mtu 2>/dev/null; true");
	assert_int_equal(run_in(b, &p, -EBADF, &out, &f), 0);
	assert_memory_equal(str_cstr(&out), "1\n", 2);
	assert_non_null(strstr(str_cstr(&out), "10.0.2.100"));
	slirp_done(&s);
	slirp_done(&s);		/* twice is legal */
	sh_done(&p);
}

static void slirp_says_why_it_failed(void **state)
{
	struct fail f = { 0 };
	struct slirp s;
	auto_fd int not_a_netns = fd_open(AT_FDCWD, "/dev/null", O_RDONLY, 0);

	(void)state;
	assert_int_equal(slirp_start(not_a_netns, -EBADF, &s, &f), 0);
	assert_int_equal(slirp_ready(&s, &f), -EIO);
	assert_true(str_starts(f.msg, "slirp4netns ended before the network was up: "));
	assert_non_null(strstr(f.msg, "Invalid argument"));
	slirp_done(&s);
}

/* It ends when its exit pipe closes, which is what the death of the monitor does. */
static void slirp_ends_with_its_holder(void **state)
{
	struct box *b = *state;
	auto_fd int net = ns_open(b->pid, "net");
	struct fail f = { 0 };
	struct slirp s;
	int status;

	if (access("/dev/net/tun", R_OK | W_OK) < 0 || geteuid() != 0)
		skip();
	assert_int_equal(slirp_start(net, -EBADF, &s, &f), 0);
	assert_int_equal(slirp_ready(&s, &f), 0);
	s.exit_fd = fd_close(s.exit_fd);
	assert_int_equal(waitpid(s.pid, &status, 0), s.pid);
	s.pid = 0;
	slirp_done(&s);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, box_up, box_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(joins_all_namespaces),
		TEST(holds_nothing_but_stdio),
		TEST(loads_seccomp_with_and_without_nnp),
		TEST(failures_come_back),
		TEST(refuses_unmapped_users),
		TEST(trusts_no_other_terminal_maker),
		TEST(makes_a_terminal),
		TEST(dies_with_its_caller),
		cmocka_unit_test(says_that_it_is_gone),
		TEST(slirp_brings_the_network_up),
		cmocka_unit_test(slirp_says_why_it_failed),
		TEST(slirp_ends_with_its_holder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
