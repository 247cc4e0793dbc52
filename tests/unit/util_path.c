// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/path_walk.h"

#include <cmocka.h>

struct bed {
	char name[64];
	int top;	/* holds "outside" and the root */
	int root;
};

static void put(int dir, const char *name, const char *text)
{
	assert_int_equal(file_replace(dir, name, text, strlen(text), 0644, 0), 0);
}

static int setup(void **state)
{
	struct bed *b = mem_alloc(sizeof(*b));
	auto_fd int sub = -EBADF;

	memcpy(b->name, "/tmp/rbox-path-XXXXXX", 22);
	if (!mkdtemp(b->name))
		return -1;
	b->top = fd_open(AT_FDCWD, b->name, O_RDONLY | O_DIRECTORY, 0);
	put(b->top, "outside", "outside");
	assert_int_equal(path_mkdirs(b->top, "root/a/b", 0755), 0);
	b->root = fd_open(b->top, "root", O_RDONLY | O_DIRECTORY, 0);
	sub = fd_open(b->root, "a", O_RDONLY | O_DIRECTORY, 0);
	put(b->root, "file", "file");
	put(sub, "file", "a/file");
	put(b->root, "outside", "inside");
	assert_int_equal(symlinkat("/file", b->root, "abs"), 0);
	assert_int_equal(symlinkat("file", b->root, "rel"), 0);
	assert_int_equal(symlinkat("/a", b->root, "absdir"), 0);
	assert_int_equal(symlinkat("../../../outside", sub, "up"), 0);
	assert_int_equal(symlinkat("/../../outside", b->root, "absup"), 0);
	assert_int_equal(symlinkat("loop2", b->root, "loop1"), 0);
	assert_int_equal(symlinkat("loop1", b->root, "loop2"), 0);
	assert_int_equal(symlinkat("/made", b->root, "dangling"), 0);
	assert_int_equal(symlinkat("/run", b->root, "varrun"), 0);
	assert_int_equal(symlinkat("..", sub, "parent"), 0);
	assert_int_equal(symlinkat("/proc", b->root, "proc"), 0);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	fd_close(b->root);
	fd_close(b->top);
	assert_int_equal(file_remove_tree(AT_FDCWD, b->name), 0);
	free(b);
	return 0;
}

static const struct {
	const char *path;
	const char *text;	/* what the file says; NULL: a folder */
	int error;
} in_root[] = {
	{ "file", "file", 0 },
	{ "/file", "file", 0 },
	{ "//a/./file", "a/file", 0 },
	{ "abs", "file", 0 },
	{ "a/../rel", "file", 0 },
	{ "absdir/file", "a/file", 0 },
	{ "absdir/../file", "file", 0 },
	{ "a/parent/file", "file", 0 },
	{ "a/up", "inside", 0 },
	{ "absup", "inside", 0 },
	{ "../../../../outside", "inside", 0 },
	{ "a/b/../../../outside", "inside", 0 },
	{ "", NULL, 0 },
	{ "/", NULL, 0 },
	{ "..", NULL, 0 },
	{ "a/b/", NULL, 0 },
	{ "absdir/", NULL, 0 },
	{ "a/.", NULL, 0 },
	{ "file/", NULL, ENOTDIR },
	{ "abs/", NULL, ENOTDIR },
	{ "file/x", NULL, ENOTDIR },
	{ "none", NULL, ENOENT },
	{ "none/x", NULL, ENOENT },
	{ "loop1", NULL, ELOOP },
	{ "loop1/x", NULL, ELOOP },
	{ "dangling", NULL, ENOENT },
	{ "proc/self/root", NULL, ELOOP },
};

static void check_open(int fd, const char *text, int error, const char *path)
{
	char buf[64] = "";

	if ((error && fd != -error) || (!error && fd < 0))
		print_error("%s: %d\n", path, fd);
	if (error) {
		assert_int_equal(fd, -error);
		return;
	}
	assert_true(fd >= 0);
	if (text) {
		assert_true(io_read_full(fd, buf, sizeof(buf) - 1) >= 0);
		assert_string_equal(buf, text);
	}
	fd_close(fd);
}

static void in_root_stays_in_the_root(void **state)
{
	const struct bed *b = *state;

	for (size_t i = 0; i < ARRAY_LEN(in_root); i++) {
		check_open(path_open_in_root(b->root, in_root[i].path, O_RDONLY, 0), in_root[i].text,
			   in_root[i].error, in_root[i].path);
		check_open(path_walk(b->root, in_root[i].path, O_RDONLY, 0, 0), in_root[i].text,
			   in_root[i].error, in_root[i].path);
	}
}

static const struct {
	const char *path;
	const char *text;
	int error;
} beneath[] = {
	{ "file", "file", 0 },	     { "a/file", "a/file", 0 },	   { "a/../file", "file", 0 },
	{ "a/b/..", NULL, 0 },	     { "/file", NULL, EXDEV },	   { "..", NULL, EXDEV },
	{ "a/../../outside", NULL, EXDEV }, { "rel", NULL, ELOOP },   { "absdir/file", NULL, ELOOP },
	{ "absdir/", NULL, ELOOP },  { "", NULL, ENOENT },	   { "none", NULL, ENOENT },
};

