// SPDX-License-Identifier: Apache-2.0
#include "runtime/console.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/path.h"

/*
 * A running container's root may have put anything there, a file of a FUSE of its own included, whose ioctl
 * would answer TIOCGPTPEER with a descriptor number of its choice. It must be 5:2 on a devpts.
 */
static int check_ptmx(int fd, struct fail *f)
{
	struct statfs fs;
	struct stat st;

	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return fail(f, errno, "look at '/dev/pts/ptmx' of the container");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2) || fs.f_type != DEVPTS_SUPER_MAGIC)
		return refuse(f, EPERM, "'/dev/pts/ptmx' of the container makes no terminals");
	return 0;
}

int console_make(int root_fd, uint32_t height, uint32_t width, uid_t uid, struct console *ret,
		 struct fail *f)
{
	struct winsize size = { .ws_row = (unsigned short)height, .ws_col = (unsigned short)width };
	auto_fd int master = path_open_in_root(root_fd, "/dev/pts/ptmx", O_RDWR | O_NOCTTY, 0);
	auto_fd int slave = -EBADF;
	int unlocked = 0, r;

	if (master < 0)
		return fail(f, -master, "open '/dev/pts/ptmx' of the container");
	r = check_ptmx(master, f);
	if (r < 0)
		return r;
	if (ioctl(master, TIOCSPTLCK, &unlocked) < 0)
		return fail(f, errno, "unlock the container's terminal");
	/* By the master, not by a path: nothing in the image can stand in its place. */
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return fail(f, errno, "open the container's terminal");
	if ((height || width) && ioctl(master, TIOCSWINSZ, &size) < 0)
		return fail(f, errno, "set the terminal's size");
	if (fchown(slave, uid, (gid_t)-1) < 0 && errno != EINVAL && errno != EPERM)
		return fail(f, errno, "give the terminal to user %u", uid);
	ret->master = fd_take(&master);
	ret->slave = fd_take(&slave);
	return 0;
}

int console_control(int slave, struct fail *f)
{
	return ioctl(slave, TIOCSCTTY, 0) < 0 ? fail(f, errno, "take the terminal") : 0;
}
