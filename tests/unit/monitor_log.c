// SPDX-License-Identifier: Apache-2.0
/* The log as other tools read it: format, pieces of long lines, rotation, a full disk. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "runtime/monitor/log.h"

#define T INT64_C(1748332714663942371) /* 2025-05-27T07:58:34.663942371Z */

static int folder(void)
{
	char name[] = "/tmp/rbox-unit-XXXXXX";
	int fd;

	assert_non_null(mkdtemp(name));
	fd = fd_open(AT_FDCWD, name, O_RDONLY | O_DIRECTORY, 0);
	assert_true(fd >= 0);
	return fd;
}

static void remove_folder(int dir)
{
	char path[FD_PATH_MAX], name[256];
	ssize_t n = readlink(fd_path(dir, path), name, sizeof(name) - 1);

	assert_true(n > 0);
	name[n] = '\0';
	assert_int_equal(file_remove_tree(AT_FDCWD, name), 0);
	fd_close(dir);
}

static char *content(int dir, const char *name)
{
	struct str s = STR_INIT(64 << 20);

	assert_int_equal(file_read(dir, name, &s), 0);
	return str_take(&s);
}

static int open_log(int dir, int64_t max_size, struct log *l, struct fail *f)
{
	return log_open(&(struct log_opts){ .driver = LOG_K8S_FILE, .dir_fd = dir, .name = "log",
					    .max_size = max_size, .max_file = 2 }, l, f);
}

static void test_lines(void **state)
{
	static const struct { int stream; const char *data, *want; } rows[] = {
		{ 1, "a\n", "2025-05-27T09:58:34.663942371+02:00 stdout F a\n" },
		{ 2, "e\n", "2025-05-27T09:58:34.663942371+02:00 stderr F e\n" },
		{ 1, "\n", "2025-05-27T09:58:34.663942371+02:00 stdout F \n" },
		{ 1, "a\nb", "2025-05-27T09:58:34.663942371+02:00 stdout F a\n"
			     "2025-05-27T09:58:34.663942371+02:00 stdout P b\n" },
		{ 1, "\x1b[1m\x80\r\n", "2025-05-27T09:58:34.663942371+02:00 stdout F \x1b[1m\x80\r\n" },
	};

	(void)state;
	setenv("TZ", "CEST-2", 1);
	tzset();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fail f = { 0 };
		struct log l;
		struct stat st;
		auto_free char *got = NULL;
		int dir = folder();

		assert_int_equal(open_log(dir, 0, &l, &f), 0);
		log_write(&l, rows[i].stream, rows[i].data, strlen(rows[i].data), T);
		log_done(&l);
		got = content(dir, "log");
		assert_string_equal(got, rows[i].want);
		assert_int_equal(fstatat(dir, "log", &st, 0), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		remove_folder(dir);
	}
}

static void test_utc(void **state)
{
	struct fail f = { 0 };
	struct log l;
	auto_free char *got = NULL;
	int dir = folder();

	(void)state;
	setenv("TZ", "UTC0", 1);
	tzset();
	assert_int_equal(open_log(dir, 0, &l, &f), 0);
	log_write(&l, 1, "a\n", 2, T - T % 1000000000);
	log_done(&l);
	got = content(dir, "log");
	assert_string_equal(got, "2025-05-27T07:58:34.000000000+00:00 stdout F a\n");
	remove_folder(dir);
}

/* A line of 40,000 bytes: pieces of 16 KiB, and the rest is the end of it. */
static void test_long_line(void **state)
{
	struct fail f = { 0 };
	struct log l;
	auto_free char *got = NULL;
	auto_free char *line = mem_alloc(40001);
	const char *p;
	int dir = folder();

	(void)state;
	memset(line, 'x', 40000);
	line[40000] = '\n';
	assert_int_equal(open_log(dir, 0, &l, &f), 0);
	log_write(&l, 1, line, 40001, T);
	log_done(&l);
	p = got = content(dir, "log");
	for (int i = 0; i < 3; i++) {
		static const size_t want[] = { 16384, 16384, 40000 - 2 * 16384 };

		assert_memory_equal(p + 35, i < 2 ? " stdout P " : " stdout F ", 10);
		p += 45;
		assert_int_equal(strspn(p, "x"), want[i]);
		p += want[i];
		assert_int_equal(*p++, '\n');
	}
	assert_int_equal(*p, 0);
	remove_folder(dir);
}

