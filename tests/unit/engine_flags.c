// SPDX-License-Identifier: Apache-2.0
/* The parsers of run's smaller options: limits, namespaces, secrets, devices, environment, copies of groups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/engine/compat.h"
#include "pkg/engine/config.h"
#include "pkg/engine/create_more.h"
#include "pkg/engine/env.h"
#include "pkg/engine/kernel.h"
#include "pkg/engine/nsopt.h"
#include "pkg/engine/resource.h"
#include "pkg/engine/secretopt.h"
#include "pkg/util/mem.h"

#include <cmocka.h>
#undef fail /* our own is meant */

static char *text(const char *s)
{
	return (char *)s;
}

static void test_resource(void **state)
{
	const struct {
		struct resource_group g;
		const char *message;	/* NULL: it is good */
	} rows[] = {
		{ { .memory = (char *)"64m", .memory_swap = (char *)"-1" }, NULL },
		{ { .memory = (char *)"64m", .memory_swap = (char *)"128m" }, NULL },
		{ { .cpus = (char *)"1.5", .cpuset_cpus = (char *)"0-3,7" }, NULL },
		{ { .cpus = (char *)".5" }, NULL },
		{ { .memory = (char *)"-1" }, "invalid value for memory: invalid size: '-1'" },
		{ { .memory = (char *)"99999999999g" }, "invalid value for memory: invalid size: '99999999999g'" },
		{ { .memory = (char *)"1k" }, "--memory 1k: less than 6 MiB is too little for any container" },
		/* inspect, of twice as much, said -2 */
		{ { .memory = (char *)"9223372036854775807" },
		  "--memory 9223372036854775807: more than 4611686018427387903 bytes can't be counted" },
		{ { .memory = (char *)"4611686018427387903" }, NULL },
		{ { .blkio_weight_device = (char *[]){ (char *)"/dev/vda:1000", NULL } }, NULL },
		{ { .blkio_weight_device = (char *[]){ (char *)"/dev/vda:5000", NULL } },
		  "invalid value for --blkio-weight-device: 5000 is not within 0 and 1000" },
		{ { .cgroup_conf = (char *[]){ (char *)"memory.high=1", NULL } }, NULL },
		{ { .cgroup_conf = (char *[]){ (char *)"memory.max", NULL } },
		  "invalid --cgroup-conf 'memory.max': FILE=VALUE is wanted" },
		/* nothing was written, and nothing said */
		{ { .cgroup_conf = (char *[]){ (char *)"memory.max=", NULL } },
		  "invalid --cgroup-conf 'memory.max=': it has no value; FILE=VALUE is wanted" },
		/* a container that nothing ended */
		{ { .cgroup_conf = (char *[]){ (char *)"cgroup.freeze=1", NULL } },
		  "invalid --cgroup-conf 'cgroup.freeze=1': the files cgroup.* are no limits, and rbox's own to write" },
		{ { .cpus = (char *)"" }, "invalid argument \"\" for \"--cpus\" flag: not a number" },
		{ { .cpus = (char *)"nan" }, "invalid argument \"nan\" for \"--cpus\" flag: not a number" },
		{ { .cpus = (char *)"0x10" }, "invalid argument \"0x10\" for \"--cpus\" flag: not a number" },
		{ { .cpus = (char *)"1e3" }, "invalid argument \"1e3\" for \"--cpus\" flag: not a number" },
		{ { .cpuset_mems = (char *)"0,,1" },
		  "invalid value for --cpuset-mems: '0,,1': a list like 0-3,5 is wanted" },
		{ { .pids_limit = (char *)"x" }, "invalid argument \"x\" for \"--pids-limit\" flag: not a whole number" },
		{ { .blkio_weight = (char *)"5000" },
		  "invalid value for --blkio-weight: 5000 is not within 0 and 1000" },
		{ { .cpus = (char *)"1", .cpu_period = (char *)"1000" },
		  "--cpu-period and --cpus cannot be set together" },
		{ { .memory = (char *)"64m", .memory_reservation = (char *)"65m" },
		  "--memory-reservation 65m is more than --memory 64m" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct limits l = { 0 };
		struct fail f = { 0 };
		int r = resource_parse(&rows[i].g, &l, &f);

		assert_string_equal(f.msg, rows[i].message ? rows[i].message : "");
		assert_int_equal(r, rows[i].message ? -f.code : 0);
	}
}

static void test_resource_numbers(void **state)
{
	const struct resource_group g = { .memory = text("64m"), .memory_swap = text("1g"), .cpus = text("1.25"),
					  .cpu_shares = text("512"), .pids_limit = text("100") };
	struct limits l = { 0 };
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(resource_parse(&g, &l, &f), 0);
	assert_int_equal(l.memory, 64 << 20);
	assert_int_equal(l.memory_swap, 1 << 30);
	assert_int_equal(l.nano_cpus, 1250000000);
	assert_int_equal(l.cpu_shares, 512);
	assert_int_equal(l.pids, 100);
}

static void test_ns(void **state)
{
	static const struct {
		struct ns_group g;
		const char *message;
	} rows[] = {
		{ { .ipc = (char *)"shareable", .pid = (char *)"private", .userns = (char *)"host" }, NULL },
		{ { .uts = (char *)"" }, NULL },
		{ { .ipc = (char *)"host" }, "--ipc=host is not supported yet" },
		{ { .ipc = (char *)"container:abc" }, "--ipc=container:abc is not supported yet" },
		{ { .pid = (char *)"hostile" }, "--pid: unrecognized namespace mode hostile passed" },
		{ { .userns = (char *)"keep-id:uid=1" }, "--userns=keep-id:uid=1 is not supported yet" },
		{ { .userns = (char *)"keep-idea" }, "--userns: unrecognized namespace mode keep-idea passed" },
		{ { .subgidname = (char *)"x" }, "--subgidname is not supported yet" },
	};

	(void)state;
	unsetenv("PODMAN_USERNS");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fail f = { 0 };
		int r = nsopt_check(&rows[i].g, &f);

		assert_string_equal(f.msg, rows[i].message ? rows[i].message : "");
		assert_int_equal(r, rows[i].message ? -f.code : 0);
	}
}

