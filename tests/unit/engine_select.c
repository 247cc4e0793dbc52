// SPDX-License-Identifier: Apache-2.0
/* Which containers: what may stand together, names and short ids against a store, cidfiles. */
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

#include "pkg/engine/select.h"
#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

static char *one[] = { (char *)"x", NULL };

static void test_check(void **state)
{
	static const struct select_rule usual = { 0 }, start = { .filter_names = true };
	const struct {
		struct select_opts o;
		const struct select_rule *rule;
		size_t names;
		const char *refused;	/* NULL: fine */
	} rows[] = {
		{ { 0 }, &usual, 1, NULL },
		{ { 0 }, &usual, 0, "you must provide at least one name or id" },
		{ { .all = true }, &usual, 0, NULL },
		{ { .all = true }, &usual, 1, "no arguments are needed with --all" },
		{ { .all = true, .latest = true }, &usual, 0, "--all and --latest cannot be used together" },
		{ { .latest = true }, &usual, 0, NULL },
		{ { .latest = true }, &usual, 2, "--latest and containers cannot be used together" },
		{ { .filters = one }, &usual, 0, NULL },
		{ { .filters = one }, &usual, 1, "--filter takes no arguments" },
		{ { .filters = one }, &start, 1, NULL },
		{ { .cidfiles = one }, &usual, 0, NULL },
		{ { .cidfiles = one }, &usual, 1, "no arguments are needed with --latest or --cidfile" },
		{ { .cidfiles = one, .latest = true }, &usual, 0,
		  "--all, --latest, and --cidfile cannot be used together" },
		{ { .cidfiles = one, .all = true }, &usual, 0,
		  "--all, --latest, and --cidfile cannot be used together" },
		{ { .running = true }, &usual, 0, NULL },
		{ { .running = true, .all = true }, &usual, 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fail f = { 0 };
		int r = select_check(&rows[i].o, rows[i].rule, rows[i].names, &f);

		assert_int_equal(r, rows[i].refused ? -EINVAL : 0);
		if (rows[i].refused)
			assert_string_equal(f.msg, rows[i].refused);
	}
}

/* --- with a store: folders and names are all that is looked at for names --- */

static void no_warning(const char *fmt, ...)
{
	(void)fmt;
}

static const char id_a[] = "aa00000000000000000000000000000000000000000000000000000000000001";
static const char id_b[] = "aa11111111111111111111111111111111111111111111111111111111111102";
static char store_path[40], cid_path[64];

static int put_up(void **state)
{
	static struct engine e;
	const char *const ids[] = { id_a, id_b }, *const names[] = { "one", "two" };
	struct fail f = { 0 };

	snprintf(store_path, sizeof(store_path), "/tmp/rbox-unit-XXXXXX");
	assert_non_null(mkdtemp(store_path));
	e = (struct engine){ .warn = no_warning };
	assert_int_equal(store_open(store_path, &e.store, &f), 0);
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		auto_free char *folder = mem_printf("containers/%s", ids[i]);
		auto_free char *name = mem_printf("names/%s", names[i]);
		auto_free char *target = mem_printf("../containers/%s", ids[i]);

		assert_int_equal(mkdirat(e.store.root_fd, folder, 0700), 0);
		assert_int_equal(symlinkat(target, e.store.root_fd, name), 0);
	}
	snprintf(cid_path, sizeof(cid_path), "%s/cid", store_path);
	*state = &e;
	return 0;
}

static int take_down(void **state)
{
	struct engine *e = *state;

	store_done(&e->store);
	return file_remove_tree(AT_FDCWD, store_path);
}

static void write_cid(struct engine *e, const char *text)
{
	assert_int_equal(file_replace(e->store.root_fd, "cid", text, strlen(text), 0600, 0), 0);
}

static void test_names(void **state)
{
	struct engine *e = *state;
	struct selection s;
	struct fail f = { 0 };
	char *names[] = { (char *)"two", (char *)"aa0", (char *)id_b, NULL };

	assert_int_equal(engine_select(e, &(struct select_opts){ 0 }, &(struct select_rule){ 0 }, names, &s, &f), 0);
	assert_int_equal(s.n, 3);
	assert_string_equal(s.v[0].id, id_b);
	assert_string_equal(s.v[0].shown, "two");
	assert_string_equal(s.v[1].id, id_a);
	assert_string_equal(s.v[1].shown, "aa0");
	assert_string_equal(s.v[2].id, id_b);
	selection_done(&s);
	assert_int_equal(engine_select(e, &(struct select_opts){ .all = true }, &(struct select_rule){ 0 }, NULL, &s,
				       &f), 0);
	assert_int_equal(s.n, 2);
	assert_string_equal(s.v[0].shown, id_a);
	selection_done(&s);
}

static void test_missing(void **state)
{
	struct engine *e = *state;
	const struct select_opts plain = { 0 }, ignore = { .ignore = true };
	const struct select_rule usual = { 0 }, rm = { .some_left_out = true };
	char *names[] = { (char *)"one", (char *)"no-such", NULL }, *both[] = { (char *)"one", (char *)"aa", NULL };
	struct selection s;
	struct fail f = { 0 };

	assert_int_equal(engine_select(e, &plain, &usual, names, &s, &f), -ENOENT);
	assert_string_equal(f.msg, "no container with name or ID \"no-such\" found: no such container");
	selection_done(&s);
	fail_clear(&f);
	assert_int_equal(engine_select(e, &ignore, &usual, names, &s, &f), 0);
	assert_int_equal(s.n, 1);
	selection_done(&s);
	assert_int_equal(engine_select(e, &plain, &rm, names, &s, &f), 0);
	assert_int_equal(s.n, 2);
	assert_false(s.v[0].missing);
	assert_true(s.v[1].missing);
	assert_string_equal(s.v[1].shown, "no-such");
	selection_done(&s);
	/* What fits two is never passed over. */
	assert_int_equal(engine_select(e, &ignore, &rm, both, &s, &f), -EEXIST);
	assert_non_null(strstr(f.msg, "more than one result for container name or ID \"aa\""));
	selection_done(&s);
}

static void test_cidfiles(void **state)
{
	struct engine *e = *state;
	char *files[] = { cid_path, NULL };
	struct select_opts o = { .cidfiles = files };
	auto_free char *text = mem_printf("%s\nmore\n", id_a);
	auto_free char *why = mem_printf("reading CIDFile: open %s: No such file or directory", cid_path);
	struct selection s;
	struct fail f = { 0 };

	assert_int_equal(engine_select(e, &o, &(struct select_rule){ 0 }, NULL, &s, &f), -ENOENT);
	assert_string_equal(f.msg, why);
	selection_done(&s);
	fail_clear(&f);
	o.ignore = true;
	assert_int_equal(engine_select(e, &o, &(struct select_rule){ 0 }, NULL, &s, &f), 0);
	assert_int_equal(s.n, 0);
	selection_done(&s);
	write_cid(e, text);
	assert_int_equal(engine_select(e, &o, &(struct select_rule){ 0 }, NULL, &s, &f), 0);
	assert_int_equal(s.n, 1);
	assert_string_equal(s.v[0].id, id_a);
	selection_done(&s);
	/* An empty file is no name that fits everything. */
	write_cid(e, "");
	o.ignore = false;
	assert_int_equal(engine_select(e, &o, &(struct select_rule){ 0 }, NULL, &s, &f), -ENOENT);
	selection_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test_setup_teardown(test_names, put_up, take_down),
		cmocka_unit_test_setup_teardown(test_missing, put_up, take_down),
		cmocka_unit_test_setup_teardown(test_cidfiles, put_up, take_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
