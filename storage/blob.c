// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "storage/dir.h"
#include "storage/pin.h"
#include "storage/store.h"

static int open_blob(const struct store *s, const struct digest *d, int flags)
{
	auto_free char *path = mem_printf("blobs/%s/%s", d->algo, d->hex);

	return path_open_beneath(s->root_fd, path, flags, 0);
}

int blob_open(const struct store *s, const struct digest *d, struct fail *f)
{
	int fd = open_blob(s, d, O_RDONLY | O_NONBLOCK);

	return fd < 0 ? fail(f, -fd, "open the blob %s:%s", d->algo, d->hex) : fd;
}

bool blob_exists(const struct store *s, const struct digest *d)
{
	auto_fd int fd = open_blob(s, d, O_PATH);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* Keeps gc away while the pin and the name of the blob appear. */
static int publish(struct store_temp *t, const char *name, const struct digest *d, struct fail *f)
{
	auto_free char *folder = mem_printf("blobs/%s", d->algo);
	auto_fd int to = store_dir(t->store, folder, f);
	auto_fd int lock = -EBADF;
	int r;

	if (to < 0)
		return to;
	lock = store_lock(t->store, false, f);
	if (lock < 0)
		return lock;
	r = pin_locked(t, d, f);
	if (r < 0)
		return r;
	r = file_move(t->dir_fd, name, to, d->hex, 0);
	if (r < 0 && r != -EEXIST)
		return fail(f, -r, "publish the blob %s:%s", d->algo, d->hex);
	lock = fd_close(lock);
	/* Also when another process has just put it there: its own fsync may not have happened yet. */
	r = file_sync(to);
	return r < 0 ? fail(f, -r, "sync '%s/%s'", t->store->path, folder) : 0;
}

int blob_commit(struct store_temp *t, const char *name, const struct digest *d, struct fail *f)
{
	auto_fd int fd = path_open_beneath(t->dir_fd, name, O_RDONLY, 0);
	int r = fd < 0 ? fd : file_sync(fd);

	if (r < 0)
		return fail(f, -r, "sync the blob %s:%s", d->algo, d->hex);
	return publish(t, name, d, f);
}

int blob_put(struct store_temp *t, const void *data, size_t len, const struct digest *d,
	     struct fail *f)
{
	char name[DIR_NONCE_LEN + 1];
	int r = dir_nonce(name);

	if (r == 0)
		r = file_replace(t->dir_fd, name, data, len, 0600, 0);
	if (r < 0)
		return fail(f, -r, "write the blob %s:%s", d->algo, d->hex);
	return blob_commit(t, name, d, f);
}
