// SPDX-License-Identifier: Apache-2.0
/* The store itself: opening, what is being made, what is being removed. */
#include "tests/unit/store_env.h"

#include <sys/resource.h>

#include "storage/dir.h"

static void put(int dir, const char *name, const char *text)
{
	assert_int_equal(file_replace(dir, name, text, strlen(text), 0600, 0), 0);
}

static void test_open(void **state)
{
	struct env *e = *state;
	struct store s = { 0 };
	struct fail f = { 0 };
	struct stat st;
	auto_free char *want = NULL;

	assert_int_equal(fstat(e->store.root_fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_string_equal(e->store.path, e->path);
	env_ok(store_open(e->path, &s, &f), &f);
	store_done(&s);
	store_done(&s); /* twice is legal */

	/* A folder of the layout that somebody removed comes back. */
	assert_int_equal(unlinkat(e->store.root_fd, "volumes", AT_REMOVEDIR), 0);
	assert_true(fd_close(store_dir(&e->store, "volumes", &f)) == -EBADF && !f.code);

	put(e->store.root_fd, "version", "7\n");
	assert_int_equal(store_open(e->path, &s, &f), -EPROTONOSUPPORT);
	want = mem_printf("the store '%s' has format 7, this rbox knows up to 1", e->path);
	assert_string_equal(f.msg, want);
	assert_string_equal(f.hint, "use the newer rbox that wrote it, or another store with XDG_DATA_HOME");
	fail_clear(&f);
	put(e->store.root_fd, "version", "seven");
	assert_int_equal(store_open(e->path, &s, &f), -EINVAL);
	fail_clear(&f);
	/* A power cut's empty file is mended. */
	put(e->store.root_fd, "version", "");
	env_ok(store_open(e->path, &s, &f), &f);
	store_done(&s);
}

static void test_open_where(void **state)
{
	struct env *e = *state;
	struct store s;
	struct fail f = { 0 };
	auto_free char *want = mem_printf("%s/deep/er/rbox", e->path);
	auto_free char *data = mem_printf("%s/deep/er", e->path);
	auto_free char *home = mem_printf("%s/.local/share/rbox", e->path);

	setenv("XDG_DATA_HOME", data, 1);
	env_ok(store_open(NULL, &s, &f), &f);
	assert_string_equal(s.path, want);
	store_done(&s);
	setenv("XDG_DATA_HOME", "not/absolute", 1);
	setenv("HOME", e->path, 1);
	env_ok(store_open(NULL, &s, &f), &f);
	assert_string_equal(s.path, home);
	store_done(&s);
	unsetenv("XDG_DATA_HOME");
	put(e->store.root_fd, "file", "");
	mem_replace(&data, mem_printf("%s/file/x", e->path));
	assert_int_equal(store_open(data, &s, &f), -ENOTDIR);
	mem_replace(&want, mem_printf("open the store '%s': Not a directory", data));
	assert_string_equal(f.msg, want);
}

static void test_temp(void **state)
{
	struct env *e = *state;
	struct store_temp t;
	struct fail f = { 0 };
	unsigned left;

	env_ok(store_temp_new(&e->store, &t, &f), &f);
	put(t.dir_fd, "content", "x");
	assert_int_equal(mkdirat(t.dir_fd, "sub", 0700), 0);
	/* Alive: passed over. */
	assert_false(store_needs_sweep(&e->store));
	env_ok(store_sweep(&e->store, &left, &f), &f);
	assert_int_equal(left, 0);
	assert_int_equal(faccessat(t.dir_fd, "content", F_OK, 0), 0);
	/* Its process died: swept. */
	t.lock_fd = fd_close(t.lock_fd);
	assert_true(store_needs_sweep(&e->store));
	env_swept(e);
	t.dir_fd = fd_close(t.dir_fd);

	/* Done: nothing left; and twice is legal. */
	env_ok(store_temp_new(&e->store, &t, &f), &f);
	put(t.dir_fd, "content", "x");
	store_temp_done(&t);
	store_temp_done(&t);
	assert_false(store_needs_sweep(&e->store));
}

static void test_half_made(void **state)
{
	struct env *e = *state;
	auto_fd int tmp = -EBADF;
	auto_fd int trash = -EBADF;
	struct fail f = { 0 };

	tmp = store_dir(&e->store, "tmp", &f);
	trash = store_dir(&e->store, "trash", &f);
	/* Killed between mkdir and the lock; a lost file; a link out. */
	assert_int_equal(mkdirat(tmp, "0123", 0700), 0);
	put(trash, "4567", "a file");
	assert_int_equal(symlinkat("/", trash, "89ab"), 0);
	assert_true(store_needs_sweep(&e->store));
	env_swept(e);
	assert_int_equal(access("/etc", F_OK), 0);
}

static void test_trash(void **state)
{
	struct env *e = *state;
	auto_fd int volumes = -EBADF;
	auto_fd int run = -EBADF;
	auto_fd int closed = -EBADF;
	struct fail f = { 0 };
	unsigned left = 9;

	volumes = store_dir(&e->store, "volumes", &f);
	assert_int_equal(mkdirat(volumes, "v", 0700), 0);
	assert_int_equal(mkdirat(volumes, "v/closed", 0700), 0);
	closed = fd_open(volumes, "v/closed", O_RDONLY | O_DIRECTORY, 0);
	put(closed, "file", "x");
	/* As overlay leaves work/work. */
	assert_int_equal(fchmodat(volumes, "v/closed", 0, 0), 0);
	assert_int_equal(mkdirat(volumes, "w", 0700), 0);
	run = file_lock(volumes, "w/lock.run", LOCK_WAIT);
	assert_true(run >= 0);
	env_ok(store_trash(&e->store, volumes, "v", &f), &f);
	env_ok(store_trash(&e->store, volumes, "w", &f), &f);
	assert_int_equal(store_trash(&e->store, volumes, "v", &f), -ENOENT);
	fail_clear(&f);
	/* w's monitor still lives. */
	env_ok(store_sweep(&e->store, &left, &f), &f);
	assert_int_equal(left, 0);
	assert_false(store_needs_sweep(&e->store));
	run = fd_close(run);
	env_swept(e);
	put(volumes, "odd", "x");
	env_ok(store_quarantine(&e->store, volumes, "odd", "volume-odd", &f), &f);
}

/* A container can make its folders as deep as it likes. */
static void test_deep(void **state)
{
	enum { DEPTH = 3000 };
	struct env *e = *state;
	const struct rlimit few = { .rlim_cur = 128, .rlim_max = 128 };
	auto_fd int at = -EBADF;
	auto_fd int volumes = -EBADF;
	struct fail f = { 0 };

	volumes = store_dir(&e->store, "volumes", &f);
	assert_int_equal(mkdirat(volumes, "deep", 0700), 0);
	at = fd_open(volumes, "deep", O_RDONLY | O_DIRECTORY, 0);
	for (int i = 0; i < DEPTH; i++) {
		int next;

		assert_int_equal(mkdirat(at, "d", 0700), 0);
		next = fd_open(at, "d", O_RDONLY | O_DIRECTORY, 0);
		assert_true(next >= 0);
		fd_close(at);
		at = next;
	}
	env_ok(store_trash(&e->store, volumes, "deep", &f), &f);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	env_swept(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_open, env_setup, env_teardown),
		cmocka_unit_test_setup_teardown(test_open_where, env_setup, env_teardown),
		cmocka_unit_test_setup_teardown(test_temp, env_setup, env_teardown),
		cmocka_unit_test_setup_teardown(test_half_made, env_setup, env_teardown),
		cmocka_unit_test_setup_teardown(test_trash, env_setup, env_teardown),
		cmocka_unit_test_setup_teardown(test_deep, env_setup, env_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
