// SPDX-License-Identifier: Apache-2.0
#include "storage/name.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "storage/dir.h"
#include "storage/image.h"

struct content {
	struct digest image, manifest;
};

static const struct field content_fields[] = {
	FIELD_DIGEST("image", struct content, image),
	FIELD_DIGEST("manifest", struct content, manifest),
	FIELD_END
};

/* The folder of a name beneath refs/, and its file. A name with a digest is known by that alone. */
static char *folder_of(const struct ref *r)
{
	return mem_printf("%s/%s", r->registry, r->repo);
}

static char *file_of(const struct ref *r)
{
	if (digest_is_set(&r->digest))
		return mem_printf("@%s:%s", r->digest.algo, r->digest.hex);
	return mem_printf(":%s", r->tag);
}

static int read_content(int dir_fd, const char *file, struct content *ret, struct fail *f)
{
	auto_json json_t *j = jsonf_load(dir_fd, file, 4096, f);
	int r;

	*ret = (struct content){ 0 };
	if (!j)
		return -f->code;
	r = jsonf_read(content_fields, ret, j, f);
	if (r == 0 && !digest_is_set(&ret->image))
		r = refuse(f, EBADMSG, "%s: it names no image", file);
	return r;
}

int name_read(const struct store *s, const struct ref *name, struct digest *ret_image,
	      struct digest *ret_manifest, struct fail *f)
{
	auto_free char *folder = folder_of(name);
	auto_free char *file = file_of(name);
	auto_free char *path = mem_printf("refs/%s", folder);
	auto_fd int dir = path_open_beneath(s->root_fd, path, O_RDONLY | O_DIRECTORY, 0);
	struct content c;
	int r;

	if (dir == -ENOENT)
		return -ENOENT;
	if (dir < 0)
		return fail(f, -dir, "open '%s/%s'", s->path, path);
	r = read_content(dir, file, &c, f);
	if (r == -ENOENT)
		fail_clear(f);
	if (r < 0)
		return r == -ENOENT ? r : fail_in(f, r, "the name '%s/%s'", folder, file);
	*ret_image = c.image;
	if (ret_manifest)
		*ret_manifest = c.manifest;
	return 0;
}

int image_name_get(const struct store *s, const struct ref *name, struct digest *ret_image,
		   struct digest *ret_manifest, struct fail *f)
{
	int r = name_read(s, name, ret_image, ret_manifest, f);

	if (r == -ENOENT && !f->code) {
		auto_free char *text = ref_format(name);

		return refuse(f, ENOENT, "%s: image not known", text);
	}
	return r;
}

/* The folder may be removed as an empty one by others until our file is in it. */
static int write_name(int refs_fd, const struct ref *name, const char *text)
{
	enum { TRIES = 1000 };
	auto_free char *folder = folder_of(name);
	auto_free char *file = file_of(name);
	int r = -ENOENT;

	for (int i = 0; i < TRIES && r == -ENOENT; i++) {
		auto_fd int dir = dir_make(refs_fd, folder);

		r = dir < 0 ? dir :
			      file_replace(dir, file, text, strlen(text), 0600, FILE_SYNC);
	}
	return r;
}

int image_name_set(const struct store *s, const struct ref *name, const struct digest *image,
		   const struct digest *manifest, struct fail *f)
{
	struct content c = { .image = *image };
	auto_free char *shown = ref_format(name);
	auto_free char *text = NULL;
	auto_free char *file = mem_printf("images/%s.json", image->hex);
	auto_fd int refs = store_dir(s, "refs", f);
	auto_fd int lock = -EBADF;
	auto_fd int there = -EBADF;
	auto_json json_t *j = NULL;
	int r;

	if (refs < 0)
		return refs;
	if (manifest)
		c.manifest = *manifest;
	j = jsonf_write(content_fields, &c);
	text = jsonf_text(j, 0);
	lock = store_lock(s, false, f);
	if (lock < 0)
		return lock;
	there = path_open_beneath(s->root_fd, file, O_PATH, 0);
	if (there < 0)
		return refuse(f, -there, "name '%s': the image %.12s is not known", shown, image->hex);
	r = write_name(refs, name, text);
	return r < 0 ? fail(f, -r, "write the image name '%s'", shown) : 0;
}

