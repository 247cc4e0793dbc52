// SPDX-License-Identifier: Apache-2.0
/* The user's namespace: maps as text, subordinate ranges, and the real thing made and joined. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/spawn.h"
#include "pkg/util/str.h"
#include "runtime/ns.h"
#include "runtime/userns.h"
#include "tests/lib/user.h"

static void test_map_text(void **state)
{
	static const struct {
		const char *text;
		int r;
		const char *again;
	} rows[] = {
		{ "         0          0 4294967295\n", 0, "0 0 4294967295\n" },
		{ "0 1000 1\n1 100000 65536\n", 0, "0 1000 1\n1 100000 65536\n" },
		{ "0 1000 1", 0, "0 1000 1\n" },
		{ "", 0, "" },
		{ "0 1000\n", -EINVAL, NULL },
		{ "0 -1 1\n", -EINVAL, NULL },
		{ "0 4294967296 1\n", -EINVAL, NULL },
		{ "0 1 1 1\n", -EINVAL, NULL },
		{ "a b c\n", -EINVAL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_str struct str s = STR_INIT(4096);
		struct id_map m;

		assert_int_equal(id_map_parse(rows[i].text, &m), rows[i].r);
		if (rows[i].r < 0)
			continue;
		id_map_format(&m, &s);
		assert_string_equal(str_cstr(&s), rows[i].again);
	}
}

static void test_map_too_long(void **state)
{
	auto_str struct str s = STR_INIT(4096);
	struct id_map m;

	(void)state;
	for (int i = 0; i <= ID_EXTENTS_MAX; i++)
		str_addf(&s, "%d %d 1\n", i, i);
	assert_int_equal(id_map_parse(str_cstr(&s), &m), -E2BIG);
}

static void test_subids(void **state)
{
	static const struct {
		const char *text;
		const char *map; /* NULL: none */
	} rows[] = {
		{ "joe:100000:65536\n", "0 1000 1\n1 100000 65536\n" },
		{ "joe:100000:65536", "0 1000 1\n1 100000 65536\n" },
		{ "ann:1:2\n1000:200000:10\njoe:300000:5\n", "0 1000 1\n1 200000 10\n11 300000 5\n" },
		{ "joey:100000:65536\njo:100000:65536\n", NULL },
		{ "", NULL },
		{ "# joe:100000:65536\n", NULL },
		{ "joe:100000:0\n", NULL },
		{ "joe:x:65536\njoe:100000:\njoe\njoe:\n", NULL },
		/* The second overlaps the first, the third our own id. */
		{ "joe:100000:65536\njoe:100010:5\njoe:900:200\n", "0 1000 1\n1 100000 65536\n" },
		/* Past the last id. */
		{ "joe:4294967290:10\n", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_str struct str s = STR_INIT(4096);
		struct id_map m;

		assert_int_equal(id_map_from_subids(rows[i].text, "joe", 1000, 1000, &m),
				 rows[i].map != NULL);
		if (!rows[i].map)
			continue;
		id_map_format(&m, &s);
		assert_string_equal(str_cstr(&s), rows[i].map);
	}
}

/* What a child sees in U: its ids, its map, its groups, in one line a case. */
static void read_text(const char *path, struct str *s)
{
	assert_true(file_read(AT_FDCWD, path, s) >= 0);
}

static int enter_child(int ns_fd, const struct userns_plan *plan)
{
	struct fail f = { 0 };
	struct id_map uids, gids;

	if (userns_enter(ns_fd, false, &f) < 0) {
		print_error("%s\n", f.msg);
		return 1;
	}
	if (getuid() || getgid() || (plan->mode != USERNS_SINGLE && getgroups(0, NULL)))
		return 2;
	if (userns_identity(&uids, &gids, &f) < 0)
		return 3;
	if (id_map_count(&uids) != id_map_count(&plan->uids) || uids.n != plan->uids.n ||
	    uids.v[0].outside != uids.v[0].inside)
		return 4;
	return 0;
}

