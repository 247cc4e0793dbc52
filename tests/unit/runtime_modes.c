// SPDX-License-Identifier: Apache-2.0
/* The same launch with other ids: a single one, real root, and a U that is inside another. */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include "runtime/ns.h"
#include "tests/lib/box.h"
#include "tests/lib/user.h"

static int run_box(bool single, const char *script, const char *want)
{
	auto_str struct str text = STR_INIT(65536);
	struct fail f = { 0 };
	struct box b;
	int r = box_make(&b, 1);

	if (r < 0) {
		print_error("no box\n");
		return 1;
	}
	b.launch.rootfs.single_id = single;
	box_args(&b, script);
	r = box_run(&b, &text, &f);
	if (r || strcmp(str_cstr(&text), want))
		print_error("%d '%s'\ngot:  %s\nwant: %s\n", r, f.msg, str_cstr(&text), want);
	r = r || strcmp(str_cstr(&text), want);
	box_done(&b);
	return r;
}

/* In a child: what is joined can't be left. */
static void in_child(int (*run)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(run());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static int single(void)
{
	struct fail f = { 0 };
	struct userns_plan plan = { .mode = USERNS_SINGLE,
				    .uids = { .n = 1, .v = { { 0, geteuid(), 1 } } },
				    .gids = { .n = 1, .v = { { 0, getegid(), 1 } } } };
	struct userns_begun b;
	int ns;

	if (userns_begin(&plan, 0, &b, &f) < 0)
		return 2;
	ns = userns_finish(&b, &f);
	if (ns < 0 || userns_enter(ns, true, &f) < 0) {
		print_error("%s\n", f.msg);
		return 3;
	}
	return run_box(true, "id -u; id -g; cat /proc/self/uid_map | wc -l; echo x > /dev/shm/x; "
		       "stat -c '%g %a' /dev/pts/ptmx; touch /etc/new && echo made",
		       "0\n0\n1\n0 666\nmade\n");
}

static int nested(void)
{
	struct fail f = { 0 };
	struct userns_plan plan;

	if (box_enter(&f) < 0 || userns_plan(&plan, &f) < 0 || plan.mode != USERNS_CURRENT)
		return 2;
	if (box_enter(&f) < 0)
		return 3;
	return run_box(false, "id -u; su joe -c 'id -u' 2>/dev/null; cat /proc/self/uid_map | wc -l", "0\n1000\n2\n");
}

static int as_root(void)
{
	struct fail f = { 0 };
	struct userns_plan plan;

	if (userns_plan(&plan, &f) < 0 || (plan.mode != USERNS_ROOT && plan.mode != USERNS_CURRENT))
		return 2;
	if (box_enter(&f) < 0) {
		print_error("%s\n", f.msg);
		return 3;
	}
	return run_box(false, "id -u; chown joe /etc/passwd && stat -c %u /etc/passwd", "0\n1000\n");
}

/* The store on an overlay, as in CI inside another container: the kernel makes none over it. */
static int on_overlay(void)
{
	const char *top = getenv("RBOX_TEST_TOP");
	auto_free char *options = NULL, *lower = NULL, *upper = NULL, *work = NULL;
	struct fail f = { 0 };

	if (!top || box_enter(&f) < 0 || ns_unshare(CLONE_NEWNS) < 0)
		return 2;
	/* Not /tmp itself: while anybody has a mount below it, it can't be a layer (EINVAL). */
	lower = mem_printf("%s/l", top);
	upper = mem_printf("%s/u", top);
	work = mem_printf("%s/w", top);
	options = mem_printf("lowerdir=%s,upperdir=%s,workdir=%s,userxattr", lower, upper, work);
	if (mkdir(lower, 0777) < 0 || mkdir(upper, 0777) < 0 || mkdir(work, 0777) < 0 ||
	    mount("overlay", "/tmp", "overlay", 0, options) < 0) {
		print_error("%m\n");
		return 3;
	}
	return run_box(false, "grep ' / ' /proc/self/mounts | cut -d' ' -f3 2>/dev/null || "
		       "grep ' / ' /proc/self/mounts | while read a b c d; do echo $c; done; "
		       "ls /layers; echo x > /etc/new; cat /etc/new; rm -r /layers; ls / | wc -l",
		       "fuse.fuse-overlayfs\n0\n1\nx\n6\n");
}

static void test_single(void **state)
{
	(void)state;
	in_child(single);
}

static void test_nested(void **state)
{
	(void)state;
	in_child(nested);
}

static void test_on_overlay(void **state)
{
	char top[] = "/tmp/rbox-fuse.XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(top));
	setenv("RBOX_TEST_TOP", top, 1);
	in_child(on_overlay);
	assert_int_equal(file_remove_tree(AT_FDCWD, top), 0);
}

static void test_root(void **state)
{
	(void)state;
	in_child(as_root);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest root[] = { cmocka_unit_test(test_root) };
	const struct CMUnitTest users[] = { cmocka_unit_test(test_single), cmocka_unit_test(test_nested),
					     cmocka_unit_test(test_on_overlay) };
	int failed = 0;

	(void)argc;
	if (geteuid() == 0)
		failed = cmocka_run_group_tests(root, NULL, NULL);
	else
		print_message("not root: its mode is not tested\n");
	if (user_drop(argv) < 0)
		return 1;
	return cmocka_run_group_tests(users, NULL, NULL) || failed;
}
