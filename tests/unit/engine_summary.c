// SPDX-License-Identifier: Apache-2.0
/* The summary that ps reads: its size, its round trip; the sessions of execs. */
#include "tests/unit/store_env.h"

#include <sys/wait.h>

#include "pkg/engine/exec_session.h"
#include "pkg/engine/summary.h"

static char *filled(size_t n, char c)
{
	char *s = mem_alloc(n + 1);

	memset(s, c, n);
	return s;
}

/* The longest of everything still fits 512 bytes; ports that don't are left to config.json. */
static void test_size(void **state)
{
	static const struct {
		const char *port;
		int times;
		bool more;
	} rows[] = { { "80/tcp", 0, false }, { "80/tcp", 1, false }, { "65535/tcp", 3, false }, { "65535/tcp", 40, true } };
	struct env *e = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *name = filled(255, 'n'), *image = filled(400, 'i'), *id = filled(64, 'd');
		auto_free char *word = filled(5000, 'w');
		char *args[] = { word, NULL };
		auto_strv char **ports = NULL;
		struct container_config c = {
			.name = name, .image_name = image, .image_id = id, .args = args, .cmd = args,
			.created = INT64_MAX, .life.rm = true, .process.tty = true,
		};
		struct summary s = { 0 };
		struct fail f = { 0 };
		struct stat st;

		for (int k = 0; k < rows[i].times; k++)
			strv_add(&ports, rows[i].port);
		c.exposed_ports = ports;
		(void)unlinkat(e->store.root_fd, "summary", 0);
		env_ok(summary_save(e->store.root_fd, &c, &f), &f);
		assert_int_equal(fstatat(e->store.root_fd, "summary", &st, 0), 0);
		assert_in_range(st.st_size, 1, SUMMARY_MAX);
		env_ok(summary_load(e->store.root_fd, &s, &f), &f);
		assert_int_equal(s.created, c.created);
		assert_int_equal(strlen(s.name), 100);
		assert_string_equal(s.image_id, id);
		assert_true(s.more == rows[i].more);
		assert_true(s.rm && s.tty);
		summary_done(&s);
	}
}

static size_t count(int fd, char *ret_first)
{
	auto_strv char **ids = NULL;

	assert_int_equal(exec_session_list(fd, &ids), 0);
	if (ids && ret_first)
		memcpy(ret_first, ids[0], CTR_ID_LEN + 1);
	return strv_len(ids);
}

static void test_sessions(void **state)
{
	struct env *e = *state;
	int fd = e->store.root_fd, status;
	struct exec_session a, b;
	char first[CTR_ID_LEN + 1];
	pid_t pid;

	assert_int_equal(count(fd, NULL), 0);
	exec_session_begin(fd, &a);
	assert_int_equal(strlen(a.id), CTR_ID_LEN);
	assert_int_equal(count(fd, first), 1);
	assert_string_equal(first, a.id);
	exec_session_begin(fd, &b);
	assert_int_equal(count(fd, NULL), 2);
	exec_session_end(&a);
	assert_int_equal(count(fd, first), 1);
	assert_string_equal(first, b.id);
	/* One who is gone without a word left a file, which counts for nothing and goes at the next look. */
	pid = fork();
	if (pid == 0) {
		struct exec_session c;

		exec_session_begin(fd, &c);
		_exit(c.lock_fd < 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(count(fd, NULL), 1);
	exec_session_end(&b);
	assert_int_equal(count(fd, NULL), 0);
	/* Without a folder to stand in there is an id all the same. */
	exec_session_begin(-EBADF, &a);
	assert_int_equal(strlen(a.id), CTR_ID_LEN);
	assert_true(a.lock_fd < 0);
	exec_session_end(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_size, env_setup, env_teardown),
		cmocka_unit_test_setup_teardown(test_sessions, env_setup, env_teardown),
	};

	return cmocka_run_group_tests_name("engine_summary", tests, NULL, NULL);
}
