// SPDX-License-Identifier: Apache-2.0
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
#include "pkg/util/str.h"
#include "storage/ctr_name.h"
#include "storage/dir.h"
#include "storage/gc.h"
#include "storage/store.h"
#include "storage/sweep.h"
#include "storage/volume.h"

int trash_move(const struct store *s, int from_dir, const char *name, char ret_entry[DIR_NONCE_LEN + 1],
	       struct fail *f)
{
	auto_fd int trash = store_dir(s, "trash", f);
	int r;

	if (trash < 0)
		return trash;
	r = dir_nonce(ret_entry);
	if (r == 0)
		r = file_move(from_dir, name, trash, ret_entry, 0);
	return r < 0 ? fail(f, -r, "move '%s' to '%s/trash'", name, s->path) : 0;
}

int store_trash(const struct store *s, int from_dir, const char *name, struct fail *f)
{
	char entry[DIR_NONCE_LEN + 1];

	return trash_move(s, from_dir, name, entry, f);
}

int store_quarantine(const struct store *s, int from_dir, const char *name, const char *what,
		     struct fail *f)
{
	auto_fd int to = store_dir(s, "quarantine", f);
	auto_free char *target = NULL;
	char nonce[DIR_NONCE_LEN + 1];
	int r;

	if (to < 0)
		return to;
	r = dir_nonce(nonce);
	target = mem_printf("%.150s.%.8s", what, nonce);
	if (r == 0)
		r = file_move(from_dir, name, to, target, 0);
	return r < 0 ? fail(f, -r, "move '%s' to '%s/quarantine'", name, s->path) : 0;
}

/* All of the folder but its lock, which goes last. */
static int empty(int dir_fd)
{
	struct dirent *e;
	DIR *d;
	int r = fd_opendir(fd_open(dir_fd, ".", O_RDONLY | O_DIRECTORY, 0), &d), first = 0;

	if (r < 0)
		return r;
	while ((e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || !strcmp(e->d_name, "lock"))
			continue;
		r = file_remove_tree(dir_fd, e->d_name);
		if (r < 0 && !first)
			first = r;
	}
	closedir(d);
	return first;
}

int sweep_locked(int parent_fd, const char *name, int dir_fd)
{
	int r = empty(dir_fd);

	if (r < 0)
		return r;
	if (unlinkat(dir_fd, "lock", 0) < 0 && errno != ENOENT)
		return -errno;
	/* Not a tree removal: a lock file that is here again is somebody else's. */
	if (unlinkat(parent_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

static int open_entry(int parent_fd, const char *name)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
	int fd = fd_open(parent_fd, name, flags, 0);

	if (fd == -EACCES && fchmodat(parent_fd, name, 0700, 0) == 0)
		fd = fd_open(parent_fd, name, flags, 0);
	return fd;
}

/*
 * Takes the lock of an entry. When no lock file can be made (a full disk, and room is what a
 * sweep makes), an entry of trash/ goes without: two deleting the same thing do no harm there.
 */
static int lock_entry(int dir_fd, bool in_trash, int *ret_lock)
{
	int fd = dir_lock(dir_fd, false);

	*ret_lock = fd < 0 ? -EBADF : fd;
	if (fd >= 0)
		return 0;
	return in_trash && (fd == -ENOSPC || fd == -EDQUOT) ? 0 : fd;
}

static bool owes(const struct store *s, int dir_fd)
{
	auto_strv char **names = volume_owed(s, dir_fd);

	return names != NULL;
}

int trash_delete(const struct store *s, const char *entry, int dir_fd)
{
	struct fail ignored = { 0 };
	auto_fd int trash = store_dir(s, "trash", &ignored);

	if (trash < 0)
		return trash;
	return owes(s, dir_fd) ? -EBUSY : sweep_locked(trash, entry, dir_fd);
}

/* 0: gone or alive; < 0: still there. */
static int sweep_entry(const struct store *s, int parent_fd, const char *name, bool in_trash)
{
	auto_fd int dir_fd = open_entry(parent_fd, name);
	auto_fd int lock_fd = -EBADF;
	int r;

	if (dir_fd == -ENOTDIR || dir_fd == -ELOOP)
		return unlinkat(parent_fd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
	if (dir_fd < 0)
		return dir_fd == -ENOENT ? 0 : dir_fd;
	/* A container whose monitor still writes its last words. */
	if (file_is_locked(dir_fd, "lock.run"))
		return 0;
	/* A container whose volumes are still to go: this entry is all that tells of them. */
	if (in_trash && owes(s, dir_fd))
		return -EBUSY;
	r = lock_entry(dir_fd, in_trash, &lock_fd);
	if (r < 0)
		return r == -EWOULDBLOCK || r == -ESTALE ? 0 : r;
	return sweep_locked(parent_fd, name, dir_fd);
}

/*
 * Claims of the dead are dealt with; true when somebody died who had pinned things (a load, a pull) or was
 * about to collect them (gc_announce).
 */
static bool sweep_claims(const struct store *s)
{
	bool pins = false;

	auto_fd int tmp = path_open_beneath(s->root_fd, "tmp", O_RDONLY | O_DIRECTORY, 0);
	auto_strv char **names = NULL;

	if (tmp < 0 || dir_list(tmp, ".", &names) < 0)
		return false;
	strv_each(it, names) {
		auto_fd int fd = path_open_beneath(tmp, *it, O_RDONLY | O_DIRECTORY, 0);

		if (fd < 0 || file_is_locked(fd, "lock"))
			continue;
		ctr_claim_sweep(s, tmp, *it);
		pins = pins || faccessat(fd, "pins", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	}
	return pins;
}

/*
 * What the dead left outside of tmp/ and trash/. Before their entries there go: these tell the next
 * sweep to do this again if we are killed, too.
 */
static int sweep_traces(const struct store *s, struct fail *f)
{
	bool pins = sweep_claims(s);
	int r = ctr_names_sweep(s, f);

	if (r == 0 && pins)
		r = gc_run(s, f);
	return r;
}

int store_sweep(const struct store *s, unsigned *ret_left, struct fail *f)
{
	static const char *const where[] = { "tmp", "trash" };
	struct fail why = { 0 };
	bool traces_left = sweep_traces(s, &why) < 0;

	*ret_left = traces_left;
	/* tmp/ keeps what tells of traces until these are gone; room on the disk comes from trash/ at once. */
	for (size_t i = traces_left; i < ARRAY_LEN(where); i++) {
		auto_fd int fd = store_dir(s, where[i], f);
		auto_strv char **names = NULL;
		int r;

		if (fd < 0)
			return fd;
		r = dir_list(fd, ".", &names);
		if (r < 0)
			return fail(f, -r, "read '%s/%s'", s->path, where[i]);
		strv_each(it, names)
			*ret_left += sweep_entry(s, fd, *it, i == 1) < 0;
	}
	return 0;
}

static bool is_dead(int parent_fd, const char *name)
{
	auto_fd int fd = fd_open(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

	if (fd == -ENOENT)
		return false;
	return fd < 0 || (!file_is_locked(fd, "lock") && !file_is_locked(fd, "lock.run"));
}

bool store_needs_sweep(const struct store *s)
{
	static const char *const where[] = { "tmp", "trash" };

	for (size_t i = 0; i < ARRAY_LEN(where); i++) {
		auto_fd int fd = path_open_beneath(s->root_fd, where[i], O_RDONLY | O_DIRECTORY, 0);
		auto_strv char **names = NULL;

		if (fd < 0 || dir_list(fd, ".", &names) < 0)
			continue;
		strv_each(it, names)
			if (is_dead(fd, *it))
				return true;
	}
	return false;
}
