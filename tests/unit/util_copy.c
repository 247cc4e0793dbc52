// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/copy.h"
#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/links.h"
#include "pkg/util/mem.h"

#include <cmocka.h>

struct place {
	char path[64];
	int fd;
};

static int make_place(void **state)
{
	struct place *p = mem_alloc(sizeof(*p));

	memcpy(p->path, "/tmp/util-copy.XXXXXX", sizeof("/tmp/util-copy.XXXXXX"));
	assert_non_null(mkdtemp(p->path));
	p->fd = fd_open(AT_FDCWD, p->path, O_RDONLY | O_DIRECTORY, 0);
	assert_int_equal(mkdirat(p->fd, "to", 0755), 0);
	*state = p;
	return 0;
}

static int remove_place(void **state)
{
	struct place *p = *state;

	fd_close(p->fd);
	(void)!file_remove_tree(AT_FDCWD, p->path);
	free(p);
	return 0;
}

static void write_file(int at, const char *name, const char *text)
{
	auto_fd int fd = fd_open(at, name, O_CREAT | O_WRONLY | O_TRUNC, 0644);

	assert_int_equal(io_write_full(fd, text, strlen(text)), 0);
}

static int copy(const struct place *p, const char *from, const char *name, const struct copy_opts *o, struct fail *f)
{
	auto_fd int src = fd_open(p->fd, from, O_PATH | O_NOFOLLOW, 0);
	auto_fd int to = fd_open(p->fd, "to", O_RDONLY | O_DIRECTORY, 0);

	assert_true(src >= 0);
	return name ? copy_object(src, to, name, o, f) : copy_contents(src, to, o, f);
}

static void holes_stay(void **state)
{
	struct place *p = *state;
	struct copy_opts o = { .owner = COPY_OURS };
	struct fail f = { 0 };
	struct stat st;
	char text[8] = "";
	auto_fd int fd = fd_open(p->fd, "sparse", O_CREAT | O_RDWR, 0600), copied = -EBADF;

	assert_int_equal(ftruncate(fd, 1 << 30), 0);
	assert_int_equal(lseek(fd, 100 << 20, SEEK_SET), 100 << 20);
	assert_int_equal(io_write_full(fd, "middle", 6), 0);
	assert_int_equal(copy(p, "sparse", "sparse", &o, &f), 0);
	assert_int_equal(fstatat(p->fd, "to/sparse", &st, 0), 0);
	assert_int_equal(st.st_size, 1 << 30);
	assert_true(st.st_blocks < 4096);
	copied = fd_open(p->fd, "to/sparse", O_RDONLY, 0);
	assert_int_equal(lseek(copied, 100 << 20, SEEK_SET), 100 << 20);
	assert_int_equal(io_read_full(copied, text, 6), 6);
	assert_string_equal(text, "middle");
}

static void untrusted_bits_go(void **state)
{
	struct place *p = *state;
	struct copy_opts o = { .owner = COPY_OURS, .untrusted = true };
	struct fail f = { 0 };
	struct stat st;

	write_file(p->fd, "evil", "x");
	assert_int_equal(fchmodat(p->fd, "evil", 06755, 0), 0);
	assert_int_equal(copy(p, "evil", "evil", &o, &f), 0);
	assert_int_equal(fstatat(p->fd, "to/evil", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	o.untrusted = false;
	assert_int_equal(copy(p, "evil", "evil", &o, &f), 0);
	assert_int_equal(fstatat(p->fd, "to/evil", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 06755);
}

static void refusals(void **state)
{
	struct place *p = *state;
	struct copy_opts o = { .owner = COPY_OURS };
	struct fail f = { 0 };

	write_file(p->fd, "file", "x");
	assert_int_equal(mkdirat(p->fd, "to/file", 0755), 0);
	assert_int_equal(copy(p, "file", "file", &o, &f), -EISDIR);
	assert_string_equal(f.msg, "cannot overwrite folder 'file' with what is none");
	fail_clear(&f);
	assert_int_equal(copy(p, "to", "again", &o, &f), -EINVAL);
	assert_string_equal(f.msg, "cannot copy 'again' into itself");
	fail_clear(&f);
	assert_int_equal(copy(p, "to", NULL, &o, &f), -EINVAL);
	assert_string_equal(f.msg, "source and destination are the same folder");
	fail_clear(&f);
	assert_int_equal(copy(p, "/proc", "p", &o, &f), -EINVAL);
	assert_string_equal(f.msg, "cannot copy 'p': it shows the kernel, no files");
	assert_int_equal(faccessat(p->fd, "to/p", F_OK, AT_SYMLINK_NOFOLLOW), -1);
	fail_clear(&f);
	assert_int_equal(copy(p, "/proc", NULL, &o, &f), -EINVAL);
	assert_string_equal(f.msg, "cannot copy the folder: it shows the kernel, no files");
	fail_clear(&f);
	o.overwrite = true;
	assert_int_equal(copy(p, "file", "file", &o, &f), 0);
	assert_int_equal(copy(p, "to/file", "file", &o, &f), -EINVAL);
	assert_string_equal(f.msg, "source and destination are the same file: 'file'");
}

static void links_in_a_tree(void **state)
{
	struct place *p = *state;
	struct copy_opts o = { .owner = COPY_OURS };
	struct fail f = { 0 };
	struct stat a, b;

	assert_int_equal(mkdirat(p->fd, "tree", 0755), 0);
	assert_int_equal(mkdirat(p->fd, "tree/sub", 0700), 0);
	write_file(p->fd, "tree/a", "x");
	assert_int_equal(linkat(p->fd, "tree/a", p->fd, "tree/sub/b", 0), 0);
	assert_int_equal(symlinkat("/etc/passwd", p->fd, "tree/soft"), 0);
	assert_int_equal(copy(p, "tree", "tree", &o, &f), 0);
	assert_int_equal(fstatat(p->fd, "to/tree/a", &a, 0), 0);
	assert_int_equal(fstatat(p->fd, "to/tree/sub/b", &b, 0), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	assert_int_equal(fstatat(p->fd, "to/tree/soft", &a, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISLNK(a.st_mode));
	assert_int_equal(fstatat(p->fd, "to/tree/sub", &a, 0), 0);
	assert_int_equal(a.st_mode & 07777, 0700);
}

static void many_links(void **state)
{
	struct links l = { 0 };

	(void)state;
	for (ino_t i = 0; i < 5000; i++) {
		struct stat st = { .st_dev = i % 3, .st_ino = i / 3 };
		auto_free char *name = mem_printf("%lu", (unsigned long)i);

		assert_null(links_met(&l, &st, name));
	}
	for (ino_t i = 0; i < 5000; i++) {
		struct stat st = { .st_dev = i % 3, .st_ino = i / 3 };
		auto_free char *name = mem_printf("%lu", (unsigned long)i);

		assert_string_equal(links_met(&l, &st, "other"), name);
	}
	links_done(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(holes_stay, make_place, remove_place),
		cmocka_unit_test_setup_teardown(untrusted_bits_go, make_place, remove_place),
		cmocka_unit_test_setup_teardown(refusals, make_place, remove_place),
		cmocka_unit_test_setup_teardown(links_in_a_tree, make_place, remove_place),
		cmocka_unit_test(many_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
