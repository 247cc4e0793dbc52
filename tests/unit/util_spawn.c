// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/spawn.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"

#include <cmocka.h>

static int run(const char *script, struct str *text, struct fail *f)
{
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)script, NULL };
	const struct spawn s = { .program = "sh", .argv = argv };

	return spawn_run(&s, text, f);
}

static void statuses_and_text(void **state)
{
	auto_str struct str s = STR_INIT(1000);
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(run("echo out; echo err >&2; exit 3", &s, &f), 3);
	assert_string_equal(str_cstr(&s), "out\nerr\n");
	assert_int_equal(run("kill -9 $$", NULL, &f), 137);
}

static void chatter_past_the_ceiling_ends_nobody(void **state)
{
	auto_str struct str s = STR_INIT(10);
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(run("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done", &s, &f),
			 0);
}

static void only_what_is_named_is_open(void **state)
{
	auto_str struct str s = STR_INIT(1000);
	struct fail f = { 0 };
	int stray = fcntl(1, F_DUPFD, 10), p[2];
	char *argv[] = { (char *)"sh", (char *)"-c",
			 (char *)"for i in 8 9 10 11 12 13 14 15 16; do "
				 "[ -e /proc/$$/fd/$i ] && echo stray $i; done; "
				 "echo hi >&7; readlink /proc/$$/fd/0", NULL };
	struct spawn_fd fds[1];
	const struct spawn with = { .program = "sh", .argv = argv, .fds = fds, .n_fds = 1 };
	char buf[8] = "";

	(void)state;
	assert_int_equal(fd_pipe(p), 0);
	fds[0] = (struct spawn_fd){ p[1], 7 };
	assert_int_equal(spawn_run(&with, &s, &f), 0);
	assert_int_equal(io_read(p[0], buf, 3), 3);
	assert_string_equal(buf, "hi\n");
	assert_string_equal(str_cstr(&s), "/dev/null\n");
	fd_close(stray);
	fd_close(p[0]);
	fd_close(p[1]);
}

static void failures_come_back(void **state)
{
	char *argv[] = { (char *)"x", NULL };
	struct spawn s = { .program = "/none/such", .argv = argv };
	auto_free char *path = NULL;
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(spawn_start(&s, &f), -ENOENT);
	assert_string_equal(f.msg, "run '/none/such': No such file or directory");
	fail_clear(&f);
	s.program = "no-such-helper";
	assert_int_equal(spawn_start(&s, &f), -ENOENT);
	assert_string_equal(f.msg, "'no-such-helper' is not in PATH");
	fail_clear(&f);
	s.program = "/etc";
	assert_int_equal(spawn_start(&s, &f), -EACCES);
	assert_true(spawn_find("sh", &path));
	/* /usr/lib is a folder: not a program even with /usr in PATH */
	setenv("PATH", "/usr", 1);
	assert_false(spawn_find("lib", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses_and_text),
		cmocka_unit_test(chatter_past_the_ceiling_ends_nobody),
		cmocka_unit_test(only_what_is_named_is_open),
		cmocka_unit_test(failures_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
