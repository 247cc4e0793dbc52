// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "storage/dir.h"
#include "storage/store.h"
#include "storage/sweep.h"

/* One try. -ESTALE: a sweeper was faster between mkdir and flock. */
static int try_new(int tmp_fd, struct store_temp *t)
{
	int r = dir_nonce(t->name);

	if (r < 0)
		return r;
	if (mkdirat(tmp_fd, t->name, 0700) < 0)
		return errno == EEXIST ? -ESTALE : -errno;
	t->dir_fd = fd_open(tmp_fd, t->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (t->dir_fd < 0)
		return t->dir_fd == -ENOENT ? -ESTALE : t->dir_fd;
	t->lock_fd = dir_lock(t->dir_fd, true);
	if (t->lock_fd >= 0)
		return 0;
	t->dir_fd = fd_close(t->dir_fd);
	(void)unlinkat(tmp_fd, t->name, AT_REMOVEDIR);
	return t->lock_fd;
}

int store_temp_new(const struct store *s, struct store_temp *ret, struct fail *f)
{
	enum { TRIES = 1000 };
	auto_fd int tmp_fd = -EBADF;
	int r = -ESTALE;

	*ret = (struct store_temp){ .store = s, .dir_fd = -EBADF, .lock_fd = -EBADF };
	tmp_fd = store_dir(s, "tmp", f);
	if (tmp_fd < 0)
		return tmp_fd;
	for (int i = 0; i < TRIES && r == -ESTALE; i++)
		r = try_new(tmp_fd, ret);
	if (r < 0) {
		ret->store = NULL;
		return fail(f, -r, "make a folder in '%s/tmp'", s->path);
	}
	return 0;
}

void store_temp_done(struct store_temp *t)
{
	auto_fd int tmp_fd = -EBADF;
	struct fail ignored = { 0 };

	if (!t->store)
		return;
	tmp_fd = store_dir(t->store, "tmp", &ignored);
	if (tmp_fd >= 0)
		/* What can't be removed (other owners' files) is the next sweep's. */
		(void)sweep_locked(tmp_fd, t->name, t->dir_fd);
	store_temp_leave(t);
}

void store_temp_leave(struct store_temp *t)
{
	t->dir_fd = fd_close(t->dir_fd);
	t->lock_fd = fd_close(t->lock_fd);
	t->store = NULL;
}