static void beneath_follows_nothing(void **state)
{
	const struct bed *b = *state;

	for (size_t i = 0; i < ARRAY_LEN(beneath); i++) {
		check_open(path_open_beneath(b->root, beneath[i].path, O_RDONLY, 0), beneath[i].text,
			   beneath[i].error, beneath[i].path);
		check_open(path_walk(b->root, beneath[i].path, O_RDONLY | O_NOFOLLOW, 0, WALK_BENEATH),
			   beneath[i].text, beneath[i].error, beneath[i].path);
	}
}

static void beneath_crosses_no_mount(void **state)
{
	auto_fd int top = fd_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);

	(void)state;
	assert_int_equal(path_open_beneath(top, "proc/self", O_PATH, 0), -EXDEV);
	assert_int_equal(path_walk(top, "proc/self", O_PATH | O_NOFOLLOW, 0, WALK_BENEATH), -EXDEV);
	assert_int_equal(path_walk(top, "proc", O_PATH | O_NOFOLLOW, 0, WALK_BENEATH), -EXDEV);
}

static void creation_goes_through_links_within(void **state)
{
	const struct bed *b = *state;
	const int excl = O_CREAT | O_EXCL | O_WRONLY;
	struct stat st;
	int fd;

	assert_int_equal(path_open_in_root(b->root, "dangling", excl, 0644), -EEXIST);
	assert_int_equal(path_walk(b->root, "dangling", excl, 0644, 0), -EEXIST);
	assert_int_equal(path_walk(b->root, "a/..", O_CREAT | O_WRONLY, 0644, 0), -EISDIR);
	fd = path_walk(b->root, "dangling", O_CREAT | O_WRONLY, 0644, 0);
	assert_true(fd >= 0);
	fd_close(fd);
	assert_int_equal(fstatat(b->root, "made", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISREG(st.st_mode));
	/* The link itself, for those who ask for it. */
	fd = path_walk(b->root, "abs", O_PATH | O_NOFOLLOW, 0, 0);
	assert_true(fd >= 0 && fstat(fd, &st) == 0 && S_ISLNK(st.st_mode));
	fd_close(fd);
	assert_int_equal(path_walk(b->root, "abs", O_RDONLY | O_NOFOLLOW, 0, 0), -ELOOP);
}

static void folders_are_made_within(void **state)
{
	const struct bed *b = *state;
	mode_t old = umask(077);
	struct stat st;
	int fd;

	fd = path_mkdirs_in_root(b->root, "/varrun/x/../y", 0755);
	assert_true(fd >= 0);
	fd_close(fd);
	umask(old);
	assert_int_equal(fstatat(b->root, "run/y", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	fd = path_mkdirs_in_root(b->root, "absdir/../../new/deep", 0700);
	assert_true(fd >= 0);
	fd_close(fd);
	assert_int_equal(fstatat(b->root, "new/deep", &st, 0), 0);
	assert_int_equal(path_mkdirs_in_root(b->root, "file/x", 0755), -ENOTDIR);
	assert_int_equal(path_mkdirs_in_root(b->root, "loop1/x", 0755), -ELOOP);
	assert_int_equal(path_mkdirs(b->root, "m/n/", 0755), 0);
	assert_int_equal(path_mkdirs(b->root, "m/n", 0755), 0);
	assert_int_equal(path_mkdirs(b->root, "file", 0755), -ENOTDIR);
	assert_int_equal(path_mkdirs(b->root, "file/x", 0755), -ENOTDIR);
	assert_int_equal(path_mkdirs(b->root, "", 0755), -ENOENT);
}

static void deep_paths_end(void **state)
{
	const struct bed *b = *state;
	auto_str struct str s = STR_INIT(65536);

	for (int i = 0; i < 300; i++)
		str_add(&s, "d/");
	assert_int_equal(path_walk(b->root, str_cstr(&s), O_PATH | O_DIRECTORY, 0755, WALK_MKDIRS),
			 -ENAMETOOLONG);
}

static void text_of_paths(void **state)
{
	static const char *const clean[][2] = {
		{ "a/./b//../c", "a/c" }, { "/", "/" },	      { "", "." },	{ "/../a", "/a" },
		{ "../a/..", ".." },	  { "a/..", "." },    { "./", "." },	{ "../../x", "../../x" },
		{ "/a/../../b/", "/b" },
	};
	static const char *const join[][3] = {
		{ "a", "b", "a/b" }, { "a/", "/b", "a/b" }, { "", "/b", "/b" }, { "/", "b", "/b" },
		{ "", "b", "b" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(clean); i++) {
		auto_free char *s = path_clean(clean[i][0]);

		assert_string_equal(s, clean[i][1]);
	}
	for (size_t i = 0; i < ARRAY_LEN(join); i++) {
		auto_free char *s = path_join(join[i][0], join[i][1]);

		assert_string_equal(s, join[i][2]);
	}
	assert_true(path_is_component("a b") && path_is_component("...") && path_is_component(".x"));
	assert_false(path_is_component("") || path_is_component(".") || path_is_component("..") ||
		     path_is_component("a/b"));
	assert_string_equal(path_base("/a/b"), "b");
	assert_string_equal(path_base("b"), "b");
	assert_string_equal(path_base("a/"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(in_root_stays_in_the_root, setup, teardown),
		cmocka_unit_test_setup_teardown(beneath_follows_nothing, setup, teardown),
		cmocka_unit_test(beneath_crosses_no_mount),
		cmocka_unit_test_setup_teardown(creation_goes_through_links_within, setup, teardown),
		cmocka_unit_test_setup_teardown(folders_are_made_within, setup, teardown),
		cmocka_unit_test_setup_teardown(deep_paths_end, setup, teardown),
		cmocka_unit_test(text_of_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
