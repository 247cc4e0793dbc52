// SPDX-License-Identifier: Apache-2.0
/* Files of containers' users: what belongs to subordinate ids is removed in the user's namespace. */
#include "tests/unit/store_env.h"

#include <sys/wait.h>

#include "runtime/userns.h"

/* Runs FN in the user's namespace, in a child. */
static void inside(struct env *e, void (*fn)(struct env *e))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct fail f = { 0 };

		if (userns_enter_default(&f) < 0) {
			print_error("%s\n", f.msg);
			_exit(1);
		}
		fn(e);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void must(bool ok)
{
	if (!ok)
		_exit(2);
}

static void make_foreign(struct env *e)
{
	int at = e->store.root_fd;

	must(mkdirat(at, "volumes/v/theirs", 0700) == 0);
	must(mkdirat(at, "volumes/v/theirs/deeper", 0) == 0);
	must(mkdirat(at, "volumes/v/theirs/deeper2", 0755) == 0);
	must(symlinkat("/etc", at, "volumes/v/theirs/deeper2/link") == 0);
	must(fchownat(at, "volumes/v/theirs/deeper2", 33, 33, 0) == 0);
	must(fchownat(at, "volumes/v/theirs/deeper", 33, 33, 0) == 0);
	must(fchownat(at, "volumes/v/theirs", 33, 33, 0) == 0);
}

static void sweep(struct env *e)
{
	struct fail f = { 0 };
	unsigned left = 99;

	must(store_sweep(&e->store, &left, &f) == 0 && left == 0);
}

static void test_foreign(void **state)
{
	struct env *e = *state;
	struct userns_plan plan;
	auto_fd int volumes = -EBADF;
	struct fail f = { 0 };
	unsigned left = 99;

	env_ok(userns_plan(&plan, &f), &f);
	volumes = store_dir(&e->store, "volumes", &f);
	assert_int_equal(mkdirat(volumes, "v", 0700), 0);
	inside(e, make_foreign);
	env_ok(store_trash(&e->store, volumes, "v", &f), &f);
	/* Outside it can't be done, and is no failure: the next sweep tries again. */
	if (geteuid() != 0) {
		env_ok(store_sweep(&e->store, &left, &f), &f);
		assert_int_equal(left, 1);
		assert_true(store_needs_sweep(&e->store));
	}
	inside(e, sweep);
	env_swept(e);
	assert_int_equal(access("/etc/passwd", F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_foreign, env_setup, env_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
