// SPDX-License-Identifier: Apache-2.0
/*
 * Many processes at once, and processes killed anywhere: what can be seen is whole, what can't be
 * seen is swept.
 */
#include "tests/unit/store_image.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "storage/ctr.h"
#include "storage/dir.h"

enum { WORKERS = 8, ROUNDS = 60, IMAGES = 4, KILLS = 80 };

/* A failure that the race may bring, and nothing else. */
static int allow(int r, int code, struct fail *f)
{
	if (r < 0 && f->code == code) {
		fail_clear(f);
		return 0;
	}
	return r;
}

static int do_image(const struct store *s, unsigned n, struct fail *f)
{
	struct digest id, m = env_digest("a", n);
	auto_free char *name = mem_printf("app:%u", n);
	int r = env_image(s, "1d", n, &id, f);

	/* Another has removed it since. */
	return r < 0 ? r : allow(env_name(s, name, &id, &m, f), ENOENT, f);
}

static int do_remove_image(const struct store *s, unsigned n, struct fail *f)
{
	auto_free char *name = mem_printf("app:%u", n);
	struct digest id;
	int r = image_find(s, name, &id, NULL, f);

	if (r == 0)
		r = image_remove(s, &id, f);
	return allow(r, ENOENT, f);
}

static int write_config(int dir_fd, const struct image *i)
{
	auto_str struct str s = STR_INIT(64 * 1024);

	str_add(&s, "{\"Layers\":[");
	for (size_t k = 0; k < i->n_layers; k++)
		str_addf(&s, "%s\"sha256:%s\"", k ? "," : "", i->layers[k].key.hex);
	str_add(&s, "]}");
	return file_replace(dir_fd, "config.json", s.s, s.len, 0600, 0);
}

/* As long as it is visible, its layers are there and its name is its own. */
static int use_container(const struct store *s, const char *id, const char *name,
			 const struct image *i, struct fail *f)
{
	char found[CTR_ID_LEN + 1];
	auto_fd int dir = ctr_open(s, id, f);
	auto_fd int lock = -EBADF;
	int r = dir < 0 ? dir : ctr_find(s, name, found, f);

	if (r < 0)
		return r;
	if (!str_eq(found, id))
		return refuse(f, EBADMSG, "the name %s is not that of its container", name);
	for (size_t k = 0; k < i->n_layers; k++)
		if (!layer_exists(s, &i->layers[k].key))
			return refuse(f, EBADMSG, "a layer of a visible container is gone");
	lock = ctr_lock(dir, f);
	return lock < 0 ? lock : ctr_remove(s, id, name, f);
}

static int do_container(const struct store *s, unsigned n, bool durable, struct fail *f)
{
	auto_free char *text = mem_printf("app:%u", n);
	auto_free char *name = mem_printf("web%u", n);
	char id_text[CTR_ID_LEN + 1];
	auto_image struct image i = { 0 };
	struct ctr_new c;
	struct digest id;
	int r = image_find(s, text, &id, NULL, f);

	if (r == 0)
		r = image_load(s, &id, &i, f);
	if (r < 0)
		return allow(r, ENOENT, f);
	if (ctr_id_new(id_text) < 0)
		return -EIO;
	r = ctr_new(s, &c, f);
	if (r < 0)
		return r;
	r = write_config(c.dir_fd, &i) < 0 ? refuse(f, EIO, "config") :
					     ctr_commit(&c, id_text, name, durable, f);
	ctr_new_done(&c);
	if (r < 0) /* the name is in use, or the image was removed meanwhile */
		return allow(allow(r, EEXIST, f), ENOENT, f);
	return use_container(s, id_text, name, &i, f);
}

static int step(const struct store *s, unsigned dice, struct fail *f)
{
	unsigned n = dice / 16 % IMAGES, left;

	switch (dice % 8) {
	case 0:
		return do_image(s, n, f);
	case 1:
		return do_remove_image(s, n, f);
	case 2:
		return gc_run(s, f);
	case 3:
	case 4:
		return store_sweep(s, &left, f);
	default:
		return do_container(s, n, dice / 128 % 8 == 0, f);
	}
}