/* No file passes the limit, no line is lost between the two. */
static void test_rotation(void **state)
{
	struct fail f = { 0 };
	struct log l;
	int dir = folder(), seen = -1;
	char line[32];

	(void)state;
	assert_int_equal(open_log(dir, 1000, &l, &f), 0);
	for (int i = 0; i < 40; i++) {
		int n = snprintf(line, sizeof(line), "line %d\nmore %d\n", i, i);

		log_write(&l, 1, line, (size_t)n, T);
	}
	log_done(&l);
	for (int k = 0; k < 2; k++) {
		auto_free char *got = content(dir, k ? "log" : "log.1");

		assert_in_range(strlen(got), 1, 1000);
		for (const char *p = got; *p; p = strchr(p, '\n') + 1) {
			int n = (int)strtol(p + 45 + 5, NULL, 10); /* "line " and "more " */

			if (seen < 0)
				seen = n * 2 + (p[45] == 'm');
			else
				assert_int_equal(n * 2 + (p[45] == 'm'), ++seen);
		}
	}
	assert_int_equal(seen, 79);
	remove_folder(dir);
}

/* A line that is larger than the limit stands alone, and nothing turns for ever. */
static void test_tiny_limit(void **state)
{
	struct fail f = { 0 };
	struct log l;
	auto_free char *got = NULL;
	int dir = folder();

	(void)state;
	assert_int_equal(open_log(dir, 10, &l, &f), 0);
	log_write(&l, 1, "one\ntwo\n", 8, T);
	log_done(&l);
	got = content(dir, "log");
	assert_string_equal(got + 45, "two\n");
	remove_folder(dir);
}

