// SPDX-License-Identifier: Apache-2.0
/* Events: the line, many writers over rotations, what a reader gets, filters. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include "pkg/engine/event.h"
#include "pkg/engine/events.h"
#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"

#define T INT64_C(1748332714663942371) /* 2025-05-27T07:58:34.663942371Z */

static int folder(char path[32])
{
	int fd;

	snprintf(path, 32, "/tmp/rbox-unit-XXXXXX");
	assert_non_null(mkdtemp(path));
	fd = fd_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	assert_true(fd >= 0);
	return fd;
}

static void test_line(void **state)
{
	char *labels[] = { (char *)"a=b", (char *)"c=", NULL };
	const struct { struct event ev; const char *want; } rows[] = {
		{ { .type = "container", .status = "died", .id = "i", .name = "n", .image = "m",
		    .attributes = labels, .has_exit_code = true },
		  "{\"ContainerExitCode\":0,\"ID\":\"i\",\"Image\":\"m\",\"Name\":\"n\",\"Status\":\"died\","
		  "\"Time\":\"2025-05-27T07:58:34.663942371Z\",\"Type\":\"container\","
		  "\"Attributes\":{\"a\":\"b\",\"c\":\"\"}}\n" },
		{ { .type = "volume", .status = "create", .name = "v\n" },
		  "{\"Name\":\"v\\n\",\"Status\":\"create\",\"Time\":\"2025-05-27T07:58:34.663942371Z\","
		  "\"Type\":\"volume\",\"Attributes\":null}\n" },
		{ { .type = "image", .status = "pull", .name = "\xff" },
		  "{\"Status\":\"pull\",\"Time\":\"2025-05-27T07:58:34.663942371Z\",\"Type\":\"image\","
		  "\"Attributes\":null}\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *line = event_line(&rows[i].ev, T);

		assert_string_equal(line, rows[i].want);
	}
}

/* However long the labels and names are, a line is one small write. */
static void test_long(void **state)
{
	auto_free char *big = mem_alloc(8192);
	auto_free char *line = NULL;
	char *labels[2] = { NULL, NULL };

	(void)state;
	memset(big, 'x', 8191);
	big[1] = '=';
	labels[0] = big;
	line = event_line(&(struct event){ .type = "container", .status = "start", .name = "n",
					   .attributes = labels }, T);
	assert_string_equal(line, "{\"Name\":\"n\",\"Status\":\"start\",\"Time\":\"2025-05-27T07:58:34.663942371Z\","
			    "\"Type\":\"container\",\"Attributes\":null}\n");
	mem_replace(&line, event_line(&(struct event){ .type = "container", .status = "start", .id = "i",
						       .name = big }, T));
	assert_string_equal(line, "{\"ID\":\"i\",\"Status\":\"start\",\"Time\":\"2025-05-27T07:58:34.663942371Z\","
			    "\"Type\":\"container\",\"Attributes\":null}\n");
}

enum { WRITERS = 4, EACH = 3500 };

struct seen {
	int next[WRITERS];
	bool again[WRITERS][EACH];
	int total;
};

static int count(void *ctx, json_t *event, struct fail *f)
{
	struct seen *s = ctx;
	int who, n;

	(void)f;
	assert_int_equal(sscanf(json_string_value(json_object_get(event, "Name")), "%d-%d", &who, &n), 2);
	assert_in_range(who, 0, WRITERS - 1);
	assert_in_range(n, 0, EACH - 1);
	assert_false(s->again[who][n]);
	s->again[who][n] = true;
	s->total++;
	return 0;
}

static void write_many(const struct store *s, int who)
{
	for (int i = 0; i < EACH; i++) {
		auto_free char *name = mem_printf("%d-%d", who, i);

		event_volume(s, "create", name);
	}
}

/* Every event once, for a reader that follows while four write and the file is rotated. */
static void test_writers(void **state)
{
	struct events_opts o = { .from_start = true, .follow = true };
	struct events *ev = NULL;
	auto_free struct seen *seen = mem_alloc(sizeof(*seen));
	struct fail f = { 0 };
	char path[32];
	struct store s = { .root_fd = folder(path), .path = path };
	int alive = WRITERS;

	(void)state;
	assert_int_equal(events_open(&s, &o, &ev, &f), 0);
	for (int w = 0; w < WRITERS; w++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			write_many(&s, w);
			_exit(0);
		}
	}
	while (alive > 0) {
		int st;

		assert_int_equal(events_read(ev, count, seen, &f), 1);
		while (alive > 0 && waitpid(-1, &st, WNOHANG) > 0) {
			assert_int_equal(st, 0);
			alive--;
		}
	}
	assert_int_equal(events_read(ev, count, seen, &f), 1);
	assert_int_equal(seen->total, WRITERS * EACH);
	assert_int_equal(faccessat(s.root_fd, "events.1", F_OK, 0), 0);
	events_free(ev);
	assert_int_equal(file_remove_tree(AT_FDCWD, path), 0);
	fd_close(s.root_fd);
}

