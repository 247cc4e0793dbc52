// SPDX-License-Identifier: Apache-2.0
#include "storage/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "storage/ctr.h"
#include "storage/dir.h"

static const struct field fields[] = {
	FIELD_STR("Name", struct volume, name),
	FIELD_I64("Created", struct volume, created),
	FIELD_MAP("Labels", struct volume, labels),
	FIELD_MAP("Options", struct volume, options),
	FIELD_BOOL("Anonymous", struct volume, anonymous),
	FIELD_END
};

void volume_done(struct volume *v)
{
	jsonf_done(fields, v);
	memset(v, 0, sizeof(*v));
}

int volume_lock(const struct store *s, bool exclusive, struct fail *f)
{
	int fd = file_lock(s->root_fd, "lock.volumes", LOCK_WAIT | (exclusive ? 0 : LOCK_SHARED));

	return fd < 0 ? fail(f, -fd, "lock '%s/lock.volumes'", s->path) : fd;
}

int volume_lock_soon(const struct store *s, int ms)
{
	const struct timespec nap = { .tv_nsec = 2 * 1000 * 1000 };
	int64_t until = time_monotonic() + ms * INT64_C(1000000);

	for (;;) {
		int fd = file_lock(s->root_fd, "lock.volumes", 0);

		if (fd != -EWOULDBLOCK || time_monotonic() >= until)
			return fd;
		nanosleep(&nap, NULL);
	}
}

static bool is_name(const char *name)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	return *name && !strchr("_.-", *name) && path_is_component(name) && strspn(name, chars) == strlen(name);
}

int volume_check_name(const char *name, struct fail *f)
{
	if (is_name(name))
		return 0;
	return refuse(f, EINVAL, "volume '%.100s': names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument", name);
}

/* tmp/<random>/volume, whole. */
static int fill(const struct store_temp *t, const struct volume *v, struct fail *f)
{
	auto_json json_t *j = jsonf_write(fields, v);
	auto_free char *text = jsonf_text(j, 0);
	auto_fd int dir = -EBADF, fresh = -EBADF;
	int r = 0;

	if (mkdirat(t->dir_fd, "volume", 0700) < 0 || mkdirat(t->dir_fd, "volume/_data", 0755) < 0 ||
	    fchmodat(t->dir_fd, "volume/_data", 0755, 0) < 0)
		return fail(f, errno, "make the folder of volume '%s'", v->name);
	dir = path_open_beneath(t->dir_fd, "volume", O_RDONLY | O_DIRECTORY, 0);
	if (dir < 0)
		return fail(f, -dir, "open the folder of volume '%s'", v->name);
	fresh = fd_open(dir, "copyup", O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fresh < 0)
		return fail(f, -fresh, "make the folder of volume '%s'", v->name);
	r = file_replace(dir, "volume.json", text, strlen(text), 0600, FILE_SYNC);
	return r < 0 ? fail(f, -r, "write volume.json of volume '%s'", v->name) : 0;
}

int volume_make(const struct store *s, struct volume *v, struct fail *f)
{
	auto_temp struct store_temp t = { .store = NULL };
	auto_fd int volumes = -EBADF;
	char random[65];
	int r;

	if (!v->name) {
		r = dir_random_hex(random, 32);
		if (r < 0)
			return fail(f, -r, "make a volume's name");
		v->name = mem_strdup(random);
	}
	r = volume_check_name(v->name, f);
	if (r < 0)
		return r;
	volumes = store_dir(s, "volumes", f);
	if (volumes < 0)
		return volumes;
	v->created = time_now();
	r = store_temp_new(s, &t, f);
	if (r == 0)
		r = fill(&t, v, f);
	if (r < 0)
		return r;
	r = file_move(t.dir_fd, "volume", volumes, v->name, FILE_SYNC);
	if (r == -EEXIST || r == -ENOTEMPTY)
		return refuse(f, EEXIST, "volume with name %s already exists: volume already exists", v->name);
	return r < 0 ? fail(f, -r, "make volume '%s'", v->name) : 0;
}

static int open_volume(const struct store *s, const char *name)
{
	auto_free char *path = mem_printf("volumes/%s", name);

	return is_name(name) ? path_open_beneath(s->root_fd, path, O_RDONLY | O_DIRECTORY, 0) : -ENOENT;
}

static int unknown(const char *name, struct fail *f)
{
	auto_str struct str shown = STR_INIT(2048);
	auto_free char *cut = mem_strndup(name, 300);

	str_add_escaped(&shown, cut);
	return refuse(f, ENOENT, "no volume with name \"%s\" found: no such volume", str_cstr(&shown));
}

int volume_find(const struct store *s, const char *text, char **ret, struct fail *f)
{
	auto_strv char **names = NULL;
	const char *found = NULL;
	int r;

	if (volume_exists(s, text)) {
		*ret = mem_strdup(text);
		return 0;
	}
	r = *text ? volume_list(s, &names, f) : 0;
	if (r < 0)
		return r;
	strv_each(it, names) {
		if (!str_starts(*it, text))
			continue;
		if (found)
			return refuse(f, EEXIST, "more than one result for volume name %.100s: volume already exists", text);
		found = *it;
	}
	if (!found)
		return unknown(text, f);
	*ret = mem_strdup(found);
	return 0;
}

