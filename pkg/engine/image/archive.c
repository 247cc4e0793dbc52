// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/image/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "storage/unpack/inflate.h"
#include "storage/unpack/tar_read.h"

enum { CHUNK = 256 * 1024, LINKS_MAX = 16 };

void archive_done(struct archive *a)
{
	a->fd = fd_close(a->fd);
	for (size_t i = 0; i < a->n; i++) {
		free(a->v[i].name);
		free(a->v[i].link);
	}
	free(a->v);
	a->v = NULL;
	a->n = 0;
}

static ssize_t from_fd(void *ctx, void *buf, size_t len, struct fail *f)
{
	ssize_t n = io_read(*(int *)ctx, buf, len);

	return n < 0 ? fail(f, (int)-n, "read the archive") : n;
}

/* Into a file without a name in the temp folder. */
static int spool(int fd, struct store_temp *t, struct fail *f)
{
	auto_inflate struct inflate *z = inflate_new(from_fd, &fd);
	auto_free char *buf = mem_alloc(CHUNK);
	auto_fd int to = fd_open(t->dir_fd, "spool", O_RDWR | O_CREAT | O_EXCL, 0600);
	ssize_t n;

	if (to < 0)
		return fail(f, -to, "make a temporary file in the store");
	(void)unlinkat(t->dir_fd, "spool", 0);
	while ((n = inflate_read(z, buf, CHUNK, f)) > 0) {
		int r = io_write_full(to, buf, (size_t)n);

		if (r < 0)
			return fail(f, -r, "copy the archive into the store");
	}
	return n < 0 ? (int)n : fd_take(&to);
}

static bool is_compressed(const unsigned char *p, size_t n)
{
	return (n >= 2 && !memcmp(p, "\x1f\x8b", 2)) || (n >= 4 && !memcmp(p, "\x28\xb5\x2f\xfd", 4)) ||
	       (n >= 3 && !memcmp(p, "BZh", 3)) || (n >= 6 && !memcmp(p, "\xfd" "7zXZ\0", 6));
}

static int seekable(int *fd, struct store_temp *t, struct fail *f)
{
	unsigned char magic[6];
	struct stat st;
	bool plain = false;
	int copy;

	if (fstat(*fd, &st) < 0)
		return fail(f, errno, "look at the archive");
	if (S_ISDIR(st.st_mode))
		return refuse(f, EISDIR, "the archive is a folder");
	if (S_ISREG(st.st_mode)) {
		ssize_t n;

		if (lseek(*fd, 0, SEEK_CUR) == 0) {
			n = io_read_full(*fd, magic, sizeof(magic));
			plain = n >= 0 && !is_compressed(magic, (size_t)n);
			if (n < 0 || lseek(*fd, 0, SEEK_SET) < 0)
				return fail(f, n < 0 ? (int)-n : errno, "read the archive");
		}
	}
	if (plain)
		return 0;
	copy = spool(*fd, t, f);
	if (copy < 0)
		return copy;
	fd_close(*fd);
	*fd = copy;
	return lseek(copy, 0, SEEK_SET) < 0 ? fail(f, errno, "read the archive") : 0;
}

struct reader {
	int fd;
	char *buf;
};

static ssize_t next_chunk(void *ctx, const void **ret, struct fail *f)
{
	struct reader *r = ctx;
	ssize_t n = io_read(r->fd, r->buf, CHUNK);

	*ret = r->buf;
	return n < 0 ? fail(f, (int)-n, "read the archive") : n;
}

static char *clean(const char *name)
{
	auto_free char *c = path_clean(name);

	return mem_strdup(c + strspn(c, "/"));
}

/* "../x/layer.tar" from within "y/" is x/layer.tar: old docker archives share layers by links. */
static char *link_target(const char *name, const char *link, bool hard)
{
	auto_free char *dir = mem_strndup(name, (size_t)(path_base(name) - name));
	auto_free char *joined = hard || *link == '/' ? mem_strdup(link) : path_join(dir, link);

	return clean(joined);
}

static int add_member(struct archive *a, const struct tar_entry *e, int64_t offset, struct fail *f)
{
	struct member *m;

	if (e->type != TAR_FILE && e->type != TAR_SYMLINK && e->type != TAR_LINK)
		return 0;
	if (a->n == ARCHIVE_MEMBERS_MAX)
		return refuse(f, E2BIG, "the archive has more than %d members", ARCHIVE_MEMBERS_MAX);
	if (!(a->n & (a->n - 1)))
		a->v = mem_resize(a->v, a->n ? a->n * 2 : 1, sizeof(*a->v));
	m = &a->v[a->n++];
	*m = (struct member){ .name = clean(e->name), .offset = offset, .size = e->size };
	if (e->type != TAR_FILE)
		m->link = link_target(m->name, e->link, e->type == TAR_LINK);
	return 0;
}