/* One container's name, taken and given back without rest. */
static int step_name(const struct store *s, unsigned dice, struct fail *f)
{
	struct image none = { 0 };
	char id[CTR_ID_LEN + 1];
	struct ctr_new c;
	int r = ctr_new(s, &c, f);

	(void)dice;
	if (r < 0)
		return r;
	r = ctr_id_new(id);
	if (r == 0)
		r = ctr_commit(&c, id, "same", false, f);
	ctr_new_done(&c);
	return r < 0 ? allow(r, EEXIST, f) : use_container(s, id, "same", &none, f);
}

/* A name for an image that others remove and bring back. */
static int step_tag(const struct store *s, unsigned dice, struct fail *f)
{
	auto_free char *name = mem_printf("many/times:%u", dice % 1000);
	struct digest id = env_digest("1d", 1);
	struct image_layer none = { 0 };
	struct image i = { .id = id, .layers = &none };

	if (dice % 8)
		return allow(env_name(s, name, &id, &id, f), ENOENT, f);
	return dice % 16 ? allow(image_remove(s, &id, f), ENOENT, f) : image_save(s, &i, f);
}

typedef int step_fn(const struct store *s, unsigned dice, struct fail *f);

static int work(const char *path, step_fn *do_step, unsigned seed, unsigned rounds)
{
	struct store s;
	struct fail f = { 0 };
	int r = store_open(path, &s, &f);

	for (unsigned i = 0; r >= 0 && i < rounds; i++)
		r = do_step(&s, (unsigned)rand_r(&seed), &f);
	if (r < 0)
		print_error("worker: %d %s\n", r, f.msg);
	store_done(&s);
	return r < 0;
}

static pid_t start(const char *path, step_fn *do_step, unsigned seed, unsigned rounds)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(work(path, do_step, seed, rounds));
	return pid;
}

static void nothing_hidden(int dirfd, const char *name)
{
	auto_free char *command = mem_printf("find /proc/self/fd/%d/%s -name '.*' ! -name '.' | grep .", dirfd,
					     name);

	assert_int_not_equal(fd_set_cloexec(dirfd, 0), -1);
	assert_int_not_equal(system(command), 0);
}

/* Everything visible is whole, and gc and a sweep leave nothing else. */
static void check_store(struct env *e)
{
	auto_strv char **ids = NULL;
	auto_strv char **layers = NULL;
	auto_strv char **aside = NULL;
	struct image_list l;
	struct fail f = { 0 };
	unsigned left;

	env_ok(store_sweep(&e->store, &left, &f), &f);
	assert_int_equal(left, 0);
	env_ok(ctr_list(&e->store, &ids, &f), &f);
	strv_each(it, ids) {
		auto_fd int dir = ctr_open(&e->store, *it, &f);

		env_ok(dir, &f);
		assert_int_equal(faccessat(dir, "config.json", F_OK, 0), 0);
		assert_int_equal(faccessat(dir, "rw/work", F_OK, 0), 0);
		env_ok(ctr_remove(&e->store, *it, NULL, &f), &f);
	}
	assert_int_equal(env_check_images(&e->store), 0);
	env_ok(gc_run(&e->store, &f), &f);
	env_swept(e);
	assert_int_equal(env_check_images(&e->store), 0);
	env_ok(image_list_load(&e->store, &l, &f), &f);
	assert_int_equal(dir_list(e->store.root_fd, "layers", &layers), 0);
	assert_int_equal(strv_len(layers), l.n ? l.n + 1 : 0);
	image_list_done(&l);
	assert_int_equal(dir_list(e->store.root_fd, "quarantine", &aside), 0);
	assert_int_equal(strv_len(aside), 0);
	nothing_hidden(e->store.root_fd, "refs");
	nothing_hidden(e->store.root_fd, "images");
}