static void enter_in_child(int ns_fd, const struct userns_plan *plan)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(enter_child(ns_fd, plan));
	assert_true(waitpid(pid, &status, 0) == pid);
	assert_int_equal(status, 0);
}

static void test_make_and_enter(void **state)
{
	struct fail f = { 0 };
	struct userns_plan plan;
	struct userns_begun b;
	auto_fd int ns = -EBADF;

	(void)state;
	assert_int_equal(userns_plan(&plan, &f), 0);
	assert_int_equal(plan.mode, USERNS_SUBIDS);
	assert_string_equal(plan.note, "");
	assert_int_equal(userns_begin(&plan, 0, &b, &f), 0);
	ns = userns_finish(&b, &f);
	assert_string_equal(f.msg, "");
	assert_true(ns >= 0);
	enter_in_child(ns, &plan);
}

static void test_single(void **state)
{
	struct fail f = { 0 };
	struct userns_plan plan = { .mode = USERNS_SINGLE,
				    .uids = { .n = 1, .v = { { 0, geteuid(), 1 } } },
				    .gids = { .n = 1, .v = { { 0, getegid(), 1 } } } };
	struct userns_begun b;
	auto_fd int ns = -EBADF;

	(void)state;
	assert_int_equal(userns_begin(&plan, 0, &b, &f), 0);
	ns = userns_finish(&b, &f);
	assert_true(ns >= 0);
	enter_in_child(ns, &plan);
}

