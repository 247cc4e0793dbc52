// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
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
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"
#include "storage/unpack/tar_apply.h"
#include "runtime/userns.h"
#include "storage/unpack/tree.h"
#include "tests/lib/user.h"

/*
 * A layer in one line: entries "TYPE NAME[ VALUE]" separated by ';'. f file (VALUE: content), d folder
 * (VALUE: mode), l link, h hard link, c b p special; x an extended header for the next entry.
 */
static void add_block(struct str *s, char type, const char *name, const char *link, unsigned mode, size_t size)
{
	char h[512] = { 0 };
	unsigned sum = 0;

	snprintf(h, 100, "%s", name);
	snprintf(h + 100, 8, "%07o", mode);
	snprintf(h + 108, 8, "%07o", geteuid());
	snprintf(h + 116, 8, "%07o", getegid());
	snprintf(h + 124, 12, "%011zo", size);
	snprintf(h + 136, 12, "%011o", 1000000000);
	h[156] = type;
	snprintf(h + 157, 100, "%s", link);
	memcpy(h + 257, "ustar\00000", 8);
	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < sizeof(h); i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
	str_addn(s, h, sizeof(h));
}

static void add_data(struct str *s, const char *data)
{
	static const char zeros[512];
	size_t n = strlen(data);

	str_addn(s, data, n);
	str_addn(s, zeros, -n & 511);
}

static void add_pax(struct str *s, const char *record)
{
	auto_free char *text = NULL;
	size_t n = strlen(record) + 2, digits = 1;	/* the blank and the newline, and the length's own */

	for (size_t ten = 10; n + digits >= ten; ten *= 10)
		digits++;
	text = mem_printf("%zu %s\n", n + digits, record);
	add_block(s, 'x', "pax", "", 0644, strlen(text));
	add_data(s, text);
}

static void make_tar(struct str *s, const char *line)
{
	auto_strv char **v = strv_split(line, ";", true);
	static const char zeros[1024];

	strv_each(it, v) {
		auto_strv char **w = strv_split(*it, " ", true);
		const char *value = w[1] && w[2] ? w[2] : "";

		switch (w[0][0]) {
		case 'x': add_pax(s, w[1]); break;
		case 'f': add_block(s, '0', w[1], "", 0644, strlen(value)); add_data(s, value); break;
		case 'd': add_block(s, '5', w[1], "", *value ? (unsigned)strtoul(value, NULL, 8) : 0755, 0); break;
		case 'l': add_block(s, '2', w[1], value, 0777, 0); break;
		case 'h': add_block(s, '1', w[1], value, 0644, 0); break;
		case 'c': add_block(s, '3', w[1], "", 0644, 0); break;
		case 'p': add_block(s, '6', w[1], "", 0644, 0); break;
		default: assert_true(0);
		}
	}
	str_addn(s, zeros, sizeof(zeros));
}

struct input { struct str s; size_t at; };

static ssize_t chunk(void *ctx, const void **ret, struct fail *f)
{
	struct input *in = ctx;
	size_t n = in->s.len - in->at;

	(void)f;
	n = n < 700 ? n : 700;
	*ret = in->s.s + in->at;
	in->at += n;
	return (ssize_t)n;
}

