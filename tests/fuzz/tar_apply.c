// SPDX-License-Identifier: Apache-2.0
/*
 * Layers, compressed or not, unpacked into a folder of their own: the first byte says whether what is
 * below is known. Whatever the bytes are, the folder beside the tree stays as it was.
 */
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
#include "pkg/util/mem.h"
#include "storage/unpack/inflate.h"
#include "storage/unpack/tar_apply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

static void check_canary(int base)
{
	struct stat st;

	if (fstatat(base, "canary", &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size != 0 || (st.st_mode & 07777) != 0600)
		abort();
}

static void apply(struct input *in, int tree, const struct lower *lower)
{
	struct apply_opts o = { .tree_fd = tree, .lower = lower };
	struct apply_result r = { 0 };
	struct fail f = { 0 };
	struct tar t;

	o.uids.n = o.gids.n = 1;
	o.uids.v[0] = (struct id_range){ geteuid(), 1 };
	o.gids.v[0] = (struct id_range){ getegid(), 1 };
	tar_init(&t, chunk, in);
	if (tar_apply(&t, &o, &r, &f) >= 0 && f.code)
		abort();
	tar_done(&t);
	apply_result_done(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[] = "/dev/shm/rbox-fuzz.XXXXXX";
	struct input *in = mem_alloc(sizeof(*in));
	struct lower nothing = { 0 };
	auto_fd int base = -EBADF, tree = -EBADF, canary = -EBADF;

	if (!mkdtemp(path))
		abort();
	base = fd_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	canary = fd_open(base, "canary", O_CREAT | O_WRONLY, 0600);
	if (mkdirat(base, "tree", 0755) < 0)
		abort();
	tree = fd_open(base, "tree", O_RDONLY | O_DIRECTORY, 0);
	if (canary < 0 || tree < 0)
		abort();
	if (size) {
		in->p = data + 1;
		in->n = size - 1;
		in->z = inflate_new(source, in);
		apply(in, tree, data[0] & 1 ? &nothing : NULL);
		inflate_free(in->z);
	}
	check_canary(base);
	if (file_remove_tree(AT_FDCWD, path) < 0)
		abort();
	free(in);
	return 0;
}
