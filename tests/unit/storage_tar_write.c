// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "storage/tar_write.h"
#include "storage/unpack/tar_read.h"

#include <cmocka.h>

/* What is written is read back by our own reader, entry by entry. */
struct source {
	int fd;
	char buf[4096];
};

static ssize_t next(void *ctx, const void **ret, struct fail *f)
{
	struct source *s = ctx;
	ssize_t n = io_read(s->fd, s->buf, sizeof(s->buf));

	*ret = s->buf;
	return n < 0 ? refuse(f, (int)-n, "read") : n;
}

static const struct tar_attr attrs[] = { { "user.colour", "blue", 4 }, { "security.capability", "\1\0\0\2", 4 } };

static char *repeat(const char *what, size_t n)
{
	struct str s = STR_INIT(1 << 20);

	for (size_t i = 0; i < n; i++)
		str_add(&s, what);
	return str_take(&s);
}

static int write_all(const struct tar_item *v, size_t n, const char *data, struct fail *f)
{
	int fd = fd_memfd("tar", 0), r = 0;
	struct tar_writer w;

	assert_true(fd >= 0);
	tar_writer_init(&w, fd);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = tar_write_item(&w, &v[i], f);
		if (r == 0 && v[i].type == '0')
			r = tar_write_data(&w, data, strlen(data), f);
	}
	if (r == 0)
		r = tar_write_end(&w, f);
	tar_writer_done(&w);
	assert_int_equal(r, 0);
	assert_int_equal(lseek(fd, 0, SEEK_CUR) % 512, 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static enum tar_type type_of(char c)
{
	return c == '0' ? TAR_FILE : c == '1' ? TAR_LINK : c == '2' ? TAR_SYMLINK : c == '3' ? TAR_CHAR :
	       c == '4' ? TAR_BLOCK : c == '5' ? TAR_DIR : TAR_FIFO;
}

static void check(const struct tar_item *want, const struct tar_entry *got)
{
	size_t n = strlen(want->name);

	assert_memory_equal(got->name, want->name, n);
	assert_string_equal(got->name + n, want->type == '5' ? "/" : "");
	assert_int_equal(got->type, type_of(want->type));
	assert_int_equal(got->mode, want->mode);
	assert_int_equal(got->uid, want->uid);
	assert_int_equal(got->gid, want->gid);
	assert_int_equal(got->mtime.tv_sec, want->mtime);
	if (want->link)
		assert_string_equal(got->link, want->link);
	assert_int_equal(got->dev_major, want->dev_major);
	assert_int_equal(got->dev_minor, want->dev_minor);
	assert_int_equal(got->n_xattrs, want->n_attrs);
	for (size_t i = 0; i < want->n_attrs; i++) {
		assert_string_equal(got->xattrs[i].name, want->attrs[i].name);
		assert_int_equal(got->xattrs[i].len, want->attrs[i].len);
		assert_memory_equal(got->xattrs[i].value, want->attrs[i].value, want->attrs[i].len);
	}
}

static void round_trip(void **state)
{
	auto_free char *exact = repeat("n", 100), *longer = repeat("n", 101), *deep = repeat("folder/", 300);
	const struct tar_item items[] = {
		{ .name = "folder", .type = '5', .mode = 0755, .mtime = 1700000000 },
		{ .name = "folder/file", .type = '0', .mode = 04755, .uid = 1, .gid = 2, .size = 5 },
		{ .name = "folder/hard", .type = '1', .link = "folder/file", .mode = 0644 },
		{ .name = "soft", .type = '2', .link = "../../\xc3\xa9", .mode = 0777 },
		{ .name = "null", .type = '3', .mode = 0666, .dev_major = 1, .dev_minor = 3 },
		{ .name = "block", .type = '4', .mode = 0660, .dev_major = 8 },
		{ .name = "fifo", .type = '6', .mode = 01600 },
		{ .name = exact, .type = '0', .size = 5 },
		{ .name = longer, .type = '0', .size = 5 },
		{ .name = deep, .type = '2', .link = deep },
		{ .name = "\xff\xfe not utf-8", .type = '0', .size = 5 },
		{ .name = "\xc3\xa9t\xc3\xa9", .type = '0', .size = 5 },
		{ .name = "new\nline and = signs", .type = '0', .size = 5 },
		{ .name = "far", .type = '0', .uid = 4000000000, .gid = 2097152, .size = 5, .mtime = -5 },
		{ .name = "attributed", .type = '0', .size = 5, .attrs = attrs, .n_attrs = 2 },
	};
	struct fail f = { 0 };
	auto_fd int fd = write_all(items, ARRAY_LEN(items), "12345", &f);
	struct source s = { .fd = fd };
	struct tar_entry *e;
	struct tar t;

	(void)state;
	tar_init(&t, next, &s);
	for (size_t i = 0; i < ARRAY_LEN(items); i++) {
		assert_int_equal(tar_next(&t, &e, &f), 1);
		check(&items[i], e);
		if (items[i].type == '0') {
			const void *data;
			int64_t at;

			assert_int_equal(tar_data(&t, &data, &at, &f), 5);
			assert_memory_equal(data, "12345", 5);
		}
	}
	assert_int_equal(tar_next(&t, &e, &f), 0);
	tar_done(&t);
}

/* A file that has shrunk or grown since its size was written down doesn't disturb what follows. */
static void changed_size(void **state)
{
	const struct tar_item items[] = {
		{ .name = "shrunk", .type = '0', .size = 2000 },
		{ .name = "grown", .type = '0', .size = 3 },
		{ .name = "after", .type = '0', .size = 5 },
	};
	struct fail f = { 0 };
	auto_fd int fd = write_all(items, ARRAY_LEN(items), "12345", &f);
	struct source s = { .fd = fd };
	struct tar_entry *e;
	struct tar t;
	const void *data;
	int64_t at;

	(void)state;
	tar_init(&t, next, &s);
	assert_int_equal(tar_next(&t, &e, &f), 1);
	assert_int_equal(e->size, 2000);
	assert_int_equal(tar_next(&t, &e, &f), 1);
	assert_string_equal(e->name, "grown");
	assert_int_equal(tar_data(&t, &data, &at, &f), 3);
	assert_int_equal(tar_next(&t, &e, &f), 1);
	assert_string_equal(e->name, "after");
	tar_done(&t);
}

static void same_bytes(void **state)
{
	const struct tar_item items[] = { { .name = "a", .type = '0', .size = 5, .attrs = attrs, .n_attrs = 2 } };
	char one[8192], two[8192];
	struct fail f = { 0 };
	auto_fd int a = write_all(items, 1, "12345", &f), b = write_all(items, 1, "12345", &f);
	ssize_t n = io_read_full(a, one, sizeof(one));

	(void)state;
	assert_true(n > 0);
	assert_int_equal(io_read_full(b, two, sizeof(two)), n);
	assert_memory_equal(one, two, (size_t)n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(changed_size),
		cmocka_unit_test(same_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