static void test_secret(void **state)
{
	static const struct {
		const char *typed, *message, *name, *target;
		bool env;
		uint32_t uid, gid, mode;
	} rows[] = {
		{ "a", NULL, "a", "a", false, 0, 0, 0444 },
		{ "a,type=env", NULL, "a", "a", true, 0, 0, 0444 },
		{ "source=a,target=/b,uid=1,gid=2,mode=0400", NULL, "a", "/b", false, 1, 2, 0400 },
		{ "a,type=env,target=B", NULL, "a", "B", true, 0, 0, 0444 },
		{ "a,mode=8", "parsing secret: mode 8 invalid", NULL, NULL, false, 0, 0, 0 },
		{ "a,mode=", "parsing secret: mode  invalid", NULL, NULL, false, 0, 0, 0 },
		{ "a,uid=4294967296", "parsing secret: UID 4294967296 invalid", NULL, NULL, false, 0, 0, 0 },
		{ "", "parsing secret: no source found in ''", NULL, NULL, false, 0, 0, 0 },
		{ ",,", "parsing secret: no source found in ',,'", NULL, NULL, false, 0, 0, 0 },
		{ "a,target=x/../../y", "parsing secret: the target 'x/../../y' is no place for a file", NULL, NULL, false,
		  0, 0, 0 },
		{ "a,type=env,target=", "parsing secret: '' is no name of a variable", NULL, NULL, false, 0, 0, 0 },
		{ "a,type=env,mode=0444", "parsing secret: UID, GID, Mode options cannot be set with secret type env", NULL,
		  NULL, false, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_config struct container_config c = { 0 };
		char *typed[] = { text(rows[i].typed), NULL };
		struct fail f = { 0 };
		int r = secretopt_parse(typed, &c, &f);

		assert_string_equal(f.msg, rows[i].message ? rows[i].message : "");
		assert_int_equal(r, rows[i].message ? -f.code : 0);
		if (r < 0)
			continue;
		assert_int_equal(c.n_secrets, 1);
		assert_string_equal(c.secrets[0].name, rows[i].name);
		assert_string_equal(c.secrets[0].target, rows[i].target);
		assert_int_equal(c.secrets[0].env, rows[i].env);
		assert_int_equal(c.secrets[0].uid, rows[i].uid);
		assert_int_equal(c.secrets[0].gid, rows[i].gid);
		assert_int_equal(c.secrets[0].mode, rows[i].mode);
	}
}

static void test_merge(void **state)
{
	static const struct {
		const char *merge, *want;	/* NULL: refused */
	} rows[] = {
		{ "X=${container}!", "podman!" }, { "X=$container-x", "podman-x" }, { "X=$NONE", "" },
		{ "X=${NONE:-a b}", "a b" }, { "X=${container:-a}", "podman" }, { "X=${container:+a}", "a" },
		{ "X=${NONE:+a}", "" }, { "X=\\$container", "$container" }, { "X=$", "$" }, { "X=$1", "$1" },
		{ "X=a\\", "a\\" }, { "X=${container", NULL }, { "X=${}", NULL }, { "X=${container?x}", NULL },
		{ "X", NULL }, { "=x", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_config struct container_config c = { 0 };
		char *merge[] = { text(rows[i].merge), NULL };
		struct run_opts o = { .env = { .merge = merge, .http_proxy = TRI_FALSE } };
		struct fail f = { 0 };
		int r = env_build(&o, NULL, &c, &f);

		assert_int_equal(r < 0, !rows[i].want);
		if (rows[i].want)
			assert_string_equal(strv_env_get(c.env, "X"), rows[i].want);
	}
}

static void test_sysctl(void **state)
{
	static const struct {
		const char *entry;
		bool host_net, good;
	} rows[] = {
		{ "net.ipv4.ip_forward=1", false, true }, { "net.ipv4.ip_forward=1", true, false },
		{ "net/ipv4/conf/eth0.1/forwarding=1", false, true }, { "kernel.shmmax=1", true, true },
		{ "kernel/sem=1 2 3 4", false, true }, { "fs.mqueue.msg_max=1", false, true },
		{ "kernel.shmmaxx=1", false, false }, { "kernel.hostname=x", false, false }, { "=1", false, false },
		{ "net.ipv4.ip_forward", false, false }, { "vm.swappiness=", false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *v[] = { text(rows[i].entry), NULL };
		const struct kernel_group g = { .sysctl = v };
		struct fail f = { 0 };

		assert_int_equal(kernel_check(&g, rows[i].host_net, &f) == 0, rows[i].good);
	}
}

static void test_compat(void **state)
{
	const struct compat_group good = { .volume_driver = text("local"), .isolation = text("default"),
					   .cpu_count = text("3") };
	const struct compat_group bad = { .volume_driver = text("nfs") };
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(compat_check(&good, NULL, &f), 0);
	assert_true(compat_check(&bad, NULL, &f) < 0);
	assert_string_equal(f.msg, "--volume-driver is not supported");
}

/* A copy is whole, and its own. */
static void test_copy(void **state)
{
	struct container_config a = { 0 }, b = { 0 };
	char *typed[] = { text("s,uid=5"), text("t,type=env"), NULL };
	struct fail f = { 0 };
	auto_json json_t *ja = NULL, *jb = NULL;

	(void)state;
	assert_int_equal(secretopt_parse(typed, &a, &f), 0);
	a.id = mem_strdup("id");
	a.created = 77;
	a.life.rm = true;
	strv_add(&a.env, "A=1");
	strv_add(&a.labels, "k=v");
	a.place.timezone = mem_strdup("local");
	ja = jsonf_write(config_fields, &a);
	jsonf_copy(config_fields, &b, &a);
	config_done(&a);
	jb = jsonf_write(config_fields, &b);
	assert_true(json_equal(ja, jb));
	config_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resource), cmocka_unit_test(test_resource_numbers), cmocka_unit_test(test_ns),
		cmocka_unit_test(test_secret), cmocka_unit_test(test_merge), cmocka_unit_test(test_sysctl),
		cmocka_unit_test(test_compat), cmocka_unit_test(test_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