/* On a full disk whole lines stay, the loss is known, and what fits later is written again. */
static void test_full(void **state)
{
	struct rlimit old, small = { .rlim_cur = 100, .rlim_max = RLIM_INFINITY };
	struct fail f = { 0 };
	struct log l;
	auto_free char *got = NULL;
	int dir = folder();

	(void)state;
	assert_int_equal(open_log(dir, 0, &l, &f), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	log_write(&l, 1, "first\n", 6, T);
	log_write(&l, 1, "this is lost, there is no room for it ...........................\n", 66, T);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(l.error, EFBIG);
	log_write(&l, 1, "third\n", 6, T);
	log_done(&l);
	got = content(dir, "log");
	assert_int_equal(strlen(got), 2 * (45 + 6));
	assert_string_equal(got + 45 + 6 + 45, "third\n");
	remove_folder(dir);
}

/* What journald gets: the bytes of the native protocol, one datagram a line. */
static void test_journal(void **state)
{
	static const struct { int stream; const char *in; size_t n; const char *out; size_t len; } rows[] = {
#define ROW(stream, in, out) { stream, in, sizeof(in) - 1, out, sizeof(out) - 1 }
#define REST "CONTAINER_ID=0123456789ab\nCONTAINER_ID_FULL\n\x10\0\0\0\0\0\0\0" "0123456789abcdef\n" \
	"CONTAINER_NAME\n\3\0\0\0\0\0\0\0web\nCONTAINER_TAG\n\1\0\0\0\0\0\0\0t\n" \
	"SYSLOG_IDENTIFIER\n\1\0\0\0\0\0\0\0t\n"
		ROW(1, "hello\n", "MESSAGE\n\5\0\0\0\0\0\0\0hello\nPRIORITY=6\n" REST),
		ROW(2, "a=\0\xff\n", "MESSAGE\n\4\0\0\0\0\0\0\0a=\0\xff\nPRIORITY=3\n" REST),
		ROW(1, "> ", "MESSAGE\n\2\0\0\0\0\0\0\0> \nPRIORITY=6\n" REST "CONTAINER_PARTIAL_MESSAGE=true\n"),
	};
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char name[] = "/tmp/rbox-unit-XXXXXX", got[512];
	struct log l = { .o = { .driver = LOG_JOURNALD, .name = "log", .id = "0123456789abcdef", .ctr = "web",
				.tag = "t", .socket = a.sun_path } };
	struct fail f = { 0 };
	auto_fd int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_non_null(mkdtemp(name));
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/socket", name);
	assert_int_equal(log_journal_open(a.sun_path, &f), -ENOENT);
	fail_clear(&f);
	assert_int_equal(bind(sock, (struct sockaddr *)&a, sizeof(a)), 0);
	l.fd = log_journal_open(a.sun_path, &f);
	assert_true(l.fd >= 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		log_write(&l, rows[i].stream, rows[i].in, rows[i].n, T);
		assert_int_equal(l.error, 0);
		assert_int_equal(recv(sock, got, sizeof(got), MSG_DONTWAIT), rows[i].len);
		assert_memory_equal(got, rows[i].out, rows[i].len);
	}
	/* journald is gone: lines are lost, and that is known. */
	sock = fd_close(sock);
	log_write(&l, 1, "x\n", 2, T);
	assert_int_equal(l.error, ECONNREFUSED);
	log_done(&l);
	assert_int_equal(file_remove_tree(AT_FDCWD, name), 0);
}

/* The log is deleted or moved by somebody else: the next rotation begins a new one, and so on. */
static void test_deleted(void **state)
{
	(void)state;
	setenv("TZ", "UTC0", 1);
	tzset();
	for (int moved = 0; moved < 2; moved++) {
		struct fail f = { 0 };
		struct log l;
		auto_free char *got = NULL, *older = NULL;
		int dir = folder();

		assert_int_equal(open_log(dir, 100, &l, &f), 0);
		log_write(&l, 1, "one\n", 4, T);
		if (moved)
			assert_int_equal(renameat(dir, "log", dir, "log.1"), 0);
		else
			assert_int_equal(unlinkat(dir, "log", 0), 0);
		for (int i = 2; i < 7; i++) {
			char line[8];

			snprintf(line, sizeof(line), "%d..\n", i);
			log_write(&l, 1, line, 4, T);
		}
		assert_int_equal(l.error, 0);
		log_done(&l);
		got = content(dir, "log");
		older = content(dir, "log.1");
		assert_int_equal(strlen(got), 2 * 49);
		assert_int_equal(strlen(older), 2 * 49);
		assert_string_equal(older + 45, "3..\n" "2025-05-27T07:58:34.663942371+00:00 stdout F 4..\n");
		assert_string_equal(got + 49 + 45, "6..\n");
		remove_folder(dir);
	}
}

/* The new file can't be opened after the rename: tried again, not at each line, and no old file goes. */
static void test_reopened(void **state)
{
	struct rlimit old, none;
	struct fail f = { 0 };
	struct log l;
	auto_free char *got = NULL, *older = NULL;
	int dir = folder();

	(void)state;
	assert_int_equal(open_log(dir, 60, &l, &f), 0);
	log_write(&l, 1, "one\n", 4, T);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	log_write(&l, 1, "two\nmore\nmore\n", 14, T);
	assert_int_equal(l.error, EMFILE);
	assert_true(l.fd < 0);
	assert_true(l.retry > 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	l.retry = INT64_MAX; /* the second isn't over */
	log_write(&l, 1, "lost\n", 5, T);
	assert_true(l.fd < 0);
	l.retry = 0;
	log_write(&l, 1, "back\n", 5, T);
	log_done(&l);
	got = content(dir, "log");
	older = content(dir, "log.1");
	assert_string_equal(got + 45, "back\n");
	assert_string_equal(older + 45, "one\n");
	remove_folder(dir);
}

/* --- journald, played by a socket that is read by hand --- */

static int bound(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_true(strlen(path) < sizeof(a.sun_path));
	memcpy(a.sun_path, path, strlen(path));
	(void)!unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* The MESSAGE of the next datagram, NULL when there is none. */
static char *message(int fd)
{
	char buf[4096];
	ssize_t n = recv(fd, buf, sizeof(buf) - 1, 0);

	if (n < 0)
		return NULL;
	assert_in_range(n, 17, sizeof(buf) - 1);
	assert_memory_equal(buf, "MESSAGE\n", 8);
	return mem_strndup(buf + 16, strcspn(buf + 16, "\n"));
}

static void open_journal(const char *path, struct log *l)
{
	struct fail f = { 0 };

	assert_int_equal(log_open(&(struct log_opts){ .driver = LOG_JOURNALD, .name = "log", .id = "0123456789abcdef",
						      .ctr = "c", .socket = path }, l, &f), 0);
}

/* It hangs: its patience is spent once, the other lines cost nothing, and their number is told. */
static void test_journal_hangs(void **state)
{
	auto_free char *path = mem_printf("/tmp/rbox-unit-%d.sock", (int)getpid());
	int sock = bound(path), taken = 0;
	struct log l;
	char want[64];
	int64_t lost;

	(void)state;
	open_journal(path, &l);
	l.patience = TIME_SECOND / 20;
	/* A queue is short (net.unix.max_dgram_qlen); refilled by what is taken at once, so we keep it small. */
	while (!l.n_lost && taken < 100000) {
		log_hurry(&l);
		l.patience = l.patience > TIME_SECOND / 20 ? TIME_SECOND / 20 : l.patience;
		log_write(&l, 1, "line\n", 5, T);
		taken++;
	}
	assert_int_equal(l.n_lost, 1);
	assert_true(l.patience <= 0);
	assert_int_equal(l.error, EAGAIN);
	for (int i = 0; i < 1000; i++)
		log_write(&l, 1, "more\n", 5, T);
	lost = l.n_lost;
	assert_int_equal(lost, 1001);
	assert_true(l.patience <= 0 && l.patience > -600 * TIME_SECOND);
	for (int i = 1; i < taken; i++) {
		auto_free char *got = message(sock);

		assert_string_equal(got, "line");
	}
	log_settle(&l); /* tells it */
	assert_int_equal(l.n_lost, 0);
	log_write(&l, 1, "after\n", 6, T);
	assert_int_equal(l.patience, LOG_JOURNAL_PATIENCE);
	log_done(&l);
	snprintf(want, sizeof(want), "rbox: %d lines lost: journald took none", (int)lost);
	for (int i = 0; i < 3; i++) {
		auto_free char *got = message(sock);

		if (i < 2)
			assert_string_equal(got, i ? "after" : want);
		else
			assert_null(got);
	}
	fd_close(sock);
	unlink(path);
}

/* It is started anew: the next line finds the new socket, at most one try a second. */
static void test_journal_restarts(void **state)
{
	static const char *const want[] = { "rbox: 2 lines lost: journald took none", "back", "again" };
	auto_free char *path = mem_printf("/tmp/rbox-unit-%d.sock", (int)getpid());
	int sock = bound(path);
	struct log l;

	(void)state;
	open_journal(path, &l);
	log_write(&l, 1, "one\n", 4, T);
	fd_close(sock);
	log_write(&l, 1, "lost\n", 5, T);
	assert_int_equal(l.n_lost, 1);
	assert_true(l.retry > 0);
	sock = bound(path);
	l.retry = INT64_MAX; /* the second isn't over */
	log_write(&l, 1, "lost\n", 5, T);
	assert_int_equal(l.n_lost, 2);
	l.retry = 0;
	log_write(&l, 1, "back\nagain\n", 11, T);
	assert_int_equal(l.n_lost, 0);
	log_done(&l);
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		auto_free char *got = message(sock);

		assert_string_equal(got, want[i]);
	}
	fd_close(sock);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),	 cmocka_unit_test(test_utc),
		cmocka_unit_test(test_long_line), cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_tiny_limit), cmocka_unit_test(test_full),
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_deleted), cmocka_unit_test(test_reopened),
		cmocka_unit_test(test_journal_hangs), cmocka_unit_test(test_journal_restarts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
