// SPDX-License-Identifier: Apache-2.0
#include "storage/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"
#include "pkg/util/user.h"
#include "storage/dir.h"

enum { STORE_FORMAT = 1 };

static const char *const layout[] = {
	"blobs/sha256", "blobs/sha512", "layers", "images", "refs", "containers", "names", "volumes",
	"networks", "secrets", "tmp", "trash", "quarantine",
};

/* The XDG base directory specification: a relative XDG_DATA_HOME is to be ignored. */
static int default_path(char **ret, struct fail *f)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	auto_user struct user u = { 0 };

	if (data && *data == '/') {
		*ret = path_join(data, "rbox");
		return 0;
	}
	if ((!home || *home != '/') && user_lookup(geteuid(), &u) == 0)
		home = u.home;
	if (!home || *home != '/') {
		int r = refuse(f, ENOENT, "where is the store? neither XDG_DATA_HOME nor HOME is set, "
			       "and user %u has no home folder", geteuid());

		fail_hint(f, "export HOME=/path/to/your/home");
		return r;
	}
	*ret = path_join(home, ".local/share/rbox");
	return 0;
}

static int make_layout(int root_fd, const char *path, struct fail *f)
{
	static const char *const locks[] = { "lock.store", "lock.names" };
	auto_free char *text = mem_printf("%d\n", STORE_FORMAT);
	int r;

	for (size_t i = 0; i < ARRAY_LEN(layout); i++) {
		auto_fd int fd = dir_make(root_fd, layout[i]);

		if (fd < 0)
			return fail(f, -fd, "make folder '%s' of the store '%s'", layout[i], path);
	}
	/* Now, since `rm` on a full disk could not make them. */
	for (size_t i = 0; i < ARRAY_LEN(locks); i++) {
		auto_fd int fd = fd_open(root_fd, locks[i], O_RDWR | O_CREAT | O_NOFOLLOW, 0600);

		if (fd < 0)
			return fail(f, -fd, "make '%s/%s'", path, locks[i]);
	}
	/* Last: what says that all the rest is there. */
	r = file_replace(root_fd, "version", text, strlen(text), 0600, FILE_SYNC);
	return r < 0 ? fail(f, -r, "write the store's format into '%s/version'", path) : 0;
}

static int check_format(int root_fd, const char *path, struct fail *f)
{
	auto_str struct str s = STR_INIT(64);
	uint64_t format = 0;
	int r = file_read(root_fd, "version", &s);

	if (r == -ENOENT)
		return make_layout(root_fd, path, f);
	if (r < 0)
		return fail(f, -r, "read '%s/version'", path);
	if (s.len && s.s[s.len - 1] == '\n')
		s.s[--s.len] = '\0';
	/* An empty file is what a power cut leaves of one that was never synced. */
	if (!s.len)
		return make_layout(root_fd, path, f);
	if (str_to_u64(s.s, 10, &format) < 0 || !format)
		return refuse(f, EINVAL, "'%s/version' holds no format number", path);
	if (format > STORE_FORMAT) {
		r = refuse(f, EPROTONOSUPPORT,
			   "the store '%s' has format %llu, this rbox knows up to %d", path,
			   (unsigned long long)format, STORE_FORMAT);
		fail_hint(f, "use the newer rbox that wrote it, or another store with XDG_DATA_HOME");
		return r;
	}
	return 0;
}

/* Files made by another user in here could not be removed by the owner later (sudo with HOME kept). */
static int check_owner(int root_fd, const char *path, struct fail *f)
{
	struct stat st;
	int r;

	if (fstat(root_fd, &st) < 0)
		return fail(f, errno, "look at the store '%s'", path);
	if (st.st_uid == geteuid())
		return 0;
	r = refuse(f, EPERM, "the store '%s' belongs to uid %u, not to you (uid %u)", path, st.st_uid,
		   geteuid());
	fail_hint(f, "run rbox as its owner, or name another store with XDG_DATA_HOME");
	return r;
}

static int open_root(const char *path, struct fail *f)
{
	int fd = fd_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0), r;

	if (fd == -ENOENT) {
		r = path_mkdirs(AT_FDCWD, path, 0700);
		if (r < 0) {
			r = fail(f, -r, "make the store '%s'", path);
			fail_hint(f, "set XDG_DATA_HOME to a folder that you can write");
			return r;
		}
		fd = fd_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	}
	return fd < 0 ? fail(f, -fd, "open the store '%s'", path) : fd;
}

/* A path given relative to where we are, made absolute without asking where that is. */
static int absolute(int fd, char **path, struct fail *f)
{
	char link[FD_PATH_MAX], target[4096];
	ssize_t n;

	if (**path == '/')
		return 0;
	n = readlink(fd_path(fd, link), target, sizeof(target) - 1);
	if (n <= 0 || target[0] != '/')
		return fail(f, n < 0 ? errno : ENAMETOOLONG, "find the whole path of '%s'", *path);
	target[n] = '\0';
	mem_replace(path, mem_strdup(target));
	return 0;
}

int store_open(const char *path, struct store *ret, struct fail *f)
{
	auto_free char *at = NULL;
	auto_fd int fd = -EBADF;
	int r;

	*ret = (struct store){ .root_fd = -EBADF };
	if (path)
		at = path_clean(path);
	else if ((r = default_path(&at, f)) < 0)
		return r;
	fd = open_root(at, f);
	if (fd < 0)
		return fd;
	r = check_owner(fd, at, f);
	if (r == 0)
		r = absolute(fd, &at, f);
	if (r == 0)
		r = check_format(fd, at, f);
	if (r < 0)
		return r;
	*ret = (struct store){ .root_fd = fd_take(&fd), .path = mem_take(&at) };
	return 0;
}

void store_done(struct store *s)
{
	/* All zero is a struct store too: descriptor 0 is never ours. */
	if (s->root_fd > 0)
		fd_close(s->root_fd);
	s->root_fd = -EBADF;
	mem_free_ptr(&s->path);
}

int store_dir(const struct store *s, const char *name, struct fail *f)
{
	int fd = path_open_beneath(s->root_fd, name, O_RDONLY | O_DIRECTORY, 0);

	/* A folder of the layout that somebody removed: empty is what it is now. */
	if (fd == -ENOENT)
		for (size_t i = 0; i < ARRAY_LEN(layout) && fd == -ENOENT; i++)
			if (str_eq(layout[i], name))
				fd = dir_make(s->root_fd, name);
	return fd < 0 ? fail(f, -fd, "open '%s/%s'", s->path, name) : fd;
}

int store_lock(const struct store *s, bool exclusive, struct fail *f)
{
	int fd = file_lock(s->root_fd, "lock.store", LOCK_WAIT | (exclusive ? 0 : LOCK_SHARED));

	return fd < 0 ? fail(f, -fd, "lock '%s/lock.store'", s->path) : fd;
}
