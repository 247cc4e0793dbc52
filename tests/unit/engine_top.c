// SPDX-License-Identifier: Apache-2.0
/* top: what is read of /proc, and podman's columns made of it; stats' rows. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include "pkg/engine/stats.h"
#include "pkg/engine/top.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "runtime/procs.h"

static const char stat_text[] =
	"26025 (a) b (c) S 26000 26025 26025 34817 0 4194560 150 12 0 0 150 25 7 3 20 -5 3 0 12345 2322432 316 "
	"18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
static const char status_text[] =
	"Name:\ta) b (c\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t26025\nPid:\t26025\nPPid:\t26000\n"
	"Uid:\t1012\t427779\t1012\t1012\nGid:\t1012\t1012\t1012\t1012\nGroups:\t1012 429679 \n"
	"NStgid:\t26025\t7\nNSpid:\t26025\t7\nNSpgid:\t26025\t7\nNSsid:\t26025\t7\n"
	"CapInh:\t0000000000000000\nCapPrm:\t00000000800405fb\nCapEff:\t0000000000000001\n"
	"CapBnd:\t00000000800405fb\nCapAmb:\t0000000000000000\nSeccomp:\t2\n";

static void test_stat(void **state)
{
	static const char *const bad[] = { "", "1", "1 (a", "1 (a)", "1 (a) ", "1 (a) S", "1 (a) S 1 2 x", "1 (a) S 1 2" };
	struct proc p = { 0 };

	(void)state;
	assert_int_equal(procs_parse_stat(stat_text, &p), 0);
	assert_int_equal(p.state, 'S');
	assert_int_equal(p.hppid, 26000);
	assert_int_equal(p.tty, 34817);
	assert_int_equal(p.nice, -5);
	assert_int_equal(p.threads, 3);
	/* 100 ticks a second on every Linux that rbox runs on. */
	assert_int_equal(p.cpu, INT64_C(1750000000));
	assert_int_equal(p.cpu_children, INT64_C(100000000));
	assert_int_equal(p.start, INT64_C(123450000000));
	assert_int_equal(p.vsz, 2322432);
	assert_int_equal(p.rss, 316 * (uint64_t)sysconf(_SC_PAGESIZE));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(procs_parse_stat(bad[i], &p), -EINVAL);
}

static void release(struct proc *p)
{
	mem_free_ptr(&p->comm);
	mem_free_ptr(&p->args);
	mem_free_ptr(&p->groups);
}

static void test_status(void **state)
{
	struct proc p = { 0 };

	(void)state;
	assert_int_equal(procs_level(status_text), 1);
	assert_int_equal(procs_level("Name:\tx\n"), 0);
	assert_int_equal(procs_parse_status(status_text, 1, &p), 0);
	assert_int_equal(p.pid, 7);
	assert_int_equal(p.pgid, 7);
	assert_string_equal(p.comm, "a) b (c");
	assert_int_equal(p.ruid, 1012);
	assert_int_equal(p.uid, 427779);
	assert_int_equal(p.n_groups, 2);
	assert_int_equal(p.groups[1], 429679);
	assert_int_equal(p.caps[PROC_CAPEFF], 1);
	assert_int_equal(p.caps[PROC_CAPBND], 0x800405fb);
	assert_int_equal(p.seccomp, 2);
	release(&p);
	p = (struct proc){ 0 };
	assert_int_equal(procs_parse_status(status_text, 2, &p), -ESRCH);
	assert_int_equal(procs_parse_status("", 0, &p), -EINVAL);
	release(&p);
}

static void test_ids(void **state)
{
	const struct id_map map = { .v = { { 0, 1012, 1 }, { 1, 427680, 65536 } }, .n = 2 };

	(void)state;
	assert_int_equal(procs_id(&map, 1012), 0);
	assert_int_equal(procs_id(&map, 427680), 1);
	assert_int_equal(procs_id(&map, 427680 + 65535), 65536);
	assert_int_equal(procs_id(&map, 427680 + 65536), 65534);
	assert_int_equal(procs_id(&map, 0), 65534);
}

/* One line of a table for one process. */
static char *line(const struct procs *procs, const char *word)
{
	static const struct top_names names = {
		.passwd = "root:x:0:0::/:/bin/sh\n:x:1:::\nbad\nweb:x:100:101::/:/bin/sh\nlate:x:0:0",
		.group = "root:x:0:\nweb:x:101:\n",
	};
	char *words[] = { (char *)word, NULL };
	auto_table struct table t = { 0 };
	auto_str struct str out = STR_INIT(4096);
	const char *second;

	assert_int_equal(top_table(procs, words, &names, INT64_C(1000) * TIME_SECOND, &t), 0);
	table_render(&t, &out);
	second = strchr(str_cstr(&out), '\n') + 1;
	return mem_strndup(second, strcspn(second, "\n"));
}