/* Seeks past data instead of reading it. */
static int skip_data(struct tar *t, struct reader *r, struct fail *f)
{
	int64_t to = t->offset + t->data_left + t->pad;
	struct stat st;

	if (t->data_left + t->pad <= (int64_t)t->n)
		return 0;
	/* A seek past the end would take a cut archive for a whole one. */
	if (fstat(r->fd, &st) < 0 || t->offset + t->data_left > st.st_size)
		return refuse(f, EBADMSG, "the archive ends too soon, at byte %lld", (long long)st.st_size);
	if (lseek(r->fd, to, SEEK_SET) < 0)
		return fail(f, errno, "read the archive");
	t->n = 0;
	t->offset = to;
	t->data_left = t->pad = 0;
	return 0;
}

static int list(struct archive *a, struct fail *f)
{
	auto_free char *buf = mem_alloc(CHUNK);
	struct reader reader = { a->fd, buf };
	struct tar_entry *e;
	struct tar t;
	int r;

	tar_init(&t, next_chunk, &reader);
	while ((r = tar_next(&t, &e, f)) > 0) {
		if (tar_is_sparse(&t))
			r = refuse(f, ENOTSUP, "the archive holds a sparse file");
		else
			r = add_member(a, e, t.offset, f);
		if (r == 0)
			r = skip_data(&t, &reader, f);
		if (r < 0)
			break;
	}
	tar_done(&t);
	return r;
}

int archive_open(int fd, struct store_temp *t, struct archive *ret, struct fail *f)
{
	int r;

	*ret = (struct archive){ .fd = fd };
	r = seekable(&ret->fd, t, f);
	if (r == 0)
		r = list(ret, f);
	if (r < 0)
		archive_done(ret);
	return r;
}

const struct member *archive_find(const struct archive *a, const char *name)
{
	auto_free char *want = clean(name);

	for (int links = 0; links < LINKS_MAX; links++) {
		const struct member *m = NULL;

		/* The last one of a name counts, as when tar extracts. */
		for (size_t i = 0; i < a->n; i++)
			if (!strcmp(a->v[i].name, want))
				m = &a->v[i];
		if (!m || !m->link)
			return m;
		mem_replace(&want, mem_strdup(m->link));
	}
	return NULL;
}

/* A description of our own: the offset is not shared with other threads. */
static int open_at(const struct archive *a, const struct member *m, struct fail *f)
{
	char path[FD_PATH_MAX];
	auto_fd int fd = fd_open(AT_FDCWD, fd_path(a->fd, path), O_RDONLY, 0);

	if (fd < 0 || lseek(fd, m->offset, SEEK_SET) < 0)
		return fail(f, fd < 0 ? -fd : errno, "open the archive again");
	return fd_take(&fd);
}

int archive_copy(const struct archive *a, const struct member *m,
		 int (*sink)(void *ctx, const void *data, size_t n), void *ctx, struct fail *f)
{
	auto_free char *buf = mem_alloc(CHUNK);
	auto_fd int fd = open_at(a, m, f);
	int64_t left = m->size;

	if (fd < 0)
		return fd;
	while (left > 0) {
		ssize_t n = io_read(fd, buf, left < CHUNK ? (size_t)left : CHUNK);
		int r;

		if (n < 0)
			return fail(f, (int)-n, "read the archive");
		if (n == 0)
			return refuse(f, EBADMSG, "the archive ends within '%.200s'", m->name);
		r = sink(ctx, buf, (size_t)n);
		if (r < 0)
			return r;
		left -= n;
	}
	return 0;
}

bool archive_is_plain(const struct archive *a, const struct member *m)
{
	struct fail f = { 0 };
	unsigned char magic[6];
	auto_fd int fd = open_at(a, m, &f);
	ssize_t n = fd < 0 ? -1 : io_read_full(fd, magic, m->size < 6 ? (size_t)m->size : 6);

	return n >= 0 && !is_compressed(magic, (size_t)n);
}

static int add_to_str(void *ctx, const void *data, size_t n)
{
	str_addn(ctx, data, n);
	return str_failed(ctx) ? -EFBIG : 0;
}

int archive_read(const struct archive *a, const char *name, char **ret, size_t *ret_len, struct fail *f)
{
	auto_str struct str s = STR_INIT(ARCHIVE_JSON_MAX);
	const struct member *m = archive_find(a, name);
	int r;

	if (!m)
		return refuse(f, ENOENT, "the archive holds no '%.200s'", name);
	if (m->size >= ARCHIVE_JSON_MAX)
		return refuse(f, EFBIG, "'%.200s' of the archive has more than 4 MiB", name);
	r = archive_copy(a, m, add_to_str, &s, f);
	if (r < 0)
		return r;
	*ret_len = s.len;
	*ret = str_take(&s);
	return 0;
}
