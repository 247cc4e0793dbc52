// SPDX-License-Identifier: Apache-2.0
/* Containers' folders: making, naming, finding, removing. */
#include "tests/unit/store_env.h"

#include "storage/ctr.h"

static void make(struct env *e, const char *name, char id[CTR_ID_LEN + 1])
{
	struct ctr_new n;
	struct fail f = { 0 };

	assert_int_equal(ctr_id_new(id), 0);
	assert_int_equal(ctr_new(&e->store, &n, &f), 0);
	assert_int_equal(file_replace(n.dir_fd, "config.json", "{}", 2, 0600, 0), 0);
	env_ok(ctr_commit(&n, id, name, false, &f), &f);
	ctr_new_done(&n);
}

static void test_life(void **state)
{
	struct env *e = *state;
	char a[CTR_ID_LEN + 1], b[CTR_ID_LEN + 1], found[CTR_ID_LEN + 1], prefix[10];
	auto_strv char **ids = NULL;
	struct fail f = { 0 };
	auto_free char *want = NULL;
	struct ctr_new n;

	make(e, "web", a);
	make(e, NULL, b);
	env_ok(ctr_find(&e->store, "web", found, &f), &f);
	assert_string_equal(found, a);
	env_ok(ctr_find(&e->store, b, found, &f), &f);
	assert_string_equal(found, b);
	snprintf(prefix, sizeof(prefix), "%.9s", b);
	env_ok(ctr_find(&e->store, prefix, found, &f), &f);
	assert_string_equal(found, b);
	assert_int_equal(ctr_find(&e->store, "nope", found, &f), -ENOENT);
	assert_string_equal(f.msg, "no container with name or ID \"nope\" found: no such container");
	fail_clear(&f);
	env_ok(ctr_list(&e->store, &ids, &f), &f);
	assert_int_equal(strv_len(ids), 2);

	env_ok(ctr_new(&e->store, &n, &f), &f);
	assert_int_equal(ctr_commit(&n, b, "web", false, &f), -EEXIST);
	want = mem_printf("creating container storage: the container name \"web\" is already in use by "
			  "%s. You have to remove that container to be able to reuse that name: that "
			  "name is already in use", a);
	assert_string_equal(f.msg, want);
	fail_clear(&f);
	ctr_new_done(&n);
	env_ok(ctr_remove(&e->store, a, "web", &f), &f);
	assert_int_equal(ctr_find(&e->store, "web", found, &f), -ENOENT);
	fail_clear(&f);
	assert_true(store_needs_sweep(&e->store));
	env_swept(e);
}

/* Who removes a container and deletes it itself is not helped by another's sweep. */
static void test_held(void **state)
{
	struct env *e = *state;
	char id[CTR_ID_LEN + 1];
	struct fail f = { 0 };
	struct ctr_held h;
	unsigned left;
	int other, dir;

	make(e, "x", id);
	env_ok(ctr_remove_held(&e->store, id, "x", &h, &f), &f);
	assert_true(h.lock_fd >= 0);
	assert_false(store_needs_sweep(&e->store));
	env_ok(store_sweep(&e->store, &left, &f), &f);
	assert_int_equal(left, 0);
	assert_int_equal(faccessat(h.dir_fd, "rw/upper", F_OK, 0), 0);
	assert_int_equal(ctr_held_delete(&e->store, &h), 0);
	assert_int_equal(h.lock_fd, -EBADF);
	env_swept(e);

	/* Its lock is somebody's: left to the next sweep. */
	make(e, "y", id);
	dir = ctr_open(&e->store, id, &f);
	other = ctr_lock(dir, &f);
	assert_true(other >= 0);
	dir = fd_close(dir);
	env_ok(ctr_remove_held(&e->store, id, "y", &h, &f), &f);
	assert_int_equal(h.lock_fd, -EBADF);
	assert_int_equal(ctr_held_delete(&e->store, &h), -EWOULDBLOCK);
	fd_close(other);
	assert_true(store_needs_sweep(&e->store));
	env_ok(store_sweep(&e->store, &left, &f), &f);
	env_swept(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_life, env_setup, env_teardown),
		cmocka_unit_test_setup_teardown(test_held, env_setup, env_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
