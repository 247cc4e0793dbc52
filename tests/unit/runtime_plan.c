// SPDX-License-Identifier: Apache-2.0
/*
 * The plan of a launch, compared with tests/unit/golden/plan-*.txt, and what it refuses. Run from
 * the root of the sources; RBOX_GOLDEN=write writes the files anew, to be read before they are kept.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include "runtime/plan.h"
#include "tests/lib/box.h"

static int setup(void **state)
{
	struct box *b = mem_alloc(sizeof(*b));

	box_spec(&b->spec);
	strv_add(&b->lowers, "aaaa/tree");
	strv_add(&b->lowers, "bbbb/tree");
	b->launch = (struct launch){
		.spec = &b->spec, .seccomp_fd = -EBADF,
		.rootfs = { .base = "/store/layers", .lowers = b->lowers, .rw = "/store/rw" },
	};
	strv_add(&b->spec.process.args, "true");
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;

	strv_free_ptr(&b->lowers);
	spec_done(&b->spec);
	mem_free_ptr(state);
	return 0;
}

static void compare(struct box *b, const char *name)
{
	auto_free char *path = mem_printf("plan-%s.txt", name);
	auto_str struct str got = STR_INIT(65536), want = STR_INIT(65536);
	auto_fd int dir = fd_open(AT_FDCWD, "tests/unit/golden", O_PATH | O_DIRECTORY, 0);
	auto_plan struct plan p = { .n = 0 };
	struct fail f = { 0 };

	assert_true(dir >= 0);
	assert_int_equal(plan_build(&b->launch, &p, &f), 0);
	for (size_t i = 0; i < p.n; i++) {
		op_describe(&p.v[i], &got);
		str_addc(&got, '\n');
	}
	strv_each(it, p.args)
		str_addf(&got, "arg: %s\n", *it);
	if (getenv("RBOX_GOLDEN"))
		assert_int_equal(file_replace(dir, path, got.s, got.len, 0644, 0), 0);
	assert_true(file_read(dir, path, &want) >= 0);
	assert_string_equal(str_cstr(&got), str_cstr(&want));
}

static void test_default(void **state)
{
	compare(*state, "default");
}

static void test_everything(void **state)
{
	struct box *b = *state;

	b->launch.rootfs.is_volatile = true;
	b->launch.init_path = "/usr/bin/catatonit";
	b->launch.passwd_entry = true;
	b->launch.seccomp_fd = 9;
	b->spec.root.readonly = true;
	b->spec.process.terminal = true;
	b->spec.process.user.username = mem_strdup("joe:users");
	b->spec.domainname = mem_strdup("example.org");
	strv_add(&b->spec.linux_.sysctl, "net.ipv4.ip_forward=1");
	spec_add_mount(&b->spec, "/data", "bind", "/home/me/data", "rbind,ro,rprivate,nosuid,nodev");
	spec_add_mount(&b->spec, "/live", "bind", "/mnt", "rbind,rslave");
	spec_add_mount(&b->spec, "/run", "tmpfs", "tmpfs", "rw,noexec,nosuid,nodev,tmpcopyup,size=1m,mode=755");
	compare(b, "everything");
}

static void test_shared(void **state)
{
	struct box *b = *state;

	for (size_t i = 0; i < b->spec.linux_.n_namespaces; i++) {
		struct spec_namespace *n = &b->spec.linux_.namespaces[i];

		if (!strcmp(n->type, "user") || !strcmp(n->type, "network"))
			n->path = mem_printf("/proc/77/ns/%s", !strcmp(n->type, "user") ? "user" : "net");
	}
	b->launch.rootfs = (struct launch_rootfs){ .dir = "/srv/root", .single_id = true };
	b->launch.seccomp_fd = 9;
	b->spec.process.no_new_privileges = true;
	compare(b, "shared");
}

static void test_host_dev(void **state)
{
	struct box *b = *state;

	for (size_t i = 0; i < b->spec.n_mounts; i++)
		if (!strcmp(b->spec.mounts[i].destination, "/dev")) {
			mem_replace(&b->spec.mounts[i].type, mem_strdup("bind"));
			mem_replace(&b->spec.mounts[i].source, mem_strdup("/dev"));
			strv_free_ptr(&b->spec.mounts[i].options);
			strv_add(&b->spec.mounts[i].options, "rbind");
		}
	compare(b, "host-dev");
}

static void refused(struct box *b, const char *msg)
{
	auto_plan struct plan p = { .n = 0 };
	struct fail f = { 0 };

	assert_true(plan_build(&b->launch, &p, &f) < 0);
	assert_string_equal(f.msg, msg);
}

static void test_refused_mounts(void **state)
{
	static const struct {
		const char *destination, *type, *source, *options, *msg;
	} rows[] = {
		{ "/", "bind", "/x", "bind", "mount '/': the destination must be an absolute path below /" },
		{ "/..", "bind", "/x", "bind", "mount '/..': the destination must be an absolute path below /" },
		{ "x", "bind", "/x", "bind", "mount 'x': the destination must be an absolute path below /" },
		{ "/v", "bind", "x", "bind", "the source 'x' of mount '/v' is not absolute" },
		{ "/v", "none", "x", "ro", "mount '/v' has no type" },
		{ "/v", "bind", "/x", "bind,idmap",
		  "mount '/v': mount option 'idmap': users may not make id-mapped mounts" },
	};
	struct box *b = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct spec_mount *m = spec_add_mount(&b->spec, rows[i].destination, rows[i].type,
						      rows[i].source, rows[i].options);

		refused(b, rows[i].msg);
		mem_free_ptr(&m->destination);
		mem_free_ptr(&m->type);
		mem_free_ptr(&m->source);
		strv_free_ptr(&m->options);
		b->spec.n_mounts--;
	}
}

static void test_refused_sysctls(void **state)
{
	static const struct {
		const char *entry, *msg;
	} rows[] = {
		{ "kernel.panic=1", "sysctl 'kernel.panic=1' belongs to the host, not to a container" },
		{ "net/../kernel/panic=1", "sysctl 'net/../kernel/panic=1' has no such name" },
		{ "net..ipv4=1", "sysctl 'net..ipv4=1' has no such name" },
		{ "net.ipv4.ip_forward", "sysctl 'net.ipv4.ip_forward' is not KEY=VALUE" },
		{ "=1", "sysctl '=1' is not KEY=VALUE" },
	};
	struct box *b = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		strv_free_ptr(&b->spec.linux_.sysctl);
		strv_add(&b->spec.linux_.sysctl, rows[i].entry);
		refused(b, rows[i].msg);
	}
	strv_free_ptr(&b->spec.linux_.sysctl);
	strv_add(&b->spec.linux_.sysctl, "net.ipv4.ip_forward=1");
	for (size_t i = 0; i < b->spec.linux_.n_namespaces; i++)
		if (!strcmp(b->spec.linux_.namespaces[i].type, "network"))
			mem_replace(&b->spec.linux_.namespaces[i].type, mem_strdup("time"));
	refused(b, "sysctl 'net.ipv4.ip_forward=1' is not allowed in the host's network namespace");
}

static void test_refused_rest(void **state)
{
	struct box *b = *state;

	strv_free_ptr(&b->spec.process.args);
	refused(b, "no command is given, and the image has none");
	b->launch.rootfs.lowers = NULL;
	refused(b, "the root filesystem names neither layers nor a folder");
	mem_replace(&b->spec.linux_.namespaces[0].type, mem_strdup("usr"));
	refused(b, "namespace 'usr' is not known");
}

static void test_options(void **state)
{
	static const struct {
		const char *options;
		unsigned long flags;
		const char *data;
	} rows[] = {
		{ "ro,rw", 0, NULL },
		{ "rw,ro", MS_RDONLY, NULL },
		{ "nosuid,nodev,noexec", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
		{ "nosuid,suid", 0, NULL },
		{ "relatime,noatime", MS_NOATIME, NULL },
		{ "mode=1777,size=64k,ro", MS_RDONLY, "mode=1777,size=64k" },
		{ "z,U,copy,rw", 0, NULL },
		{ "", 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_strv char **v = strv_split(rows[i].options, ",", false);
		struct mount_opts o;
		struct fail f = { 0 };

		assert_int_equal(mount_opts_parse(v, &o, &f), 0);
		assert_int_equal(o.flags, rows[i].flags);
		assert_true(str_eq(o.data, rows[i].data));
		mem_free_ptr(&o.data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_default, setup, teardown),
		cmocka_unit_test_setup_teardown(test_everything, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shared, setup, teardown),
		cmocka_unit_test_setup_teardown(test_host_dev, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_mounts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_sysctls, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_rest, setup, teardown),
		cmocka_unit_test(test_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