/* Folders of a name that are empty now, from the deepest up. */
static void remove_empty(int refs_fd, const char *folder)
{
	auto_free char *path = mem_strdup(folder);

	while (*path) {
		char *slash = strrchr(path, '/');
		auto_fd int parent = -EBADF;

		if (slash)
			*slash = '\0';
		parent = path_open_beneath(refs_fd, slash ? path : ".", O_RDONLY | O_DIRECTORY, 0);
		if (parent < 0 || unlinkat(parent, slash ? slash + 1 : path, AT_REMOVEDIR) < 0)
			return;
		if (!slash)
			return;
	}
}

int name_unlink(const struct store *s, const struct ref *name, struct fail *f)
{
	auto_free char *shown = ref_format(name);
	auto_free char *folder = folder_of(name);
	auto_free char *file = file_of(name);
	auto_fd int refs = store_dir(s, "refs", f);
	auto_fd int dir = -EBADF;
	int r;

	if (refs < 0)
		return refs;
	dir = path_open_beneath(refs, folder, O_RDONLY | O_DIRECTORY, 0);
	r = dir < 0 ? dir : unlinkat(dir, file, 0) < 0 ? -errno : 0;
	if (r == -ENOENT)
		return refuse(f, ENOENT, "%s: image not known", shown);
	if (r < 0)
		return fail(f, -r, "remove the image name '%s'", shown);
	r = file_sync(dir);
	if (r < 0)
		return fail(f, -r, "sync the folder of the image name '%s'", shown);
	remove_empty(refs, folder);
	return 0;
}

int image_name_remove(const struct store *s, const struct ref *name, struct fail *f)
{
	auto_fd int lock = store_lock(s, false, f);

	return lock < 0 ? lock : name_unlink(s, name, f);
}

/* Adds the name that PATH ("docker.io/library/alpine") and FILE (":3.20" or "@sha256:...") make. */
static void add_name(struct name_list *l, int dir_fd, const char *path, const char *file)
{
	struct fail why = { 0 };
	auto_free char *text = mem_printf("%s%s", path, file);
	struct name n = { 0 };
	struct content c;

	if (read_content(dir_fd, file, &c, &why) < 0 || ref_parse(text, &n.ref, &why) < 0) {
		/* Removed since we read the folder: not broken. */
		if (why.code == ENOENT)
			return;
		strv_addf(&l->broken, "refs/%s", text);
		l->trouble |= why.code != EBADMSG && why.code != EINVAL && why.code != EFBIG;
		return;
	}
	n.image = c.image;
	n.manifest = c.manifest;
	if (!(l->n & (l->n + 1)))
		l->v = mem_resize(l->v, 2 * (l->n + 1), sizeof(*l->v));
	l->v[l->n++] = n;
}

/* A registry, then at most 255 characters of repository: this many levels are never reached. */
enum { DEPTH_MAX = 140 };

static int walk(struct name_list *l, int parent_fd, const char *name, const char *path, int depth)
{
	auto_fd int dir = path_open_beneath(parent_fd, name, O_RDONLY | O_DIRECTORY, 0);
	auto_strv char **names = NULL;
	int r;

	/* -ENOTDIR: a stray file that is no name; -ENOENT: removed since. */
	if (dir < 0 || depth > DEPTH_MAX)
		return dir == -ENOENT || dir == -ENOTDIR || dir == -ELOOP ? 0 : dir < 0 ? dir : -ELOOP;
	r = dir_list(dir, ".", &names);
	if (r < 0)
		return r;
	strv_each(it, names) {
		auto_free char *below = NULL;

		if (**it == ':' || **it == '@') {
			add_name(l, dir, path, *it);
			continue;
		}
		below = *path ? path_join(path, *it) : mem_strdup(*it);
		r = walk(l, dir, *it, below, depth + 1);
		if (r < 0)
			return r;
	}
	return 0;
}

int name_list_load(const struct store *s, struct name_list *ret, struct fail *f)
{
	int r;

	*ret = (struct name_list){ 0 };
	r = walk(ret, s->root_fd, "refs", "", 0);
	return r < 0 ? fail(f, -r, "read '%s/refs'", s->path) : 0;
}

void name_list_done(struct name_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		ref_done(&l->v[i].ref);
	mem_free_ptr(&l->v);
	strv_free_ptr(&l->broken);
	l->n = 0;
}
