// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/exec_session.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"
#include "storage/dir.h"

static int open_dir(int ctr_fd, bool make)
{
	int fd = path_open_beneath(ctr_fd, "exec", O_RDONLY | O_DIRECTORY, 0);

	if (fd != -ENOENT || !make)
		return fd;
	if (mkdirat(ctr_fd, "exec", 0700) < 0 && errno != EEXIST)
		return -errno;
	return path_open_beneath(ctr_fd, "exec", O_RDONLY | O_DIRECTORY, 0);
}

/* Whoever lists may have taken the file for a dead one's before we had its lock: then it is gone. */
static bool is_linked(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_nlink > 0;
}

void exec_session_begin(int ctr_fd, struct exec_session *ret)
{
	*ret = (struct exec_session)EXEC_SESSION_INIT;
	if (ctr_id_new(ret->id) < 0)
		return;
	ret->dir_fd = open_dir(ctr_fd, true);
	for (int i = 0; ret->dir_fd >= 0 && ret->lock_fd < 0 && i < 10; i++) {
		ret->lock_fd = file_lock(ret->dir_fd, ret->id, 0);
		if (ret->lock_fd < 0 && ret->lock_fd != -EWOULDBLOCK)
			return;
		if (ret->lock_fd >= 0 && !is_linked(ret->lock_fd))
			ret->lock_fd = fd_close(ret->lock_fd);
	}
}

void exec_session_close(struct exec_session *s)
{
	s->lock_fd = fd_close(s->lock_fd);
	s->dir_fd = fd_close(s->dir_fd);
}

void exec_session_end(struct exec_session *s)
{
	/* The container may be gone, and its folder with it. */
	if (s->lock_fd >= 0)
		(void)unlinkat(s->dir_fd, s->id, 0);
	exec_session_close(s);
}

/* True when it lives; removes it otherwise. */
static bool look(int dir_fd, const char *id)
{
	auto_fd int lock = -EBADF;

	if (file_is_locked(dir_fd, id))
		return true;
	/* Under its lock: whoever makes it right now sees that it is gone. */
	lock = file_lock(dir_fd, id, 0);
	if (lock == -EWOULDBLOCK)
		return true;
	if (lock >= 0)
		(void)unlinkat(dir_fd, id, 0);
	return false;
}

int exec_session_list(int ctr_fd, char ***ret)
{
	auto_fd int dir = open_dir(ctr_fd, false);
	auto_strv char **all = NULL;
	int r;

	*ret = NULL;
	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	r = dir_list(dir, ".", &all);
	if (r < 0)
		return r;
	strv_each(it, all)
		if (look(dir, *it))
			strv_add(ret, *it);
	return 0;
}
