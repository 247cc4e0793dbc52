// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/size.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "runtime/userns.h"
#include "storage/ctr.h"
#include "storage/layer.h"

/* Each level holds a descriptor. */
enum { DEPTH_MAX = 400 };

static int count_folder(int fd, int depth, int64_t *sum);

static int count_entry(int dir_fd, const char *name, int depth, int64_t *sum)
{
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISREG(st.st_mode))
		*sum += st.st_size / (int64_t)(st.st_nlink ? st.st_nlink : 1);
	if (!S_ISDIR(st.st_mode))
		return 0;
	if (depth == DEPTH_MAX)
		return -ELOOP;
	return count_folder(fd_open(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0), depth + 1, sum);
}

/* Takes FD over. A folder that goes meanwhile counts for nothing: the container may run. */
static int count_folder(int fd, int depth, int64_t *sum)
{
	struct dirent *entry;
	DIR *d;
	int r = fd == -ENOENT ? -ENOENT : fd_opendir(fd, &d);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	while (r == 0 && (entry = readdir(d)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			r = count_entry(dirfd(d), entry->d_name, depth, sum);
	closedir(d);
	return r;
}

static int64_t count_rw(struct engine *e, const char *id)
{
	struct fail ignored = { 0 };
	auto_fd int dir = ctr_open(&e->store, id, &ignored);
	int64_t sum = 0;
	int r = dir;

	if (r >= 0)
		r = count_folder(path_open_beneath(dir, "rw/upper", O_RDONLY | O_DIRECTORY, 0), 0, &sum);
	return r < 0 ? -1 : sum;
}

static void __attribute__((noreturn)) child(struct engine *e, const struct container_config *const *c, size_t n,
					    int out)
{
	struct fail f = { 0 };

	if (userns_enter_hinted(engine_userns_hint(e), &f) < 0)
		_exit(1);
	for (size_t i = 0; i < n; i++) {
		int64_t sum = count_rw(e, c[i]->id);

		if (io_write_full(out, &sum, sizeof(sum)) < 0)
			_exit(1);
	}
	_exit(0);
}

static int64_t count_layers(struct engine *e, const struct container_config *c)
{
	int64_t sum = 0;

	strv_each(it, c->layers) {
		struct fail ignored = { 0 };
		struct layer layer = { 0 };
		struct digest key;

		if (digest_parse(*it, &key, &ignored) < 0 || layer_load(&e->store, &key, &layer, &ignored) < 0)
			return -1;
		sum += layer.size;
		layer_done(&layer);
	}
	return sum;
}

int engine_sizes(struct engine *e, const struct container_config *const *c, size_t n, struct size *ret,
		 struct fail *f)
{
	auto_fd int in = -EBADF, out = -EBADF;
	int pair[2], status = 0, r = fd_pipe(pair);
	pid_t pid;

	if (r < 0)
		return fail(f, -r, "make a pipe");
	in = pair[0];
	out = pair[1];
	pid = fork();
	if (pid < 0)
		return fail(f, errno, "fork");
	if (pid == 0)
		child(e, c, n, out);
	out = fd_close(out);
	for (size_t i = 0; i < n; i++) {
		int64_t below = count_layers(e, c[i]);

		if (io_read_full(in, &ret[i].rw, sizeof(ret[i].rw)) != (ssize_t)sizeof(ret[i].rw))
			ret[i].rw = -1;
		ret[i].root_fs = below < 0 || ret[i].rw < 0 ? -1 : below + ret[i].rw;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return 0;
}
