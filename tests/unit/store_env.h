/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_STORE_ENV_H
#define TESTS_UNIT_STORE_ENV_H

/* A store of its own for each test of storage/, removed afterwards. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "storage/store.h"

struct env {
	struct store store;
	char *path;
};

static inline void env_ok(int r, struct fail *f)
{
	if (r < 0)
		print_error("%s\n", f->msg);
	assert_true(r >= 0);
	assert_int_equal(f->code, 0);
}

static inline int env_setup(void **state)
{
	struct env *e = mem_alloc(sizeof(*e));
	const char *tmp = getenv("TMPDIR");
	struct fail f = { 0 };

	e->path = mem_printf("%s/rbox-store.XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(e->path));
	env_ok(store_open(e->path, &e->store, &f), &f);
	*state = e;
	return 0;
}

static inline int env_teardown(void **state)
{
	struct env *e = *state;

	store_done(&e->store);
	if (file_remove_tree(AT_FDCWD, e->path) < 0)
		print_error("%s could not be removed\n", e->path);
	free(e->path);
	free(e);
	return 0;
}

/* After a sweep nothing is left in tmp/ and trash/. */
static inline void env_swept(struct env *e)
{
	struct fail f = { 0 };
	unsigned left = 99;

	env_ok(store_sweep(&e->store, &left, &f), &f);
	assert_int_equal(left, 0);
	assert_false(store_needs_sweep(&e->store));
	/* rmdir refuses a folder with anything in it, hidden or not. */
	assert_int_equal(unlinkat(e->store.root_fd, "tmp", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(e->store.root_fd, "trash", AT_REMOVEDIR), 0);
	assert_int_equal(mkdirat(e->store.root_fd, "tmp", 0700), 0);
	assert_int_equal(mkdirat(e->store.root_fd, "trash", 0700), 0);
}

#endif
