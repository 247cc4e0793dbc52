// SPDX-License-Identifier: Apache-2.0
/* Users of hostile images, capabilities by name, limits, and what a process is left with. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "runtime/ns.h"
#include "runtime/privs.h"

#define TEXT(s) ((char *)(uintptr_t)(s))

/* --- an image's root with the two files --- */

struct root {
	char dir[40];
	int fd;
};

static void put(const struct root *r, const char *name, const char *text, size_t len)
{
	auto_fd int etc = fd_open(r->fd, "etc", O_RDONLY | O_DIRECTORY, 0);

	assert_true(etc >= 0);
	(void)unlinkat(etc, name, 0);
	assert_int_equal(file_replace(etc, name, text, len, 0644, 0), 0);
}

static const char passwd[] =
	"root:x:0:0:root:/root:/bin/sh\n"
	"\n"
	"# a comment: of: no: sense\n"
	":x:5:5::/:/bin/sh\n"
	"broken\n"
	"neg:x:-1:0::/neg:/bin/sh\n"
	"huge:x:4294967296:0::/huge:/bin/sh\n"
	"minus:x:4294967295:0::/minus:/bin/sh\n"
	"short:x:7:8\n"
	"nohome:x:9:9::\n"
	"1000:x:77:77::/named:/bin/sh\n"
	"app:x:1000:1001:App:/home/app:/bin/sh\n"
	"app2:x:1000:1002:App:/home/app2:/bin/sh\n"
	"colons:x:50:50:a:/c:d:e:f\n"
	"last:x:60:61::/last:/bin/false";	/* no newline at the end */

static const char group[] =
	"root:x:0:\n"
	"wheel:x:10:root,app\n"
	"app:x:1001:app\n"
	"audio:x:29:other,app\n"
	"prefix:x:30:application\n"
	"bad:x:x:app\n"
	"video:x:44:\n"
	"2000:x:45:\n"
	"end:x:70:last";

