// SPDX-License-Identifier: Apache-2.0
#include "storage/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "pkg/util/fd.h"
#include "pkg/util/path.h"
#include "storage/gc.h"

int pin_locked(struct store_temp *t, const struct digest *d, struct fail *f)
{
	auto_fd int dir = path_open_beneath(t->dir_fd, "pins", O_RDONLY | O_DIRECTORY, 0);
	char text[DIGEST_TEXT_MAX];
	auto_fd int fd = -EBADF;

	if (dir == -ENOENT && mkdirat(t->dir_fd, "pins", 0700) < 0 && errno != EEXIST)
		return fail(f, errno, "make '%s/tmp/%s/pins'", t->store->path, t->name);
	if (dir == -ENOENT)
		dir = path_open_beneath(t->dir_fd, "pins", O_RDONLY | O_DIRECTORY, 0);
	if (dir >= 0)
		fd = fd_open(dir, digest_format(d, text), O_WRONLY | O_CREAT | O_NOFOLLOW, 0600);
	if (dir < 0 || fd < 0)
		return fail(f, dir < 0 ? -dir : -fd, "pin %s in '%s/tmp/%s'", digest_format(d, text),
			    t->store->path, t->name);
	return 0;
}

int gc_pin(struct store_temp *t, const struct digest *d, struct fail *f)
{
	auto_fd int lock = store_lock(t->store, false, f);

	return lock < 0 ? lock : pin_locked(t, d, f);
}
