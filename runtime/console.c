// SPDX-License-Identifier: Apache-2.0
#include "runtime/console.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/path.h"

int console_make(int root_fd, uint32_t height, uint32_t width, uid_t uid, struct console *ret,
		 struct fail *f)
{
	struct winsize size = { .ws_row = (unsigned short)height, .ws_col = (unsigned short)width };
	auto_fd int master = path_open_in_root(root_fd, "/dev/pts/ptmx", O_RDWR | O_NOCTTY, 0);
	auto_fd int slave = -EBADF;
	int unlocked = 0;

	if (master < 0)
		return fail(f, -master, "open '/dev/pts/ptmx' of the container");
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
