// SPDX-License-Identifier: Apache-2.0
/* attach_run_local around a shell: whole output, exit status, input and its end, a full disk, a reader gone. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "runtime/monitor/attach.h"

static void run_shell(const char *script, struct attach_local *l)
{
	int p[3][2];
	pid_t pid;

	for (int i = 0; i < 3; i++)
		assert_int_equal(fd_pipe(p[i]), 0);
	pid = fork();
	if (pid == 0) {
		dup2(p[0][0], 0);
		dup2(p[1][1], 1);
		dup2(p[2][1], 2);
		execl("/bin/sh", "sh", "-c", script, NULL);
		_exit(127);
	}
	fd_close(p[0][0]);
	fd_close(p[1][1]);
	fd_close(p[2][1]);
	*l = (struct attach_local){ -EBADF, p[0][1], p[1][0], p[2][0], pidfd_open(pid, 0) };
}

/*
 * Runs SCRIPT with IN as our stdin; stdout to OUT_FD. In a child, since it is our own stdio
 * that is copied. Returns its exit: the script's, or 200 + the failure's exit status - 125.
 */
static int attached(const char *script, const char *in, int out_fd, const char *want_msg)
{
	int stdin_pipe[2], status;
	pid_t pid;

	assert_int_equal(fd_pipe(stdin_pipe), 0);
	pid = fork();
	if (pid == 0) {
		struct attach_opts o = { .want_stdin = true, .sig_proxy = true };
		struct attach_result res;
		struct attach_local l;
		struct fail f = { 0 };

		signal(SIGPIPE, SIG_IGN);
		run_shell(script, &l);
		dup2(stdin_pipe[0], 0);
		dup2(out_fd, 1);
		close(stdin_pipe[0]);
		close(stdin_pipe[1]);
		if (attach_run_local(&l, &o, &res, &f) < 0)
			_exit(want_msg && !strcmp(f.msg, want_msg) ? 200 + fail_status(&f) - 125 : 255);
		_exit(res.exit_code);
	}
	close(stdin_pipe[0]);
	assert_int_equal(io_write_full(stdin_pipe[1], in, strlen(in)), 0);
	close(stdin_pipe[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_results(void **state)
{
	static const struct { const char *script, *in; int code; const char *out; } rows[] = {
		{ "exit 3", "", 3, "" },
		{ "echo a; kill -9 $$", "", 137, "a\n" },
		{ "cat; echo end", "one\ntwo\n", 0, "one\ntwo\nend\n" },
		{ "exec <&-; sleep 0.1; echo end", "nobody reads this", 0, "end\n" },
		{ "echo first; (sleep 2; echo late) & exit 4", "", 4, "first\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char buf[256] = "";
		int p[2];

		assert_int_equal(fd_pipe(p), 0);
		assert_int_equal(attached(rows[i].script, rows[i].in, p[1], NULL), rows[i].code);
		fd_close(p[1]);
		assert_true(io_read_full(p[0], buf, sizeof(buf) - 1) >= 0);
		assert_string_equal(buf, rows[i].out);
		fd_close(p[0]);
	}
}

/* More input than its pipe holds: what waited is sent when there is room, though nothing else happens. */
static void test_slow_reader(void **state)
{
	enum { MUCH = 1000000 };
	auto_free char *in = mem_alloc(MUCH + 1);
	auto_fd int file = fd_memfd("out", 0);
	char buf[16] = "";

	(void)state;
	memset(in, 'x', MUCH);
	alarm(30);
	assert_int_equal(attached("sleep 0.2; wc -c", in, file, NULL), 0);
	alarm(0);
	assert_int_equal(lseek(file, 0, SEEK_SET), 0);
	assert_true(io_read_full(file, buf, sizeof(buf) - 1) > 0);
	assert_string_equal(buf, "1000000\n");
}

static void test_big(void **state)
{
	auto_fd int file = fd_memfd("out", 0);

	(void)state;
	assert_int_equal(attached("seq 1 1000000", "", file, NULL), 0);
	assert_int_equal(lseek(file, 0, SEEK_END), 6888896);
}

static void test_broken_stdout(void **state)
{
	auto_fd int full = fd_open(AT_FDCWD, "/dev/full", O_WRONLY, 0);
	int p[2];

	(void)state;
	assert_int_equal(attached("echo x; sleep 1", "", full, "write to stdout: No space left on device"),
			 200);
	assert_int_equal(fd_pipe(p), 0);
	fd_close(p[0]);
	assert_int_equal(attached("echo x; sleep 1", "", p[1], "write to stdout: Broken pipe"),
			 200 + 141 - 125);
	fd_close(p[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_big),
		cmocka_unit_test(test_broken_stdout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
