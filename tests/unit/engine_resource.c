// SPDX-License-Identifier: Apache-2.0
/* Limits as files of a cgroup v2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "pkg/engine/resource.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

#include <cmocka.h>

static void settings_are(const struct resource_group *g, bool defaults, const char *want)
{
	auto_strv char **v = NULL;
	auto_free char *text = NULL;
	struct fail f = { 0 };

	assert_int_equal(resource_settings(g, defaults, &v, &f), 0);
	text = strv_join(v, ";");
	assert_string_equal(text, want);
}

static void refused(const struct resource_group *g, const char *want)
{
	auto_strv char **v = NULL;
	struct fail f = { 0 };

	assert_true(resource_settings(g, false, &v, &f) < 0);
	assert_string_equal(f.msg, want);
}

/* The fields are of owned text; what is given here is only read. */
#define T(text) ((char *)(text))
#define G(...) (&(struct resource_group){ __VA_ARGS__ })

static void test_memory(void **state)
{
	(void)state;
	settings_are(G(.memory = T("64m")), false, "memory.max=67108864;memory.swap.max=67108864");
	settings_are(G(.memory = T("64m"), .memory_swap = T("96m")), false, "memory.max=67108864;memory.swap.max=33554432");
	settings_are(G(.memory = T("64m"), .memory_swap = T("64m")), false, "memory.max=67108864;memory.swap.max=0");
	settings_are(G(.memory = T("64m"), .memory_swap = T("-1")), false, "memory.max=67108864;memory.swap.max=max");
	settings_are(G(.memory_reservation = T("8m")), false, "memory.low=8388608");
	settings_are(G(.memory = T("0")), false, "");
}

static void test_cpu(void **state)
{
	(void)state;
	settings_are(G(.cpus = T("1.5")), false, "cpu.max=150000 100000");
	settings_are(G(.cpu_quota = T("20000"), .cpu_period = T("50000")), false, "cpu.max=20000 50000");
	settings_are(G(.cpu_quota = T("-1")), false, "cpu.max=max 100000");
	settings_are(G(.cpu_period = T("50000")), false, "cpu.max=max 50000");
	settings_are(G(.cpu_shares = T("1024")), false, "cpu.weight=39");
	settings_are(G(.cpu_shares = T("1")), false, "cpu.weight=1");
	settings_are(G(.cpu_shares = T("262144")), false, "cpu.weight=10000");
	settings_are(G(.cpuset_cpus = T("0-1"), .cpuset_mems = T("0")), false, "cpuset.cpus=0-1;cpuset.mems=0");
	refused(G(.cpus = T("0.001")), "--cpus 0.001 is less than 0.01, the kernel's least");
	refused(G(.cpu_quota = T("10")), "--cpu-quota 10 is less than 1000, the kernel's least");
}

static void test_pids(void **state)
{
	(void)state;
	settings_are(G(.pids_limit = NULL), false, "");
	settings_are(G(.pids_limit = NULL), true, "pids.max=2048");
	settings_are(G(.pids_limit = T("-1")), true, "pids.max=max");
	settings_are(G(.pids_limit = T("0")), true, "pids.max=max");
	settings_are(G(.pids_limit = T("7")), true, "pids.max=7");
}

static void test_io(void **state)
{
	char *rate[] = { T("/dev/null:1mb"), NULL }, *conf[] = { T("memory.high=1"), NULL };

	(void)state;
	settings_are(G(.blkio_weight = T("10")), false, "io.weight=default 1");
	settings_are(G(.blkio_weight = T("1000")), false, "io.weight=default 10000");
	settings_are(G(.cgroup_conf = conf), false, "memory.high=1");
	refused(G(.device_read_bps = rate), "--device-read-bps: '/dev/null' is not a block device");
}

static void test_merge(void **state)
{
	struct resource_group g = { .memory = mem_strdup("1g"), .cpu_quota = mem_strdup("5000") };

	(void)state;
	resource_merge(&g, G(.cpus = T("2")));
	settings_are(&g, false, "memory.max=1073741824;memory.swap.max=1073741824;cpu.max=200000 100000");
	resource_merge(&g, G(.cpu_quota = T("30000"), .memory = T("2g")));
	settings_are(&g, false, "memory.max=2147483648;memory.swap.max=2147483648;cpu.max=30000 100000");
	jsonf_done(resource_fields, &g);
}

static void changes_are(char *const *old, char *const *new, const char *want)
{
	auto_strv char **v = resource_changes(old, new);
	auto_free char *text = strv_join(v, ";");

	assert_string_equal(text, want);
}

#define V(...) ((char *[]){ __VA_ARGS__, NULL })

/* update --memory 0, or --cpus 0, left the limit where it was. */
static void test_changes(void **state)
{
	(void)state;
	changes_are(NULL, NULL, "");
	changes_are(NULL, V(T("memory.max=5")), "memory.max=5");
	changes_are(V(T("memory.max=5")), V(T("memory.max=5")), "");
	changes_are(V(T("memory.max=5"), T("cpu.weight=3")), V(T("cpu.weight=3"), T("memory.max=6")), "memory.max=6");
	changes_are(V(T("memory.max=5"), T("memory.swap.max=5"), T("memory.low=1")), NULL,
		    "memory.max=max;memory.swap.max=max;memory.low=0");
	changes_are(V(T("cpu.max=5000 100000"), T("cpu.weight=3")), V(T("pids.max=7")),
		    "cpu.max=max 100000;cpu.weight=100;pids.max=7");
	changes_are(V(T("cpuset.cpus=0-1"), T("cpuset.mems=0")), NULL, "cpuset.cpus=;cpuset.mems=");
	/* What --cgroup-conf says of the same file, behind it, stays. */
	changes_are(V(T("memory.max=5"), T("memory.max=9")), V(T("memory.max=6"), T("memory.max=9")), "");
	changes_are(V(T("memory.max=5"), T("memory.max=9")), V(T("memory.max=9")), "");
}

static void test_changes_by_line(void **state)
{
	(void)state;
	changes_are(V(T("io.max=8:0 rbps=1\n8:16 wiops=2")), NULL, "io.max=8:0 rbps=max\n8:16 wiops=max");
	changes_are(V(T("io.max=8:0 rbps=1\n8:16 rbps=2")), V(T("io.max=8:16 rbps=3")),
		    "io.max=8:0 rbps=max\n8:16 rbps=3");
	changes_are(NULL, V(T("io.max=8:0 rbps=1")), "io.max=8:0 rbps=1");
	/* Back to what the kernel shows: all four of a device, or an empty file. */
	changes_are(V(T("io.max=8:0 rbps=1")), V(T("io.max=")), "io.max=8:0 rbps=max");
	changes_are(V(T("io.max=8:0 wbps=1")), V(T("io.max=8:0 rbps=7 wbps=5 riops=max wiops=max")),
		    "io.max=8:0 wbps=max\n8:0 rbps=7 wbps=5 riops=max wiops=max");
	changes_are(V(T("io.weight=default 5\n8:0 7")), NULL, "io.weight=default 100\n8:0 default");
	changes_are(V(T("io.weight=default 5\n8:0 7")), V(T("io.weight=default 6")),
		    "io.weight=8:0 default\ndefault 6");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory), cmocka_unit_test(test_cpu), cmocka_unit_test(test_pids),
		cmocka_unit_test(test_io), cmocka_unit_test(test_merge),
		cmocka_unit_test(test_changes), cmocka_unit_test(test_changes_by_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