static void test_filters(void **state)
{
	static const struct { const char *v[4]; bool want; } rows[] = {
		{ { NULL }, true },
		{ { "container=web" }, true }, { { "container=abcd" }, true }, { { "container=bcd" }, false },
		{ { "container=" }, false }, { { "event=died" }, true }, { { "event=die" }, true },
		{ { "status=die" }, true }, { { "EVENT=died" }, true }, { { "event=start" }, false },
		{ { "event=start", "event=died" }, true }, { { "event=died", "type=image" }, false },
		{ { "type=container", "label=a" }, true }, { { "label=a=b" }, true }, { { "label=a=c" }, false },
		{ { "label=z" }, false }, { { "image=web" }, false }, { { "volume=web" }, false },
		{ { "pod=web" }, false }, { { "artifact=web" }, false },
	};
	json_t *ev = json_pack("{s:s,s:s,s:s,s:s,s:{s:s}}", "ID", "abcdef", "Name", "web", "Status", "died", "Type",
			       "container", "Attributes", "a", "b");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(events_filter_match((char *const *)rows[i].v, ev), rows[i].want);
	json_decref(ev);
}

static void test_bad_filters(void **state)
{
	char *unknown[] = { (char *)"colour=red", NULL }, *bare[] = { (char *)"event", NULL };
	struct fail f = { 0 };

	(void)state;
	assert_true(events_filter_check(unknown, &f) < 0);
	assert_string_equal(f.msg, "colour is an invalid filter");
	fail_clear(&f);
	assert_true(events_filter_check(bare, &f) < 0);
	assert_string_equal(f.msg, "invalid filter \"event\": KEY=VALUE is wanted");
}

/* Half a line from a full disk, and what another hand wrote, are passed over. */
static void test_garbage(void **state)
{
	static const char text[] = "{\"Name\":\"0-0\",\"Time\":\"2025-05-27T07:58:34Z\"}\n{\"Name\":\"0-\n\n[]\n"
				   "{\"Name\":\"0-1\",\"Time\":\"2025-05-27T07:58:35Z\"}\n{\"Name\":\"0-2\"";
	struct events_opts o = { .from_start = true };
	struct events *ev = NULL;
	auto_free struct seen *seen = mem_alloc(sizeof(*seen));
	struct fail f = { 0 };
	char path[32];
	struct store s = { .root_fd = folder(path), .path = path };

	(void)state;
	assert_int_equal(file_replace(s.root_fd, "events", text, strlen(text), 0600, 0), 0);
	assert_int_equal(events_open(&s, &o, &ev, &f), 0);
	assert_int_equal(events_read(ev, count, seen, &f), 0);
	assert_int_equal(seen->total, 2);
	events_free(ev);
	assert_int_equal(file_remove_tree(AT_FDCWD, path), 0);
	fd_close(s.root_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),	cmocka_unit_test(test_long),
		cmocka_unit_test(test_writers), cmocka_unit_test(test_filters),
		cmocka_unit_test(test_bad_filters), cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
