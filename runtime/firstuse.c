// SPDX-License-Identifier: Apache-2.0
#include "runtime/firstuse.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "runtime/copyup.h"
#include "runtime/mount.h"
#include "runtime/privs.h"

static bool has(int dir_fd, const char *name)
{
	return faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* 1, 0 or -errno */
static int is_empty(int fd)
{
	struct dirent *e;
	DIR *d;
	int r = fd_opendir(fd_open(fd, ".", O_RDONLY | O_DIRECTORY, 0), &d);

	if (r < 0)
		return r;
	errno = 0;
	while ((e = readdir(d)) && (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")))
		;
	r = e ? 0 : errno ? -errno : 1;
	closedir(d);
	return r;
}

/* Nothing in the image to copy: the volume is the user's that the process will be. */
static int give_to_user(int root_fd, int data, const struct op *op, const struct spec_user *wanted, struct fail *f)
{
	struct privs_user user = { 0 };
	int r = privs_user_lookup(root_fd, wanted, &user, f);

	/* A user that isn't there is the failure of a later step, which says it better. */
	if (r < 0) {
		fail_clear(f);
		return 0;
	}
	if (fchown(data, user.uid, user.gid) < 0 && errno != EPERM && errno != EINVAL)
		return op_fail(op, errno, f);
	return 0;
}

static int fill(int dir, int from, int data, const struct op *op, struct fail *f)
{
	int r = has(dir, "copying") ? 0 : file_move(dir, "copyup", dir, "copying", 0);

	if (r < 0)
		return op_fail(op, -r, f);
	r = copyup_tree(from, data, true, f);
	if (r < 0)
		return fail_in(f, r, "fill the volume for '%s' from the image (nocopy leaves it empty)", op->target);
	(void)unlinkat(dir, "copyup", 0);
	return unlinkat(dir, "copying", 0) < 0 ? op_fail(op, errno, f) : 0;
}

/* What the image has there: not what has been mounted before this one, nor what lies below that. */
static int open_below(int root_fd, const char *target)
{
	auto_fd int bare = mount_clone(root_fd);

	/* The root may be a folder of the host's (--rootfs) whose mounts can't be taken off. */
	return path_open_in_root(bare < 0 ? root_fd : bare, target, O_RDONLY | O_DIRECTORY, 0);
}

static int use_first(int root_fd, int dir, const struct op *op, const struct spec_user *user, struct fail *f)
{
	bool begun = has(dir, "copying");
	auto_fd int data = fd_open(dir, path_base(op->source), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	auto_fd int from = -EBADF;
	int r = data < 0 ? data : begun ? 1 : is_empty(data);

	if (r < 0)
		return op_fail(op, -r, f);
	if (!r) {
		/* Somebody has put something there: it stays as it is. */
		(void)unlinkat(dir, "copyup", 0);
		return 0;
	}
	from = open_below(root_fd, op->target);
	if (from == -ENOENT || from == -ENOTDIR)
		return begun ? 0 : give_to_user(root_fd, data, op, user, f);
	r = from < 0 ? from : is_empty(from);
	if (r < 0)
		return op_fail(op, -r, f);
	/* An empty folder gives owner and mode alone; another image may have more to put there. */
	if (r && !begun) {
		r = copyup_top(from, data, f);
		return r < 0 ? fail_in(f, r, "the volume for '%s'", op->target) : 0;
	}
	return fill(dir, from, data, op, f);
}

int volume_first_use(int root_fd, const struct op *op, const struct spec_user *user, struct fail *f)
{
	const char *base = path_base(op->source);
	auto_free char *path = mem_strndup(op->source, (size_t)(base - op->source));
	auto_fd int dir = fd_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	auto_fd int lock = -EBADF;

	if (dir < 0)
		return fail(f, -dir, "open the volume for '%s'", op->target);
	if (!has(dir, "copyup") && !has(dir, "copying"))
		return 0;
	lock = file_lock(dir, "lock", LOCK_WAIT);
	if (lock < 0)
		return fail(f, -lock, "lock the volume for '%s'", op->target);
	if (!has(dir, "copyup") && !has(dir, "copying"))
		return 0;
	return use_first(root_fd, dir, op, user, f);
}