static int root_up(void **state)
{
	struct root *r = mem_alloc(sizeof(*r));

	snprintf(r->dir, sizeof(r->dir), "/tmp/rbox-privs-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	r->fd = fd_open(AT_FDCWD, r->dir, O_RDONLY | O_DIRECTORY, 0);
	assert_int_equal(mkdirat(r->fd, "etc", 0755), 0);
	put(r, "passwd", passwd, strlen(passwd));
	put(r, "group", group, strlen(group));
	*state = r;
	return 0;
}

static int root_down(void **state)
{
	struct root *r = *state;

	fd_close(r->fd);
	assert_int_equal(file_remove_tree(AT_FDCWD, r->dir), 0);
	free(r);
	return 0;
}

static int look_up(const struct root *r, const char *name, struct privs_user *u, struct fail *f)
{
	struct spec_user su = { .username = TEXT(name) };

	return privs_user_lookup(r->fd, &su, u, f);
}

static void test_users(void **state)
{
	static const struct {
		const char *name;
		uint32_t uid, gid;
		const char *home, *groups;
	} rows[] = {
		{ "root", 0, 0, "/root", "10 0" },
		{ "0", 0, 0, "/root", "10 0" },
		{ "", 0, 0, "/root", "10" },
		{ "app", 1000, 1001, "/home/app", "10 1001 29" },
		/* A number that is also a name: the name's line comes first in the file. */
		{ "1000", 77, 77, "/named", "77" },
		{ "app:", 1000, 1001, "/home/app", "10 1001 29" },
		{ "app:video", 1000, 44, "/home/app", "44" },
		{ "app:0", 1000, 0, "/home/app", "0" },
		{ "app:12345", 1000, 12345, "/home/app", "12345" },
		{ "app:2000", 1000, 45, "/home/app", "45" },
		{ ":video", 0, 44, "/root", "44" },
		{ ":99", 0, 99, "/root", "99" },
		{ "4321", 4321, 0, "/", "0" },
		{ "4321:44", 4321, 44, "/", "44" },
		{ "short", 7, 8, "/", "8" },
		{ "nohome", 9, 9, "/", "9" },
		{ "colons", 50, 50, "/c", "50" },
		{ "last", 60, 61, "/last", "70 61" },
		{ "2147483647", 2147483647, 0, "/", "0" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_str struct str groups = STR_INIT(1000);
		struct fail f = { 0 };
		struct privs_user u;

		(void)!look_up(*state, rows[i].name, &u, &f);
		if (f.code)
			print_error("'%s': %s\n", rows[i].name, f.msg);
		assert_string_equal(f.msg, "");
		assert_int_equal(u.uid, rows[i].uid);
		assert_int_equal(u.gid, rows[i].gid);
		assert_string_equal(u.home, rows[i].home);
		for (size_t g = 0; g < u.n_groups; g++)
			str_addf(&groups, "%s%u", g ? " " : "", u.groups[g]);
		assert_string_equal(str_cstr(&groups), rows[i].groups);
	}
}

static void test_unknown_users(void **state)
{
	static const struct {
		const char *name, *msg;
	} rows[] = {
		{ "x", "unable to find user x: no matching entries in passwd file" },
		{ "neg", "unable to find user neg: no matching entries in passwd file" },
		{ "huge", "unable to find user huge: no matching entries in passwd file" },
		{ "minus", "unable to find user minus: no matching entries in passwd file" },
		{ "broken", "unable to find user broken: no matching entries in passwd file" },
		{ "-1", "unable to find user -1: no matching entries in passwd file" },
		{ "0x10", "unable to find user 0x10: no matching entries in passwd file" },
		{ "4294967295", "uid 4294967295 is not within 0-2147483647" },
		{ "4294967296", "uid 4294967296 is not within 0-2147483647" },
		{ "2147483648", "uid 2147483648 is not within 0-2147483647" },
		{ "99999999999999999999", "uid 99999999999999999999 is not within 0-2147483647" },
		{ "app:nogroup", "unable to find group nogroup: no matching entries in group file" },
		{ "app:4294967295", "gid 4294967295 is not within 0-2147483647" },
		{ "app:bad", "unable to find group bad: no matching entries in group file" },
		{ "app:a:b", "unable to find group a:b: no matching entries in group file" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fail f = { 0 };
		struct privs_user u;

		assert_true(look_up(*state, rows[i].name, &u, &f) < 0);
		assert_string_equal(f.msg, rows[i].msg);
		assert_int_equal(fail_status(&f), 125);
	}
}

static void test_added_groups(void **state)
{
	struct root *r = *state;
	char *add[] = { TEXT("video"), TEXT("5000"), TEXT("wheel"), NULL }, *bad[] = { TEXT("gone"), NULL };
	uint32_t more[] = { 5000, 6000 };
	struct spec_user su = { .username = TEXT("app"), .group_add = add,
				.additional_gids = { more, ARRAY_LEN(more) } };
	struct privs_user u;
	struct fail f = { 0 };

	assert_int_equal(privs_user_lookup(r->fd, &su, &u, &f), 0);
	assert_int_equal(u.n_groups, 6);	/* 10 1001 29, 5000 6000, 44; none twice */
	assert_int_equal(u.groups[3], 5000);
	assert_int_equal(u.groups[5], 44);
	su.group_add = bad;
	assert_true(privs_user_lookup(r->fd, &su, &u, &f) < 0);
	assert_string_equal(f.msg, "unable to find group gone: no matching entries in group file");
}

/* Numbers of the OCI spec: taken as they are, whatever the files say. */
static void test_numbers(void **state)
{
	struct root *r = *state;
	struct spec_user su = { .uid = 1000, .gid = 5 };
	struct privs_user u;
	struct fail f = { 0 };

	assert_int_equal(privs_user_lookup(r->fd, &su, &u, &f), 0);
	assert_int_equal(u.uid, 1000);
	assert_int_equal(u.gid, 5);
	assert_int_equal(u.n_groups, 0);
	su.uid = UINT32_MAX;
	assert_true(privs_user_lookup(r->fd, &su, &u, &f) < 0);
	assert_string_equal(f.msg, "uid 4294967295 means no user to the kernel");
}

static void test_hostile_files(void **state)
{
	struct root *r = *state;
	size_t big = 3 << 20;
	auto_free char *line = mem_alloc(big);
	struct privs_user u;
	struct fail f = { 0 };

	/* One line of 3 MiB; what follows is out of sight, and the failure says so. */
	memset(line, 'a', big);
	memcpy(line + big - 20, "\nme:x:1:1::/me:/sh\n", 19);
	put(r, "passwd", line, big);
	assert_true(look_up(r, "me", &u, &f) < 0);
	assert_string_equal(f.msg, "unable to find user me: no matching entries in passwd file");
	assert_string_equal(f.hint, "only the first MiB of the container's /etc/passwd is read");
	fail_clear(&f);
	assert_int_equal(look_up(r, "1000", &u, &f), 0);

	/* NUL bytes, a name and a home too long for a real one. */
	put(r, "passwd", "a\0b:x:3:3::/a\0b:/\nme:x:4:4::/h\0e:/sh\n", 38);
	assert_int_equal(look_up(r, "me", &u, &f), 0);
	assert_string_equal(u.home, "/");
	memcpy(line, "me:x:4:4::/", 11);
	memcpy(line + 1000, ":/sh\n", 5);
	put(r, "passwd", line, 1005);
	assert_int_equal(look_up(r, "me", &u, &f), 0);
	assert_string_equal(u.home, "/");

	/* No files, a folder, a fifo, a link out of the root. */
	assert_int_equal(unlinkat(r->fd, "etc/passwd", 0), 0);
	assert_int_equal(look_up(r, "0", &u, &f), 0);
	assert_int_equal(mkdirat(r->fd, "etc/passwd", 0755), 0);
	assert_int_equal(look_up(r, "0", &u, &f), 0);
	assert_int_equal(unlinkat(r->fd, "etc/passwd", AT_REMOVEDIR), 0);
	assert_int_equal(mkfifoat(r->fd, "etc/passwd", 0644), 0);
	assert_int_equal(look_up(r, "0", &u, &f), 0);
	assert_int_equal(unlinkat(r->fd, "etc/passwd", 0), 0);
	assert_int_equal(symlinkat("../../../../../../etc/passwd", r->fd, "etc/passwd"), 0);
	assert_true(look_up(r, "root", &u, &f) < 0);	/* the link is to itself */
	assert_int_equal(unlinkat(r->fd, "etc/passwd", 0), 0);
}

static void test_too_many_groups(void **state)
{
	struct root *r = *state;
	auto_str struct str text = STR_INIT(1 << 20);
	struct privs_user u;
	struct fail f = { 0 };

	for (int i = 0; i < 300; i++)
		str_addf(&text, "g%d:x:%d:app\n", i, 1000 + i);
	put(r, "group", text.s, text.len);
	assert_int_equal(look_up(r, "app", &u, &f), -E2BIG);
	assert_string_equal(f.msg, "more than 256 supplementary groups");
}

/* --- capabilities --- */

static void test_caps_parse(void **state)
{
	static const struct {
		const char *name;
		uint64_t mask;
	} rows[] = {
		{ "CAP_CHOWN", 1 },		 { "chown", 1 },
		{ "cap_net_raw", 1 << 13 },	 { "NET_RAW", 1 << 13 },
		{ "Cap_Sys_Admin", 1 << 21 },	 { "CHECKPOINT_RESTORE", UINT64_C(1) << 40 },
	};
	static const char *const bad[] = { "", "CAP_", "CAP_CAP_CHOWN", "CHOWN ", "frob", "CAP_ALL", "0" };
	uint64_t mask;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fail f = { 0 };

		assert_int_equal(privs_cap_parse(rows[i].name, &mask, &f), 0);
		assert_int_equal(mask, rows[i].mask);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct fail f = { 0 };
		auto_free char *want = mem_printf("unknown capability '%s'", bad[i]);

		assert_int_equal(privs_cap_parse(bad[i], &mask, &f), -EINVAL);
		assert_string_equal(f.msg, want);
	}
}

#define DEFAULT "CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID CAP_KILL CAP_NET_BIND_SERVICE " \
		"CAP_SETFCAP CAP_SETGID CAP_SETPCAP CAP_SETUID CAP_SYS_CHROOT"

static void test_caps_build(void **state)
{
	static const struct {
		const char *add, *drop, *want, *msg;
	} rows[] = {
		{ "", "", DEFAULT, NULL },
		{ "kill", "", DEFAULT, NULL },
		{ "SYS_TIME", "", DEFAULT " CAP_SYS_TIME", NULL },
		{ "", "CAP_CHOWN kill", "CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID CAP_NET_BIND_SERVICE CAP_SETFCAP "
		  "CAP_SETGID CAP_SETPCAP CAP_SETUID CAP_SYS_CHROOT", NULL },
		{ "", "all", "", NULL },
		{ "net_admin CHOWN", "ALL", "CAP_CHOWN CAP_NET_ADMIN", NULL },
		{ "ALL", "ALL", NULL, "adding all capabilities and dropping all is a contradiction" },
		{ "kill", "CAP_KILL", NULL, "capability CAP_KILL is both added and dropped" },
		{ "frob", "", NULL, "unknown capability 'frob'" },
		{ "", "frob", NULL, "unknown capability 'frob'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_strv char **add = strv_split(rows[i].add, " ", true);
		auto_strv char **drop = strv_split(rows[i].drop, " ", true);
		auto_strv char **got = NULL;
		auto_free char *text = NULL;
		struct fail f = { 0 };
		int r = privs_caps_build(add, drop, false, &got, &f);

		assert_string_equal(f.msg, rows[i].msg ? rows[i].msg : "");
		if (r < 0)
			continue;
		text = strv_join(got, " ");
		assert_string_equal(text, rows[i].want);
	}
}

static void test_all_but_some(void **state)
{
	char *all[] = { TEXT("all"), NULL }, *drop[] = { TEXT("mknod"), NULL };
	auto_strv char **with = NULL, **without = NULL, **privileged = NULL;
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(privs_caps_build(all, NULL, false, &with, &f), 0);
	assert_int_equal(privs_caps_build(all, drop, false, &without, &f), 0);
	assert_int_equal(privs_caps_build(NULL, NULL, true, &privileged, &f), 0);
	assert_true(strv_has(with, "CAP_MKNOD") && strv_has(with, "CAP_SYS_ADMIN"));
	assert_false(strv_has(without, "CAP_MKNOD"));
	assert_int_equal(strv_len(without) + 1, strv_len(with));
	assert_int_equal(strv_len(privileged), strv_len(with));
}

/* --- for real, in a user namespace --- */

struct deed {
	const struct spec_process *p;
	const struct privs_user *u;
	const char *want;	/* lines of /proc/self/status that must be there; NULL: a failure */
};

static int child(const struct deed *d, int out)
{
	auto_str struct str status = STR_INIT(64 * 1024);
	struct fail f = { 0 };
	int r = privs_limits(d->p, &f);

	if (r == 0)
		r = privs_apply(d->p, d->u, &f);
	if (r < 0)
		return io_write_full(out, f.msg, strlen(f.msg)) < 0;
	r = file_read(AT_FDCWD, "/proc/self/status", &status);
	if (r < 0)
		return -r;
	return io_write_full(out, status.s, status.len) < 0;
}

static void map(pid_t pid, const char *which, uint32_t id)
{
	auto_free char *path = mem_printf("/proc/%d/%s", (int)pid, which);
	auto_free char *line = geteuid() == 0 ? mem_strdup("0 0 3000000000\n") : mem_printf("0 %u 1\n", id);
	auto_fd int fd = fd_open(AT_FDCWD, path, O_WRONLY, 0);

	assert_int_equal(io_write_full(fd, line, strlen(line)), 0);
}

static void in_namespace(const struct deed *d, struct str *ret)
{
	int go[2], out[2], status;
	pid_t pid;
	char c;

	assert_int_equal(fd_pipe(go), 0);
	assert_int_equal(fd_pipe(out), 0);
	pid = ns_clone(CLONE_NEWUSER, -EBADF, NULL);
	assert_true(pid >= 0);
	if (pid == 0) {
		_exit(io_read(go[0], &c, 1) != 1 || setresuid(0, 0, 0) < 0 ? 99 : child(d, out[1]));
	}
	if (geteuid() != 0) {
		auto_free char *path = mem_printf("/proc/%d/setgroups", (int)pid);
		auto_fd int fd = fd_open(AT_FDCWD, path, O_WRONLY, 0);

		assert_int_equal(io_write_full(fd, "deny", 4), 0);
	}
	map(pid, "uid_map", geteuid());
	map(pid, "gid_map", getegid());
	assert_int_equal(io_write_full(go[1], "g", 1), 0);
	fd_close(out[1]);
	(void)!io_read_all(out[0], ret);
	fd_close(out[0]);
	fd_close(go[0]);
	fd_close(go[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_root_with_few(void **state)
{
	char *caps[] = { TEXT("CAP_CHOWN"), TEXT("CAP_SYS_CHROOT"), NULL };
	struct spec_process p = { .caps = { caps, caps, NULL, caps, NULL }, .no_new_privileges = true,
				  .user.umask = 027 };
	struct privs_user u = { 0 };
	struct deed d = { &p, &u, NULL };
	auto_str struct str s = STR_INIT(64 * 1024);

	(void)state;
	in_namespace(&d, &s);
	assert_non_null(strstr(str_cstr(&s), "CapInh:\t0000000000000000\nCapPrm:\t0000000000040001\n"
					     "CapEff:\t0000000000040001\nCapBnd:\t0000000000040001\n"
					     "CapAmb:\t0000000000000000\nNoNewPrivs:\t1\n"));
	assert_non_null(strstr(str_cstr(&s), "Umask:\t0027\n"));
}

/* A plain user: the default set bounds, nothing is effective but what was added, ambient. */
static void test_user_with_ambient(void **state)
{
	char *bound[] = { TEXT("CAP_CHOWN"), TEXT("CAP_NET_RAW"), NULL }, *raw[] = { TEXT("CAP_NET_RAW"), NULL };
	struct spec_process p = { .caps = { bound, raw, raw, raw, raw } };
	struct privs_user u = { .uid = 1234, .gid = 77, .groups = { 5, 6 }, .n_groups = 2 };
	struct deed d = { &p, &u, NULL };
	auto_str struct str s = STR_INIT(64 * 1024);

	(void)state;
	if (geteuid() != 0)
		skip();		/* one id is mapped */
	in_namespace(&d, &s);
	assert_non_null(strstr(str_cstr(&s), "Uid:\t1234\t1234\t1234\t1234\nGid:\t77\t77\t77\t77\n"));
	assert_non_null(strstr(str_cstr(&s), "Groups:\t5 6 \n"));
	assert_non_null(strstr(str_cstr(&s), "CapInh:\t0000000000002000\nCapPrm:\t0000000000002000\n"
					     "CapEff:\t0000000000002000\nCapBnd:\t0000000000002001\n"
					     "CapAmb:\t0000000000002000\nNoNewPrivs:\t0\n"));
}

/* What only the image's /etc/group lists is left out where it isn't mapped: nobody asked for it. */
static void test_listed_group_unmapped(void **state)
{
	struct spec_process p = { 0 };
	struct privs_user u = { .groups = { 3000000001U, 5 }, .n_groups = 2, .n_listed = 2 };
	struct deed d = { &p, &u, NULL };
	auto_str struct str s = STR_INIT(64 * 1024);

	(void)state;
	in_namespace(&d, &s);
	assert_non_null(strstr(str_cstr(&s), geteuid() == 0 ? "Groups:\t5 \n" : "Groups:\t"));
	assert_null(strstr(str_cstr(&s), "not mapped"));
}

static void test_apply_refuses(void **state)
{
	char *bad[] = { TEXT("CAP_FROB"), NULL };
	struct spec_process p = { 0 }, wrong = { .caps.bounding = bad };
	struct privs_user far = { .uid = 3000000001U }, grp = { .gid = 3000000001U };
	struct privs_user extra = { .groups = { 3000000001U }, .n_groups = 1 };
	const struct {
		struct deed d;
		const char *msg;
	} rows[] = {
		{ { &p, &far, NULL }, "uid 3000000001 is not mapped in this container" },
		{ { &p, &grp, NULL }, "gid 3000000001 is not mapped in this container" },
		{ { &wrong, &far, NULL }, "unknown capability 'CAP_FROB'" },
		{ { &p, &extra, NULL }, geteuid() == 0 ? "group 3000000001 is not mapped in this container" :
				"set 1 supplementary groups: Operation not permitted" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_str struct str s = STR_INIT(64 * 1024);

		in_namespace(&rows[i].d, &s);
		assert_string_equal(str_cstr(&s), rows[i].msg);
	}
}

static void test_limits(void **state)
{
	struct rlimit now;
	struct spec_rlimit l[] = {
		{ TEXT("RLIMIT_NOFILE"), 1048576, 1048576 },	/* hard, soft */
		{ TEXT("RLIMIT_CORE"), -1, 0 },
	};
	struct spec_process p = { .rlimits = l, .n_rlimits = ARRAY_LEN(l) };
	struct fail f = { 0 };
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		/* Clamped to what we have, without a word. */
		now = (struct rlimit){ 400, 500 };
		if (setrlimit(RLIMIT_NOFILE, &now) < 0 || setresuid(65534, 65534, 65534) < -1)
			_exit(1);
		if (privs_limits(&p, &f) < 0 || getrlimit(RLIMIT_NOFILE, &now) < 0)
			_exit(2);
		/* Real root may raise it: then it is what was asked for. */
		_exit(now.rlim_max == 500 && now.rlim_cur == 500 ? 0 : now.rlim_max == 1048576 ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);

	l[0] = (struct spec_rlimit){ TEXT("RLIMIT_FROB"), 1, 1 };
	assert_int_equal(privs_limits(&p, &f), -EINVAL);
	assert_string_equal(f.msg, "unknown limit 'RLIMIT_FROB'");
	fail_clear(&f);
	l[0] = (struct spec_rlimit){ TEXT("RLIMIT_NOFILE"), 5, 6 };
	assert_int_equal(privs_limits(&p, &f), -EINVAL);
	assert_string_equal(f.msg, "RLIMIT_NOFILE: the soft limit 6 is above the hard limit 5");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, root_up, root_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_users),
		TEST(test_unknown_users),
		TEST(test_added_groups),
		TEST(test_numbers),
		TEST(test_hostile_files),
		TEST(test_too_many_groups),
		cmocka_unit_test(test_caps_parse),
		cmocka_unit_test(test_caps_build),
		cmocka_unit_test(test_all_but_some),
		cmocka_unit_test(test_root_with_few),
		cmocka_unit_test(test_user_with_ambient),
		cmocka_unit_test(test_listed_group_unmapped),
		cmocka_unit_test(test_apply_refuses),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