static void test_columns(void **state)
{
	uint32_t groups[] = { 427780, 427680 };
	struct proc p = {
		.hpid = 26025, .pid = 7, .ppid = 1, .pgid = 7, .state = 'S', .nice = -5, .seccomp = 2, .tty = 34817,
		.cpu = TIME_SECOND / 2, .start = 10 * TIME_SECOND, .vsz = 2322432, .rss = 4096, .uid = 427779,
		.ruid = 1012, .gid = 427780, .rgid = 5, .groups = groups, .n_groups = 2,
		.caps = { [PROC_CAPEFF] = 0x21, [PROC_CAPBND] = UINT64_MAX },
		.comm = (char *)"sleep", .args = (char *)"sleep\n1",
	};
	const struct procs procs = {
		.v = &p, .n = 1, .now = 60 * TIME_SECOND,
		.uids = { .v = { { 0, 1012, 1 }, { 1, 427680, 65536 } }, .n = 2 },
		.gids = { .v = { { 0, 1012, 1 }, { 1, 427680, 65536 } }, .n = 2 },
	};
	static const char *const rows[][2] = {
		{ "pid", "7" }, { "%p", "7" }, { "hpid", "26025" }, { "ppid", "1" }, { "pgid", "7" }, { "state", "S" },
		{ "nice", "-5" }, { "seccomp", "filter" }, { "tty", "pts/1" }, { "time", "500ms" }, { "etime", "50s" },
		{ "pcpu", "1.000" }, { "vsz", "2268" }, { "rss", "4" }, { "user", "web" }, { "ruser", "root" },
		{ "group", "web" }, { "rgroup", "65534" }, { "groups", "web,1" }, { "huser", "427779" },
		{ "hgroup", "427780" }, { "hgroups", "427780,427680" }, { "capeff", "CHOWN,KILL" },
		{ "capamb", "none" }, { "label", "?" }, { "comm", "sleep" }, { "stime", "1970-01-01 00:15:50 +0000 UTC" },
	};

	(void)state;
	setenv("TZ", "UTC", 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *got = line(&procs, rows[i][0]);

		assert_string_equal(got, rows[i][1]);
	}
	/* A line break in an argument makes no second row. */
	{
		auto_free char *got = line(&procs, "args");

		assert_non_null(strstr(got, "sleep"));
		assert_non_null(strstr(got, "1"));
	}
}

static void test_words(void **state)
{
	const struct procs none = { .now = 1 };
	const struct top_names names = { "", "" };
	char *several[] = { (char *)"pid,ppid", (char *)"args", NULL }, *wrong[] = { (char *)"pid", (char *)"aux", NULL };
	auto_table struct table t = { 0 }, u = { 0 }, v = { 0 };
	auto_str struct str out = STR_INIT(4096), usual = STR_INIT(4096);

	(void)state;
	assert_int_equal(top_table(&none, several, &names, 0, &t), 0);
	table_render(&t, &out);
	assert_string_equal(str_cstr(&out), "PID         PPID        COMMAND\n");
	assert_int_equal(top_table(&none, wrong, &names, 0, &u), 1);
	assert_int_equal(top_table(&none, NULL, &names, 0, &v), 0);
	table_render(&v, &usual);
	assert_string_equal(str_cstr(&usual),
			    "USER        PID         PPID        %CPU        ELAPSED     TTY         TIME        COMMAND\n");
}

/* Our own pid namespace has us and a child of ours in it. */
static void test_read(void **state)
{
	auto_procs struct procs procs = { 0 };
	struct fail f = { 0 };
	bool self = false, child = false;
	int hold[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(hold), 0);
	pid = fork();
	if (pid == 0) {
		char c;

		close(hold[1]);
		(void)!read(hold[0], &c, 1);
		_exit(0);
	}
	assert_int_equal(procs_read(getpid(), &procs, &f), 0);
	for (size_t i = 0; i < procs.n; i++) {
		self |= procs.v[i].hpid == getpid();
		child |= procs.v[i].hpid == pid && procs.v[i].hppid == getpid() && procs.v[i].args;
	}
	close(hold[0]);
	close(hold[1]);
	waitpid(pid, NULL, 0);
	assert_true(self);
	assert_true(child);
	procs_done(&procs);
	assert_int_equal(procs_read(pid, &procs, &f), -ESRCH);
}

static void same_text(const json_t *o, const char *key, const char *want)
{
	assert_string_equal(json_string_value(json_object_get(o, key)), want);
}

static void test_stats(void **state)
{
	struct sample a = { .name = (char *)"web", .running = true, .at = TIME_SECOND, .lived = 4 * TIME_SECOND,
			    .cpu = TIME_SECOND };
	struct sample b = { .name = (char *)"web", .running = true, .at = 3 * TIME_SECOND, .lived = 6 * TIME_SECOND,
			    .cpu = 2 * TIME_SECOND, .memory = 1500000, .memory_limit = 16 * INT64_C(1000000000),
			    .net_in = 999, .net_out = 1000, .block_in = 0, .block_out = 12345678, .pids = 3 };
	struct sample gone = { .name = (char *)"old" };
	auto_json json_t *row = NULL, *first = NULL, *j = NULL, *none = NULL;

	(void)state;
	memset(a.id, 'a', CTR_ID_LEN);
	memset(b.id, 'a', CTR_ID_LEN);
	memset(gone.id, 'b', CTR_ID_LEN);
	row = stats_row(&b, &a, false);
	same_text(row, "ID", "aaaaaaaaaaaa");
	same_text(row, "CPUPerc", "50.00%");
	same_text(row, "AVGCPU", "33.33%");
	same_text(row, "MemUsage", "1.5MB / 16GB");
	same_text(row, "MemUsageBytes", "1.431MiB / 14.9GiB");
	same_text(row, "MemPerc", "0.01%");
	same_text(row, "NetIO", "999B / 1kB");
	same_text(row, "BlockIO", "0B / 12.35MB");
	same_text(row, "UpTime", "2s");
	first = stats_row(&b, NULL, false);
	same_text(first, "CPUPerc", "33.33%");
	j = stats_json(&b, &a);
	same_text(j, "pids", "3");
	same_text(j, "cpu_percent", "50.00%");
	none = stats_json(&gone, NULL);
	same_text(none, "pids", "--");
	same_text(none, "mem_usage", "--");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stat), cmocka_unit_test(test_status), cmocka_unit_test(test_ids),
		cmocka_unit_test(test_columns), cmocka_unit_test(test_words), cmocka_unit_test(test_read),
		cmocka_unit_test(test_stats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