int volume_load(const struct store *s, const char *name, struct volume *ret, struct fail *f)
{
	auto_fd int dir = open_volume(s, name);
	auto_json json_t *j = NULL;
	int r;

	memset(ret, 0, sizeof(*ret));
	if (dir == -ENOENT)
		return unknown(name, f);
	if (dir < 0)
		return fail(f, -dir, "open volume '%s'", name);
	j = jsonf_load(dir, "volume.json", 0, f);
	r = j ? jsonf_read(fields, ret, j, f) : -f->code;
	/* Whatever is written there: what it is called is its folder's name. */
	mem_replace(&ret->name, mem_strdup(name));
	return r < 0 ? fail_in(f, r, "volume '%s'", name) : 0;
}

bool volume_exists(const struct store *s, const char *name)
{
	auto_fd int dir = open_volume(s, name);

	return dir >= 0;
}

bool volume_is_fresh(const struct store *s, const char *name)
{
	auto_fd int dir = open_volume(s, name);

	return dir >= 0 && faccessat(dir, "copyup", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int volume_list(const struct store *s, char ***ret, struct fail *f)
{
	auto_strv char **all = NULL;
	int r = dir_list(s->root_fd, "volumes", &all);

	*ret = NULL;
	if (r < 0 && r != -ENOENT)
		return fail(f, -r, "read '%s/volumes'", s->path);
	strv_each(it, all)
		if (is_name(*it))
			strv_add(ret, *it);
	return 0;
}

char *volume_path(const struct store *s, const char *name)
{
	return mem_printf("%s/volumes/%s/_data", s->path, name);
}

int volume_remove(const struct store *s, const char *name, struct fail *f)
{
	auto_fd int volumes = store_dir(s, "volumes", f);
	int r;

	if (volumes < 0)
		return volumes;
	if (!is_name(name))
		return unknown(name, f);
	r = store_trash(s, volumes, name, f);
	if (r == -ENOENT) {
		fail_clear(f);
		return unknown(name, f);
	}
	return r;
}

/* The members of config.json that name volumes. */
enum { CONFIG_MAX = 16 << 20 };

struct mount_name {
	char *name;
	bool anonymous;
};

struct life {
	bool rm;
};

struct names {
	struct mount_name *v;
	size_t n;
	struct life life;
};

static const struct field mount_rows[] = {
	FIELD_STR("Name", struct mount_name, name), FIELD_BOOL("Anonymous", struct mount_name, anonymous), FIELD_END
};
static const struct field life_rows[] = { FIELD_BOOL("AutoRemove", struct life, rm), FIELD_END };
static const struct field names_rows[] = {
	FIELD_ARRAY("Mounts", struct names, v, n, mount_rows), FIELD_OBJ("Life", struct names, life, life_rows), FIELD_END
};

static int load_names(int dir_fd, struct names *ret, struct fail *f)
{
	auto_json json_t *j = jsonf_load(dir_fd, "config.json", CONFIG_MAX, f);

	*ret = (struct names){ .v = NULL };
	return j ? jsonf_read(names_rows, ret, j, f) : -f->code;
}

static int names_of(const struct store *s, const char *id, char ***ret, struct fail *f)
{
	auto_fd int dir = ctr_open(s, id, f);
	struct names names;
	int r;

	if (dir < 0)
		return dir;
	r = load_names(dir, &names, f);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		if (names.v[i].name)
			strv_addf(ret, "%s=%s", names.v[i].name, id);
	jsonf_done(names_rows, &names);
	return r;
}

static bool is_there(const struct store *s, const char *id)
{
	auto_free char *path = mem_printf("containers/%s", id);

	return faccessat(s->root_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int volume_users(const struct store *s, char ***ret, char ***ret_broken, struct fail *f)
{
	auto_strv char **ids = NULL;
	int r = ctr_list(s, &ids, f);

	*ret = *ret_broken = NULL;
	if (r < 0)
		return fail_in(f, r, "find which volumes containers use");
	strv_each(it, ids) {
		r = names_of(s, *it, ret, f);
		/* Else removed meanwhile. */
		if (r < 0 && (r != -ENOENT || is_there(s, *it)))
			strv_addf(ret_broken, "%s=%s", *it, f->msg);
		fail_clear(f);
	}
	return 0;
}

int volume_named(const struct store *s, char *const *names, char ***ret, struct fail *f)
{
	auto_strv char **ids = NULL;
	int r = ctr_list(s, &ids, f);

	*ret = NULL;
	if (r < 0)
		return r;
	strv_each(it, ids) {
		auto_free char *path = mem_printf("containers/%s/config.json", *it);
		auto_str struct str text = STR_INIT(CONFIG_MAX);

		r = file_read(s->root_fd, path, &text);
		strv_each(name, names)
			if (r < 0 ? r != -ENOENT : memmem(str_cstr(&text), text.len, *name, strlen(*name)) != NULL)
				strv_add(ret, *name);
	}
	return 0;
}

char **volume_owed(const struct store *s, int dir_fd)
{
	struct fail ignored = { 0 };
	struct names names = { .v = NULL };
	char **owed = NULL;

	if (faccessat(dir_fd, "config.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
	    load_names(dir_fd, &names, &ignored) == 0 &&
	    (names.life.rm || faccessat(dir_fd, CTR_DROP, F_OK, AT_SYMLINK_NOFOLLOW) == 0)) {
		for (size_t i = 0; i < names.n; i++)
			if (names.v[i].anonymous && names.v[i].name && volume_exists(s, names.v[i].name))
				strv_add(&owed, names.v[i].name);
	}
	jsonf_done(names_rows, &names);
	return owed;
}

void volume_settled(int dir_fd)
{
	(void)unlinkat(dir_fd, "config.json", 0);
}