/* "a/ a/b=content a/l->target a/w! ..." in the order of names; ! a whiteout, / a folder, // an opaque one. */
static void list(int at, const char *prefix, struct str *s)
{
	int fd = fd_open(at, ".", O_RDONLY | O_DIRECTORY, 0);
	struct dirent **v;
	int n = scandirat(fd, ".", &v, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		const char *name = v[i]->d_name;
		auto_free char *path = mem_printf("%s%s", prefix, name);
		char buf[256] = "", proc[512];
		struct stat st;

		if (!strcmp(name, ".") || !strcmp(name, "..")) {
			free(v[i]);
			continue;
		}
		assert_int_equal(fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
		str_addf(s, "%s%s", s->len ? " " : "", path);
		snprintf(proc, sizeof(proc), "/proc/self/fd/%d/%s", fd, name);
		if (S_ISDIR(st.st_mode)) {
			auto_fd int sub = fd_open(fd, name, O_RDONLY | O_DIRECTORY, 0);
			auto_free char *below = mem_printf("%s/", path);

			str_add(s, getxattr(proc, OVERLAY_OPAQUE, buf, sizeof(buf)) == 1 ? "//" : "/");
			list(sub, below, s);
		} else if (S_ISLNK(st.st_mode)) {
			assert_true(readlinkat(fd, name, buf, sizeof(buf) - 1) >= 0);
			str_addf(s, "->%s", buf);
		} else if (is_whiteout(&st)) {
			str_add(s, "!");
		} else if (S_ISREG(st.st_mode)) {
			auto_str struct str text = STR_INIT(4096);

			if (st.st_mode & 0777)
				assert_int_equal(file_read(fd, name, &text), 0);
			str_addf(s, "=%s", str_cstr(&text));
		} else if (S_ISFIFO(st.st_mode)) {
			str_add(s, "|");
		}
		free(v[i]);
	}
	free(v);
	fd_close(fd);
}

struct box {
	char path[64];
	int base;
};

static void box_make(struct box *b)
{
	snprintf(b->path, sizeof(b->path), "/tmp/rbox-tar.XXXXXX");
	assert_non_null(mkdtemp(b->path));
	b->base = fd_open(AT_FDCWD, b->path, O_RDONLY | O_DIRECTORY, 0);
	assert_int_equal(mkdirat(b->base, "canary", 0700), 0);
}

static void box_done(struct box *b)
{
	struct stat st;

	/* Nobody wrote into it, nor changed it. */
	assert_int_equal(fstatat(b->base, "canary", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(unlinkat(b->base, "canary", AT_REMOVEDIR), 0);
	fd_close(b->base);
	assert_int_equal(file_remove_tree(AT_FDCWD, b->path), 0);
}

static int unpack(struct box *b, const char *name, const char *line, const struct lower *lower,
		  struct apply_result *r, struct fail *f)
{
	struct input in = { .s = STR_INIT(1 << 20) };
	auto_fd int tree = -EBADF;
	struct apply_opts o = { .lower = lower };
	struct tar t;
	int result;

	assert_int_equal(mkdirat(b->base, name, 0755), 0);
	tree = fd_open(b->base, name, O_RDONLY | O_DIRECTORY, 0);
	o.tree_fd = tree;
	assert_int_equal(id_ranges_load("/proc/self/uid_map", &o.uids, f), 0);
	assert_int_equal(id_ranges_load("/proc/self/gid_map", &o.gids, f), 0);
	make_tar(&in.s, line);
	tar_init(&t, chunk, &in);
	result = tar_apply(&t, &o, r, f);
	tar_done(&t);
	str_done(&in.s);
	return result;
}

/* One layer of which nothing below is known. TREE: what it looks like; DEPENDS and ERROR: the words. */
static void one_layer(void **state)
{
	static const struct { const char *tar, *tree, *depends, *error; } rows[] = {
		{ "d a;f a/b x;l a/l b", "a/ a/b=x a/l->b" },
		{ "d ./a;f ./a//b x", "a/ a/b=x" },
		{ "f ../../x y;f /z y", "x=y z=y" },
		{ "d a;f a/../b x", "a/ b=x" },
		{ "f a 1;f a 2", "a=2" },
		{ "d a;f a/x;f a 1", "a=1" },
		{ "f a 1;d a;f a/b 2", "a// a/b=2" },
		{ "d a;f a/b;d a", "a/ a/b=" },
		{ "f a x;h b a;h c b", "a=x b=x c=x" },
		{ "f a x;h a a", "a=x" },
		/* A link takes the place of a folder; its target is reached by what was open before. */
		{ "d a;f a/f x;d d;f d/g y;h d a/f", "a/ a/f=x d=x" },
		{ "d d;f d/f x;h d d/f", NULL, NULL,
		  "make the hard link 'd' to 'd/f': No such file or directory" },
		{ "x mtime=-9223372036854775808.5;f a x", NULL, NULL, "the extended header 'mtime' is no time" },
		{ "p p;c null", "null= p|" },
		/* Links on the way are followed within the tree. */
		{ "d u;d u/lib;l lib u/lib;f lib/x 1", "lib->u/lib u/ u/lib/ u/lib/x=1" },
		{ "d u;l a /u;f a/x 1", "a->/u u/ u/x=1" },
		{ "d d;l d/up ../../..;f d/up/x 1", "d/ d/up->../../.. x=1" },
		{ "l a b;l b a;f a/x 1", NULL, NULL, "entry 'a/x': follow the link to 'b': Too many levels of symbolic links" },
		/* Whiteouts. */
		{ "d a;f a/.wh.b;f .wh.c", "a/ a/b! c!" },
		{ "d a;f a/.wh..wh..opq;f a/b 1", "a// a/b=1" },
		{ "d a;f a/b 1;f a/.wh.b", "a/ a/b=1" },
		{ "f .wh.a;d a;f a/b 1", "a// a/b=1" },
		{ "d a;f .wh.a", "a//" },
		{ "f .wh.a;f a/b 1", "a// a/b=1" },
		{ "f .wh..wh.plnk;f .wh..wh.aufs", "" },
		{ "f .wh.", NULL, NULL, "'.wh.' is a whiteout of no name" },
		{ "f .wh..", NULL, NULL, "'.wh..' is a whiteout of no name" },
		{ "f .wh...", NULL, NULL, "'.wh...' is a whiteout of no name" },
		/* What can't be known without the layers below. */
		{ "f a/b 1", NULL, "a folder that the layer doesn't name: a" },
		{ "d a;f a/b/c 1", NULL, "a folder that the layer doesn't name: a/b" },
		{ "l a nowhere;f a/b 1", NULL, "a folder that the layer doesn't name: nowhere" },
		{ "h a b", NULL, "a hard link to what isn't in the layer: b" },
		{ "f .wh..wh..opq", NULL, "an opaque root folder: /" },
		/* Refused. */
		{ "f a;f a/b", NULL, NULL, "entry 'a/b': 'a' is no folder, and an entry lies below it" },
		{ "d a;h b a", NULL, NULL, "hard link 'b' to 'a', which is no file" },
		{ "f .wh.a;h b a", NULL, NULL, "hard link 'b' to 'a', which is no file" },
		{ "h b /", NULL, NULL, "hard link 'b' to nothing" },
		{ "l . x", NULL, NULL, "an entry that is no folder takes the place of the root" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_str struct str s = STR_INIT(65536);
		struct apply_result r = { 0 };
		struct fail f = { 0 };
		struct box b;
		int got;

		box_make(&b);
		got = unpack(&b, "tree", rows[i].tar, NULL, &r, &f);
		if (rows[i].error) {
			assert_true(got < 0);
			assert_string_equal(f.msg, rows[i].error);
		} else if (rows[i].depends) {
			assert_int_equal(got, TREE_DEPENDS);
			assert_string_equal(r.depends, rows[i].depends);
		} else {
			auto_fd int tree = fd_open(b.base, "tree", O_RDONLY | O_DIRECTORY, 0);

			if (got < 0)
				print_error("%s: %s\n", rows[i].tar, f.msg);
			assert_int_equal(got, 0);
			assert_null(r.depends);
			list(tree, "", &s);
			assert_string_equal(str_cstr(&s), rows[i].tree);
		}
		apply_result_done(&r);
		box_done(&b);
	}
}

/* The second layer is unpacked onto the first. */
static void onto_another(void **state)
{
	static const struct { const char *below, *tar, *tree, *error; bool depends; } rows[] = {
		{ "d a 750;f a/x 1", "f a/b 2", "a/ a/b=2", NULL, true },
		{ "d u;l a u", "f a/b 2", "u/ u/b=2", NULL, true },
		{ "d u;l a /u", "d a;f a/b 2", "a/ a/b=2", NULL, false },
		{ "f x 1", "h y x", "x=1 y=1", NULL, true },
		{ "d u;f u/x 1;l a u", "h y a/x", "u/ u/x=1 y=1", NULL, true },
		{ "l x gone", "h y x", "x->gone y->gone", NULL, true },
		{ "f x 1", "h x x", "x=1", NULL, true },
		{ "f x 1", "f .wh.x", "x!", NULL, false },
		{ "f y 1", "f .wh.x", "", NULL, true },
		{ "d a;f a/x 1", "d a;f a/.wh.x;f a/.wh.y", "a/ a/x!", NULL, true },
		{ "d a;f a/x 1", "d a;f a/.wh..wh..opq;f a/.wh.x", "a//", NULL, true },
		{ "f x;d d;d e", "f .wh..wh..opq;d e", "d! e// x!", NULL, true },
		{ "f a 1", "f a/b 2", NULL, "entry 'a/b': 'a' is no folder in the layers below", false },
		{ "d a", "h b a", NULL, "hard link 'b' to 'a', which is no file of the image", false },
		{ "l l ../../canary", "f l/x 1", "canary/ canary/x=1", NULL, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_str struct str s = STR_INIT(65536);
		struct apply_result r = { 0 };
		struct lower lower = { 0 }, none = { 0 };
		struct fail f = { 0 };
		struct box b;
		int got;

		box_make(&b);
		assert_int_equal(unpack(&b, "below", rows[i].below, &none, &r, &f), 0);
		apply_result_done(&r);
		lower.fds = mem_array(1, sizeof(int));
		lower.fds[lower.n++] = fd_open(b.base, "below", O_PATH | O_DIRECTORY, 0);
		got = unpack(&b, "tree", rows[i].tar, &lower, &r, &f);
		if (rows[i].error) {
			assert_true(got < 0);
			assert_string_equal(f.msg, rows[i].error);
		} else {
			auto_fd int tree = fd_open(b.base, "tree", O_RDONLY | O_DIRECTORY, 0);

			if (got < 0)
				print_error("%s: %s\n", rows[i].tar, f.msg);
			assert_int_equal(got, 0);
			list(tree, "", &s);
			assert_string_equal(str_cstr(&s), rows[i].tree);
			assert_int_equal(r.depends != NULL, rows[i].depends);
		}
		apply_result_done(&r);
		lower_done(&lower);
		box_done(&b);
	}
}

static void metadata_is_kept(void **state)
{
	struct apply_result r = { 0 };
	struct fail f = { 0 };
	char value[64] = { 0 };
	struct stat st;
	struct box b;

	(void)state;
	box_make(&b);
	assert_int_equal(unpack(&b, "tree", "d a 1751;x mtime=5.5;f a/f 1;x SCHILY.xattr.user.x=y;f a/g 1;"
				"x SCHILY.xattr.user.overlay.opaque=y;d a/d;x uid=4000000;f a/owned 1", NULL, &r, &f), 0);
	assert_int_equal(fstatat(b.base, "tree/a", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 01751);
	/* Set after its content was put in. */
	assert_int_equal(st.st_mtime, 1000000000);
	assert_int_equal(fstatat(b.base, "tree/a/f", &st, 0), 0);
	assert_int_equal(st.st_mtim.tv_sec, 5);
	assert_int_equal(st.st_mtim.tv_nsec, 500000000);
	auto_free char *g = mem_printf("%s/tree/a/g", b.path), *d = mem_printf("%s/tree/a/d", b.path);
	auto_free char *o = mem_printf("%s/tree/a/owned", b.path);

	assert_int_equal(getxattr(g, "user.x", value, sizeof(value)), 1);
	assert_int_equal(getxattr(d, OVERLAY_OPAQUE, value, sizeof(value)), -1);
	memset(value, 0, sizeof(value));
	assert_true(getxattr(o, "user.rbox.owner", value, sizeof(value)) > 0);
	assert_true(str_starts(value, "4000000:"));
	assert_int_equal(r.files, 5);
	assert_int_equal(r.size, 3);
	apply_result_done(&r);
	box_done(&b);
}

/*
 * Texts from a layer were split, and folders of whiteouts listed, in quadratic time: a header of a megabyte,
 * which compresses to nothing, kept a pull busy for minutes.
 */
static void long_lists_take_no_time(void **state)
{
	auto_str struct str line = STR_INIT(4 << 20);
	struct apply_result r = { 0 };
	struct fail f = { 0 };
	struct box b;
	struct timespec from, to;

	(void)state;
	str_add(&line, "GNU.sparse.map=0");
	for (int i = 0; i < 200000; i++)
		str_add(&line, ",0,0");
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	box_make(&b);
	auto_free char *tar = mem_printf("x %s;f a", str_cstr(&line));

	assert_true(unpack(&b, "tree", tar, NULL, &r, &f) < 0);
	assert_string_equal(f.msg, "the map of a sparse file makes no sense");
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	assert_true(to.tv_sec - from.tv_sec < 10);
	apply_result_done(&r);
	box_done(&b);
}

int main(int argc, char **argv)
{
	struct fail f = { 0 };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_layer),
		cmocka_unit_test(onto_another),
		cmocka_unit_test(metadata_is_kept),
		cmocka_unit_test(long_lists_take_no_time),
	};

	(void)argc;
	/* As in life: an unprivileged user, root in a namespace of his own. */
	if (user_drop(argv) < 0 || userns_enter_default(&f) < 0) {
		print_error("%s\n", f.msg);
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
