// SPDX-License-Identifier: Apache-2.0
#include "storage/gc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"
#include "storage/dir.h"
#include "storage/mark.h"

static bool is_hex(const char *s)
{
	size_t n = strlen(s);

	return (n == 64 || n == 128) && strspn(s, "0123456789abcdef") == n;
}

/* Moves what FOLDER holds and KEPT doesn't name into trash/. */
static int collect(const struct store *s, const char *folder, const struct mark_set *kept,
		   struct fail *f)
{
	auto_fd int dir = store_dir(s, folder, f);
	auto_strv char **names = NULL;
	int r;

	if (dir < 0)
		return dir;
	r = dir_list(dir, ".", &names);
	if (r < 0)
		return fail(f, -r, "read '%s/%s'", s->path, folder);
	strv_each(it, names) {
		/* What isn't named like a layer or a blob isn't ours to judge. */
		if (!is_hex(*it) || mark_has(kept, *it))
			continue;
		r = store_trash(s, dir, *it, f);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * What file_replace leaves when it is killed, and folders of names that were never filled. Nobody
 * writes here now: images and names are written under the shared lock only.
 */
static void remove_leftovers(int parent_fd, const char *name, int depth)
{
	enum { DEPTH_MAX = 140 };
	struct dirent *e;
	DIR *d;

	if (fd_opendir(path_open_beneath(parent_fd, name, O_RDONLY | O_DIRECTORY, 0), &d) < 0)
		return;
	while ((e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (e->d_name[0] == '.')
			(void)unlinkat(dirfd(d), e->d_name, 0);
		else if (e->d_type == DT_DIR && depth < DEPTH_MAX)
			remove_leftovers(dirfd(d), e->d_name, depth + 1);
	}
	closedir(d);
	if (depth)
		(void)unlinkat(parent_fd, name, AT_REMOVEDIR);
}

int gc_run(const struct store *s, struct fail *f)
{
	auto_fd int lock = store_lock(s, true, f);
	auto_marks struct marks m = { 0 };
	int r;

	if (lock < 0)
		return lock;
	r = marks_load(s, &m, f);
	/* A container that can't be read may need any layer. */
	if (r == 0 && !m.keep_layers)
		r = collect(s, "layers", &m.layers, f);
	if (r == 0)
		r = collect(s, "blobs/sha256", &m.blobs, f);
	if (r == 0)
		r = collect(s, "blobs/sha512", &m.blobs, f);
	if (r < 0)
		return fail_in(f, r, "collect what nothing refers to");
	remove_leftovers(s->root_fd, "images", 0);
	remove_leftovers(s->root_fd, "refs", 0);
	return 0;
}

void gc_announce(const struct store *s, struct store_temp *ret)
{
	struct fail ignored = { 0 };

	if (store_temp_new(s, ret, &ignored) == 0)
		(void)!mkdirat(ret->dir_fd, "pins", 0700);
}