/* A process living in U (a monitor): told what to do through its pipes. */
static pid_t resident(int ns_fd, bool nested, int *ret_hold)
{
	int ready[2], hold[2];
	char c;
	pid_t pid;

	assert_int_equal(fd_pipe(ready), 0);
	assert_int_equal(fd_pipe(hold), 0);
	pid = fork();
	if (pid == 0) {
		struct fail f = { 0 };

		fd_close(hold[1]);
		if (userns_enter(ns_fd, true, &f) < 0)
			_exit(1);
		if (nested && ns_unshare(CLONE_NEWUSER) < 0)
			_exit(2);
		(void)!write(ready[1], "x", 1);
		(void)!read(hold[0], &c, 1);
		_exit(0);
	}
	fd_close(ready[1]);
	fd_close(hold[0]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	fd_close(ready[0]);
	*ret_hold = hold[1];
	return pid;
}

static void test_hint(void **state)
{
	struct fail f = { 0 };
	struct userns_plan plan, stale;
	struct userns_begun b;
	auto_fd int ns = -EBADF, joined = -EBADF, other = -EBADF;
	int hold = -EBADF;
	pid_t pid;

	(void)state;
	assert_int_equal(userns_plan(&plan, &f), 0);
	assert_int_equal(userns_begin(&plan, 0, &b, &f), 0);
	ns = userns_finish(&b, &f);
	assert_true(ns >= 0);
	pid = resident(ns, false, &hold);

	assert_int_equal(userns_begin(&plan, pid, &b, &f), 0);
	assert_int_equal(b.holder, 0); /* nothing forked */
	joined = userns_finish(&b, &f);
	assert_int_equal(ns_same(ns, joined), 1);

	/* The ranges changed since: the resident's map is stale and not reused. */
	stale = plan;
	stale.uids.v[1].count--;
	stale.gids.v[1].count--;
	assert_int_equal(userns_begin(&stale, pid, &b, &f), 0);
	assert_int_not_equal(b.holder, 0);
	other = userns_finish(&b, &f);
	assert_true(other >= 0);
	assert_int_equal(ns_same(ns, other), 0);
	fd_close(hold);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* A container's own namespace has U's maps and U's owner, and still is not U. */
static void test_hint_is_container(void **state)
{
	struct fail f = { 0 };
	struct id_map uids, gids;
	struct userns_plan plan;
	struct userns_begun b;
	auto_fd int ns = -EBADF, got = -EBADF, nested = -EBADF;
	int hold = -EBADF, status;
	pid_t pid, writer;

	(void)state;
	assert_int_equal(userns_plan(&plan, &f), 0);
	assert_int_equal(userns_begin(&plan, 0, &b, &f), 0);
	ns = userns_finish(&b, &f);
	assert_true(ns >= 0);
	pid = resident(ns, true, &hold);
	writer = fork();
	if (writer == 0) {
		if (userns_enter(ns, true, &f) < 0 || userns_identity(&uids, &gids, &f) < 0)
			_exit(1);
		_exit(userns_write_maps(pid, &uids, &gids, false, &f) < 0 ? 2 : 0);
	}
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_int_equal(status, 0);
	nested = ns_open(pid, "user");
	assert_int_equal(userns_begin(&plan, pid, &b, &f), 0);
	assert_int_not_equal(b.holder, 0);
	got = userns_finish(&b, &f);
	assert_true(got >= 0);
	fd_close(hold);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_dead_hint(void **state)
{
	struct fail f = { 0 };
	struct userns_plan plan;
	struct userns_begun b;
	auto_fd int ns = -EBADF;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(userns_plan(&plan, &f), 0);
	assert_int_equal(userns_begin(&plan, pid, &b, &f), 0);
	ns = userns_finish(&b, &f);
	assert_true(ns >= 0);
}

/* Inside U we have many ids and all capabilities: U itself is used. */
static int current_child(int ns_fd)
{
	struct fail f = { 0 };
	struct userns_plan plan;
	struct userns_begun b;
	auto_fd int ns = -EBADF;

	if (userns_enter(ns_fd, true, &f) < 0 || userns_plan(&plan, &f) < 0)
		return 1;
	if (plan.mode != USERNS_CURRENT)
		return 2;
	if (userns_begin(&plan, 0, &b, &f) < 0)
		return 3;
	ns = userns_finish(&b, &f);
	if (ns < 0 || ns_same(ns, ns_fd) != 1)
		return 4;
	return userns_enter(ns, true, &f) < 0 ? 5 : 0;
}

static void test_current(void **state)
{
	struct fail f = { 0 };
	struct userns_plan plan;
	struct userns_begun b;
	auto_fd int ns = -EBADF;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(userns_plan(&plan, &f), 0);
	assert_int_equal(userns_begin(&plan, 0, &b, &f), 0);
	ns = userns_finish(&b, &f);
	assert_true(ns >= 0);
	pid = fork();
	if (pid == 0)
		_exit(current_child(ns));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_no_newuidmap(void **state)
{
	struct fail f = { 0 };
	struct userns_plan plan;
	struct userns_begun b;
	auto_fd int ns = -EBADF;

	(void)state;
	assert_int_equal(userns_plan(&plan, &f), 0);
	plan.uids.v[1].outside = 7; /* a range that is not ours */
	assert_int_equal(userns_begin(&plan, 0, &b, &f), 0);
	ns = userns_finish(&b, &f);
	assert_int_equal(ns, -EPERM);
	assert_non_null(strstr(f.msg, "map subordinate ids: newuidmap failed (status 1): newuidmap: uid "
			       "range [1-65537) -> [7-65543) not allowed"));
	assert_string_equal(f.hint, "check the ranges in /etc/subuid and /etc/subgid: they must be "
			    "this user's alone");
}

static void test_no_ids_at_all(void **state)
{
	auto_str struct str text = STR_INIT(65536);

	(void)state;
	/* The test user has ranges in both files, else all above meant nothing. */
	read_text("/etc/subuid", &text);
	assert_non_null(strstr(str_cstr(&text), ":"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map_text),
		cmocka_unit_test(test_map_too_long),
		cmocka_unit_test(test_subids),
		cmocka_unit_test(test_make_and_enter),
		cmocka_unit_test(test_single),
		cmocka_unit_test(test_hint),
		cmocka_unit_test(test_hint_is_container),
		cmocka_unit_test(test_dead_hint),
		cmocka_unit_test(test_current),
		cmocka_unit_test(test_no_newuidmap),
		cmocka_unit_test(test_no_ids_at_all),
	};

	(void)argc;
	if (user_drop(argv) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