static void run_all(const char *path, step_fn *do_step, unsigned rounds)
{
	pid_t pids[WORKERS];
	int status;

	for (unsigned i = 0; i < WORKERS; i++)
		pids[i] = start(path, do_step, i + 1, rounds);
	for (unsigned i = 0; i < WORKERS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
}

static void test_race(void **state)
{
	struct env *e = *state;

	run_all(e->path, step, ROUNDS);
	check_store(e);
}

static void test_race_for_name(void **state)
{
	struct env *e = *state;

	run_all(e->path, step_name, 5 * ROUNDS);
	check_store(e);
}

/* However it ends: no name is left whose image is gone. */
static void test_race_for_tags(void **state)
{
	struct env *e = *state;
	struct digest id = env_digest("1d", 1);
	struct fail f = { 0 };

	for (int i = 0; i < 20; i++) {
		auto_strv char **left = NULL;
		struct image image;
		auto_temp struct store_temp t = { 0 };

		env_ok(store_temp_new(&e->store, &t, &f), &f);
		env_ok(blob_put(&t, "{}", 2, &id, &f), &f);
		run_all(e->path, step_tag, 30);
		if (image_load(&e->store, &id, &image, &f) == 0)
			env_ok(image_remove(&e->store, &id, &f), &f);
		image_done(&image);
		fail_clear(&f);
		assert_int_equal(dir_list(e->store.root_fd, "refs", &left), 0);
		assert_int_equal(strv_len(left), 0);
	}
}

static void test_kill(void **state)
{
	struct env *e = *state;
	unsigned seed = 42;
	int status;

	for (unsigned i = 0; i < KILLS; i++) {
		pid_t a = start(e->path, step, i + 1000, 1000000);
		pid_t b = start(e->path, step, i + 2000, 1000000);
		struct timespec t = { .tv_nsec = (rand_r(&seed) % 40) * 1000000L };

		nanosleep(&t, NULL);
		assert_int_equal(kill(a, SIGKILL), 0);
		assert_int_equal(kill(b, SIGKILL), 0);
		assert_int_equal(waitpid(a, &status, 0), a);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(waitpid(b, &status, 0), b);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(env_check_images(&e->store), 0);
		if (i % 10 == 9)
			check_store(e);
	}
}

/* Stores opened for the first time by many at once. */
static void test_first(void **state)
{
	struct env *e = *state;
	auto_free char *path = mem_printf("%s/a/new/store", e->path);

	run_all(path, step, 0);
}

/* A second rm that waited for the lock of a container finds that it is gone. */
static void test_lock_of_removed(void **state)
{
	struct env *e = *state;
	char id[CTR_ID_LEN + 1];
	struct fail f = { 0 };
	auto_fd int dir = -EBADF;
	auto_fd int lock = -EBADF;
	struct ctr_new c;
	pid_t pid;
	int status;

	assert_int_equal(ctr_id_new(id), 0);
	env_ok(ctr_new(&e->store, &c, &f), &f);
	env_ok(ctr_commit(&c, id, "x", false, &f), &f);
	ctr_new_done(&c);
	dir = ctr_open(&e->store, id, &f);
	lock = ctr_lock(dir, &f);
	env_ok(lock, &f);
	pid = fork();
	if (pid == 0) {
		auto_fd int mine = ctr_open(&e->store, id, &f);

		fd_close(lock);
		/* The parent's is a copy of the same open file: only its close lets go. */
		_exit(ctr_lock(mine, &f) == -ENOENT &&
		      str_eq(f.msg, "the container was removed: no such container") ? 0 : 1);
	}
	usleep(100000);
	env_ok(ctr_remove(&e->store, id, "x", &f), &f);
	lock = fd_close(lock);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	env_swept(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_first, env_setup, env_teardown),
		cmocka_unit_test_setup_teardown(test_lock_of_removed, env_setup, env_teardown),
		cmocka_unit_test_setup_teardown(test_race, env_setup, env_teardown),
		cmocka_unit_test_setup_teardown(test_race_for_name, env_setup, env_teardown),
		cmocka_unit_test_setup_teardown(test_race_for_tags, env_setup, env_teardown),
		cmocka_unit_test_setup_teardown(test_kill, env_setup, env_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
