// SPDX-License-Identifier: Apache-2.0
/*
 * Layers, compressed or not, unpacked into a folder of their own. Of the first byte bit 0 says that what
 * is below is known, bit 1 that something is. Whatever the bytes are, what lies beside the tree stays as
 * it was, and no descriptor is used after it was closed.
 *
 * Blocks of 512 bytes are what an archive is made of, so half of the mutations work on whole ones.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "storage/unpack/inflate.h"
#include "storage/unpack/tar_apply.h"
#include "storage/unpack/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

enum { BLOCK = 512 };

struct input {
	const uint8_t *p;
	size_t n;
	struct inflate *z;
	char buf[4096];
};

static ssize_t source(void *ctx, void *buf, size_t len, struct fail *f)
{
	struct input *in = ctx;
	/* In odd pieces, so that headers are split. */
	size_t n = in->n < 700 ? in->n : 700;

	(void)f;
	n = n < len ? n : len;
	memcpy(buf, in->p, n);
	in->p += n;
	in->n -= n;
	return (ssize_t)n;
}

static ssize_t chunk(void *ctx, const void **ret, struct fail *f)
{
	struct input *in = ctx;

	*ret = in->buf;
	return inflate_read(in->z, in->buf, 1000, f);
}

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* A file in the folder, of a time nothing else has. */
static void make_canary(int base)
{
	static const struct timespec when[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	auto_fd int fd = fd_open(base, "canary", O_CREAT | O_EXCL | O_WRONLY, 0600);

	must(fd >= 0 && io_write_full(fd, "sings", 5) == 0 && fchmod(fd, 0600) == 0 && futimens(fd, when) == 0);
}

/* What every write, link, chmod, chown or rename through the walls of the tree would change. */
static void check_canary(int base, bool has_low)
{
	auto_fd int dir = fd_open(base, ".", O_RDONLY | O_DIRECTORY, 0);
	DIR *d = fdopendir(dir);
	struct stat st;
	int n = 0;

	must(fstatat(base, "canary", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode));
	must(st.st_size == 5 && (st.st_mode & 07777) == 0600 && st.st_nlink == 1 && st.st_mtime == 1000 &&
	     st.st_uid == geteuid());
	must(fstat(base, &st) == 0 && (st.st_mode & 07777) == 0700 && st.st_mtime == 1000);
	must(d != NULL);
	dir = -EBADF;
	while (readdir(d))
		n++;
	closedir(d);
	must(n == 4 + has_low);
	if (has_low)
		must(fstatat(base, "low/d/f", &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_nlink == 1 && !st.st_size);
}

/* d/f, l -> d, and x, for the layer to lie upon. */
static int make_low(int base)
{
	auto_fd int low = -EBADF, dir = -EBADF, file = -EBADF;

	must(mkdirat(base, "low", 0755) == 0);
	low = fd_open(base, "low", O_RDONLY | O_DIRECTORY, 0);
	must(low >= 0 && mkdirat(low, "d", 0755) == 0 && symlinkat("d", low, "l") == 0);
	must(mknodat(low, "x", S_IFREG | 04755, 0) == 0);
	dir = fd_open(low, "d", O_RDONLY | O_DIRECTORY, 0);
	file = fd_open(dir, "f", O_CREAT | O_WRONLY, 0600);
	must(file >= 0);
	return fd_take(&low);
}

static void apply(struct input *in, int tree, const struct lower *lower)
{
	struct apply_opts o = { .tree_fd = tree, .lower = lower };
	struct apply_result r = { 0 };
	struct fail f = { 0 };
	struct tar t;
	int e;

	o.uids.n = o.gids.n = 1;
	o.uids.v[0] = (struct id_range){ geteuid(), 1 };
	o.gids.v[0] = (struct id_range){ getegid(), 1 };
	tar_init(&t, chunk, in);
	e = tar_apply(&t, &o, &r, &f);
	must((e < 0) == (f.code != 0) && e != -EBADF && e != -EFAULT);
	must(e != TREE_DEPENDS || !lower);
	if (e == 0)
		(void)!tar_drain(&t, &f);
	tar_done(&t);
	apply_result_done(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct timespec when[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	/* In memory; who looks for crashes, which leave a folder there, says where. */
	const char *where = getenv("FUZZ_TMP");
	auto_free char *path = mem_printf("%s/rbox-fuzz.XXXXXX", where ? where : "/dev/shm");
	struct input *in = mem_alloc(sizeof(*in));
	auto_fd int base = -EBADF, tree = -EBADF, low = -EBADF;
	struct lower lower = { 0 };
	uint8_t how;

	if (!size) {
		free(in);
		return 0;
	}
	how = data[0];
	must(mkdtemp(path) != NULL);
	base = fd_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	must(base >= 0 && mkdirat(base, "tree", 0755) == 0);
	make_canary(base);
	if (how & 2) {
		low = make_low(base);
		lower.fds = &low;
		lower.n = 1;
	}
	must(futimens(base, when) == 0);
	tree = fd_open(base, "tree", O_RDONLY | O_DIRECTORY, 0);
	in->p = data + 1;
	in->n = size - 1;
	in->z = inflate_new(source, in);
	apply(in, tree, how & 1 ? &lower : NULL);
	inflate_free(in->z);
	check_canary(base, how & 2);
	must(file_remove_tree(AT_FDCWD, path) == 0);
	free(in);
	return 0;
}

static const char *pick(const char *const *v, size_t n, unsigned r)
{
	return v[r % n];
}

static void set_text(uint8_t *field, size_t len, const char *text)
{
	memset(field, 0, len);
	memcpy(field, text, strlen(text) < len ? strlen(text) : len);
}

static const char *some_name(unsigned r)
{
	static const char *const names[] = {
		"d", "d/", "d/e", "d/e/f", "f", "l", "l/f", "l/l", "../canary", "/canary", "d/../../canary", ".",
		"./", "..", "canary", "x", "d/f", "../low/d/f", "../../../dev/shm", ".wh.d", ".wh.f", "d/.wh.f",
		"d/.wh..wh..opq", ".wh..wh..opq", ".wh..wh.plnk", ".wh.", ".wh...", "n/o/t/named", "/proc/self/cwd",
		"/proc/self/fd/3/canary",
	};

	return pick(names, ARRAY_LEN(names), r);
}

/* A header that means something, and what else it needs is left to chance. */
static void set_header(uint8_t *h, unsigned r)
{
	static const char types[] = "0012355xLKgSV467";

	memset(h, 0, BLOCK);
	set_text(h, 100, some_name(r >> 4));
	set_text(h + 100, 8, r & 1 ? "0000755" : "0004644");
	set_text(h + 108, 8, r & 2 ? "0000000" : "0001750");
	set_text(h + 116, 8, "0000000");
	set_text(h + 124, 12, r & 4 ? "00000001000" : "00000000000");
	set_text(h + 136, 12, "14524352060");
	h[156] = (uint8_t)types[(r >> 12) % (sizeof(types) - 1)];
	set_text(h + 157, 100, some_name(r >> 20));
	memcpy(h + 257, r & 8 ? "ustar\00000" : "ustar  ", 8);
}

/* A block of records such as an 'x' entry has. */
static void set_records(uint8_t *b, unsigned r)
{
	static const char *const keys[] = {
		"path", "linkpath", "size", "uid", "gid", "mtime", "SCHILY.xattr.user.a", "SCHILY.xattr.user.rbox.owner",
		"SCHILY.xattr.user.overlay.opaque", "GNU.sparse.major", "GNU.sparse.minor", "GNU.sparse.name",
		"GNU.sparse.realsize", "GNU.sparse.size", "GNU.sparse.map", "GNU.sparse.offset", "GNU.sparse.numbytes",
	};
	static const char *const values[] = {
		"0", "1", "512", "511", "-1", "1.5", "-1.25", "9223372036854775807", "-9223372036854775808.5", "0,1,8,2",
		"0,512", "y", "",
	};
	size_t at = 0;

	memset(b, 0, BLOCK);
	for (unsigned n = r % 5; at < 300; r = r * 1103515245 + 12345) {
		const char *key = pick(keys, ARRAY_LEN(keys), r >> 8);
		const char *value = r & 0x10000 ? some_name(r >> 20) : pick(values, ARRAY_LEN(values), r >> 20);
		size_t len = strlen(key) + strlen(value) + 3;

		len += len + 2 > 99 ? 3 : len + 1 > 9 ? 2 : 1;
		at += (size_t)snprintf((char *)b + at, BLOCK - at, "%zu %s=%s\n", len, key, value);
		if (!n--)
			break;
	}
}

/* The number of blocks after one of them was changed, put in, doubled or taken out. */
static size_t mutate_blocks(uint8_t *b, size_t n, size_t max, unsigned r)
{
	static const char types[] = "0123456xLKgSV7";
	size_t i = (r >> 4) % (n ? n : 1), j = (r >> 14) % (n + 1);
	uint8_t copy[BLOCK];

	if (!n || (r & 15) < 5) {
		if (n == max)
			return n;
		if (n && (r & 15) == 0)
			memcpy(copy, b + i * BLOCK, BLOCK);
		else if ((r & 15) < 4)
			set_header(copy, r * 2654435761u);
		else
			set_records(copy, r * 2654435761u);
		memmove(b + (j + 1) * BLOCK, b + j * BLOCK, (n - j) * BLOCK);
		memcpy(b + j * BLOCK, copy, BLOCK);
		return n + 1;
	}
	b += i * BLOCK;
	switch (r & 15) {
	case 5:
		memmove(b, b + BLOCK, (n - i - 1) * BLOCK);
		return n - 1;
	case 6: case 7: b[156] = (uint8_t)types[(r >> 24) % (sizeof(types) - 1)]; break;
	case 8: case 9: set_text(b, 100, some_name(r >> 20)); break;
	case 10: set_text(b + 157, 100, some_name(r >> 20)); break;
	case 11: snprintf((char *)b + 124, 12, "%011o", (r >> 20) % 3 ? (r >> 20) % 8 * BLOCK : (r >> 20) % 2000); break;
	case 12: set_records(b, r * 2654435761u); break;
	default: (void)LLVMFuzzerMutate(b, BLOCK, BLOCK);
	}
	return n;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	size_t n = size ? (size - 1) / BLOCK : 0;
	bool packed = size > 4 && ((data[1] == 0x1f && data[2] == 0x8b) || (data[1] == 0x28 && data[2] == 0xb5));

	if (packed || seed % 3 == 0 || max < 1 + BLOCK)
		return LLVMFuzzerMutate(data, size, max);
	if (!size)
		data[0] = (uint8_t)seed & 3;
	else if (seed % 64 == 1)
		data[0] ^= (uint8_t)(1 + seed / 64 % 3);
	return 1 + BLOCK * mutate_blocks(data + 1, n, (max - 1) / BLOCK, seed * 2246822519u ^ seed >> 15);
}
