// SPDX-License-Identifier: Apache-2.0
/* The birth of a container's folder. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "storage/ctr.h"
#include "storage/ctr_name.h"
#include "storage/dir.h"
#include "storage/layer.h"

int ctr_id_new(char ret[CTR_ID_LEN + 1])
{
	return dir_random_hex(ret, CTR_ID_LEN / 2);
}

static int make_folder(int at, const char *path, mode_t mode)
{
	if (mkdirat(at, path, mode) < 0)
		return -errno;
	/* Whatever the caller's umask: rw/upper's mode is that of the container's "/". */
	return fchmodat(at, path, mode, 0) < 0 ? -errno : 0;
}

int ctr_new(const struct store *s, struct ctr_new *ret, struct fail *f)
{
	static const struct {
		const char *path;
		mode_t mode;
	} folders[] = {
		{ "ctr", 0700 }, { "ctr/rw", 0700 }, { "ctr/rw/upper", 0755 }, { "ctr/rw/work", 0700 },
	};
	int r;

	ret->dir_fd = -EBADF;
	r = store_temp_new(s, &ret->temp, f);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(folders); i++)
		r = make_folder(ret->temp.dir_fd, folders[i].path, folders[i].mode);
	if (r == 0) {
		ret->dir_fd = path_open_beneath(ret->temp.dir_fd, "ctr", O_RDONLY | O_DIRECTORY, 0);
		r = ret->dir_fd < 0 ? ret->dir_fd : 0;
	}
	if (r == 0) {
		/* Now, since `rm` on a full disk could not make it. */
		auto_fd int lock = fd_open(ret->dir_fd, "lock", O_RDWR | O_CREAT, 0600);

		r = lock < 0 ? lock : 0;
	}
	if (r < 0) {
		r = fail(f, -r, "make the folder of a container in '%s/tmp'", s->path);
		ctr_new_done(ret);
	}
	return r;
}

void ctr_new_done(struct ctr_new *n)
{
	n->dir_fd = fd_close(n->dir_fd);
	store_temp_done(&n->temp);
}

/*
 * The files of one folder, then the folder. START: begins to write their pages and doesn't wait, so
 * that the fsyncs after it share one commit. Empty files have nothing to lose.
 */
static int sync_folder(int dir_fd, const char *path, bool start)
{
	auto_fd int at = path_open_beneath(dir_fd, path, O_RDONLY | O_DIRECTORY, 0);
	auto_strv char **names = NULL;
	int r = at < 0 ? at : dir_list(at, ".", &names);

	for (char **it = names; r == 0 && *it; it++) {
		auto_fd int fd = -EBADF;
		struct stat st;

		if (fstatat(at, *it, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
		if (!S_ISREG(st.st_mode) || !st.st_size)
			continue;
		fd = path_open_beneath(at, *it, O_RDONLY, 0);
		if (fd < 0)
			r = fd;
		else if (start)
			(void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
		else
			r = file_sync(fd);
	}
	return r == 0 && !start ? file_sync(at) : r;
}

/* The files of a container's folder, and the folders themselves. */
static int sync_content(int dir_fd)
{
	static const char *const folders[] = { "rw", "." };
	int r = 0;

	for (size_t i = 0; r == 0 && i < 2 * ARRAY_LEN(folders); i++)
		r = sync_folder(dir_fd, folders[i % ARRAY_LEN(folders)], i < ARRAY_LEN(folders));
	return r;
}

/* Between the making of the config and now gc may have taken a layer: the image was removed. */
static int check_layers(const struct store *s, int dir_fd, struct fail *f)
{
	auto_strv char **keys = NULL;
	int r = ctr_layers(dir_fd, &keys, f);

	if (r < 0)
		return r;
	strv_each(it, keys) {
		struct digest key;

		r = digest_parse(*it, &key, f);
		if (r < 0)
			return r;
		if (!layer_exists(s, &key))
			return refuse(f, ENOENT, "layer %.12s is gone: the image was removed meanwhile",
				      key.hex);
	}
	return 0;
}

/* The name, then the folder. Killed in between: a link to nothing, taken over by the next. */
static int publish(struct ctr_new *n, const char *id, const char *name, struct fail *f)
{
	const struct store *s = n->temp.store;
	auto_fd int containers = store_dir(s, "containers", f);
	auto_fd int names_lock = -EBADF;
	int r;

	if (containers < 0)
		return containers;
	names_lock = ctr_names_lock(s, f);
	if (names_lock < 0)
		return names_lock;
	r = name ? ctr_name_take(s, name, id, f) : 0;
	if (r < 0)
		return r;
	r = file_move(n->temp.dir_fd, "ctr", containers, id, 0);
	if (r < 0) {
		if (name)
			ctr_name_drop(s, name, id);
		return fail(f, -r, "move the container to '%s/containers/%s'", s->path, id);
	}
	return 0;
}

static int sync_folders(const struct store *s, struct fail *f)
{
	static const char *const folders[] = { "containers", "names" };

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		auto_fd int fd = store_dir(s, folders[i], f);
		int r = fd < 0 ? fd : file_sync(fd);

		if (r < 0)
			return fd < 0 ? r : fail(f, -r, "sync '%s/%s'", s->path, folders[i]);
	}
	return 0;
}

int ctr_claim(struct ctr_new *n, const char *id, struct fail *f)
{
	if (symlinkat(id, n->temp.dir_fd, "claim") == 0)
		return 0;
	return fail(f, errno, "make '%s/tmp/%s/claim'", n->temp.store->path, n->temp.name);
}

void ctr_claim_sweep(const struct store *s, int tmp_fd, const char *name)
{
	auto_free char *path = mem_printf("%s/claim", name);
	char id[CTR_ID_LEN + 2];
	struct fail ignored = { 0 };
	auto_fd int dir = -EBADF, lock = -EBADF;
	ssize_t n = readlinkat(tmp_fd, path, id, sizeof(id));

	if (n != CTR_ID_LEN)
		return;
	id[n] = '\0';
	dir = ctr_open(s, id, &ignored);
	if (dir < 0)
		return;
	/* Held: somebody starts or removes it, and answers for it. */
	lock = file_lock(dir, "lock", 0);
	if (lock >= 0 && !ctr_is_running(dir))
		/* Its name goes with those that lead nowhere. */
		(void)!ctr_remove(s, id, NULL, &ignored);
}

int ctr_commit(struct ctr_new *n, const char *id, const char *name, bool durable, struct fail *f)
{
	const struct store *s = n->temp.store;
	auto_fd int lock = -EBADF;
	int r;

	if (!ctr_is_id(id))
		return refuse(f, EINVAL, "'%.100s' is not a container's id", id);
	r = durable ? sync_content(n->dir_fd) : 0;
	if (r < 0)
		return fail(f, -r, "sync the folder of container %.12s", id);
	lock = store_lock(s, false, f);
	if (lock < 0)
		return lock;
	r = check_layers(s, n->dir_fd, f);
	if (r == 0)
		r = publish(n, id, name, f);
	lock = fd_close(lock);
	return r == 0 && durable ? sync_folders(s, f) : r;
}
