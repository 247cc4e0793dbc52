// SPDX-License-Identifier: Apache-2.0
/* The volumes of a container that is being made, and of one that is gone. */
#include "pkg/engine/volumes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/engine/container.h"
#include "pkg/engine/event.h"
#include "pkg/engine/mountopt.h"
#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "storage/dir.h"
#include "storage/volume.h"

static bool has_destination(const struct container_config *c, const char *destination)
{
	auto_free char *clean = path_clean(destination);

	for (size_t i = 0; i < c->n_mounts; i++)
		if (!strcmp(c->mounts[i].destination, clean))
			return true;
	return false;
}

static struct config_mount *add(struct container_config *c)
{
	c->mounts = mem_resize(c->mounts, c->n_mounts + 1, sizeof(*c->mounts));
	c->mounts[c->n_mounts] = (struct config_mount){ .type = NULL };
	return &c->mounts[c->n_mounts++];
}

/* "CTR[:ro|rw]" */
static int add_from(struct engine *e, const char *text, struct container_config *c, struct fail *f)
{
	auto_strv char **parts = strv_split(text, ":", false);
	auto_strv char **words = parts[0] && parts[1] ? strv_split(parts[1], ",", true) : NULL;
	auto_container struct container from = CONTAINER_INIT;
	unsigned modes = 0, labels = 0;
	int r;

	if (!parts[0] || strv_len(parts) > 2)
		return refuse(f, EINVAL, "--volumes-from %.100s: CONTAINER[:ro|rw|z] is wanted", text);
	strv_each(it, words) {
		if (!strcmp(*it, "z"))
			labels++;
		else if (!strcmp(*it, "ro") || !strcmp(*it, "rw"))
			modes++;
		else
			return refuse(f, EINVAL, "invalid options \"%.60s\", can only specify 'ro', 'rw', and 'z' for "
				      "--volumes-from", parts[1]);
	}
	if (modes > 1)
		return refuse(f, EINVAL, "cannot set ro or rw options more than once");
	if (labels > 1)
		return refuse(f, EINVAL, "cannot set :z more than once in mount options");
	r = container_open(e, parts[0], &from, f);
	if (r < 0)
		return fail_in(f, r, "look up container \"%.100s\" for volumes-from", parts[0]);
	for (size_t i = 0; i < from.config.n_mounts; i++) {
		const struct config_mount *m = &from.config.mounts[i];
		struct config_mount *mine;

		if (!strcmp(m->type, "tmpfs") || has_destination(c, m->destination))
			continue;
		mine = add(c);
		*mine = (struct config_mount){
			.type = mem_strdup(m->type), .source = mem_strdup(m->source), .name = mem_strdup(m->name),
			.destination = mem_strdup(m->destination), .options = strv_dup(m->options),
			.anonymous = m->anonymous,
		};
		if (strv_has(words, "ro"))
			strv_add(&mine->options, "ro");
	}
	return 0;
}

/* What the image calls a volume and the user has nothing for. */
static void add_image_volumes(struct container_config *c)
{
	strv_each(it, c->volumes) {
		struct config_mount *m;

		if (**it != '/' || has_destination(c, *it))
			continue;
		m = add(c);
		*m = (struct config_mount){ .type = mem_strdup("volume"), .destination = path_clean(*it), .anonymous = true };
		if (!strcmp(m->destination, "/")) {
			/* No image can make the root a volume. */
			mem_free_ptr(&m->type);
			mem_free_ptr(&m->destination);
			c->n_mounts--;
			continue;
		}
		strv_add(&m->options, "nosuid");
		strv_add(&m->options, "nodev");
	}
}

static int take_one(struct engine *e, struct config_mount *m, struct volumes_held *h, struct fail *f)
{
	auto_volume struct volume v = { .name = mem_strdup(m->name), .anonymous = m->anonymous };
	int r = 0;

	if (!m->name || !volume_exists(&e->store, m->name)) {
		r = volume_make(&e->store, &v, f);
		if (r == 0) {
			strv_add(&h->made, v.name);
			event_volume(&e->store, "create", v.name);
		}
		/* Somebody else has just made it: so much the better. */
		if (r == -EEXIST) {
			fail_clear(f);
			r = 0;
		}
	}
	if (r < 0)
		return r;
	if (!m->name)
		m->name = mem_strdup(v.name);
	mem_replace(&m->source, volume_path(&e->store, m->name));
	return 0;
}

static bool any_volume(const struct container_config *c)
{
	for (size_t i = 0; i < c->n_mounts; i++)
		if (!strcmp(c->mounts[i].type, "volume"))
			return true;
	return false;
}

int volumes_take(struct engine *e, const struct run_opts *o, struct container_config *c, struct volumes_held *ret,
		 struct fail *f)
{
	int r = 0;

	for (char *const *it = o->volumes_from; r == 0 && it && *it; it++)
		r = add_from(e, *it, c, f);
	if (r < 0)
		return r;
	strv_add_all(&c->volumes_from, o->volumes_from);
	add_image_volumes(c);
	if (!any_volume(c))
		return 0;
	mountopt_sort(c);
	ret->lock_fd = volume_lock(&e->store, false, f);
	if (ret->lock_fd < 0)
		return ret->lock_fd;
	for (size_t i = 0; r == 0 && i < c->n_mounts; i++)
		if (!strcmp(c->mounts[i].type, "volume"))
			r = take_one(e, &c->mounts[i], ret, f);
	return r;
}

/* What a client waits for; whoever makes a container holds the lock for some milliseconds, unless he is stopped. */
enum { SOON_MS = 200, LONG_MS = 10000 };

/* Those of NAMES that no container uses. < 0: nothing was done, since the lock wasn't to be had in MS. */
static int drop(const struct store *s, char *const *names, int ms)
{
	struct fail ignored = { 0 };
	auto_strv char **used = NULL;
	auto_fd int lock = volume_lock_soon(s, ms);
	int r = lock;

	if (r >= 0)
		r = volume_named(s, names, &used, &ignored);
	if (r < 0)
		return r;
	strv_each(it, names) {
		if (!strv_has(used, *it) && volume_remove(s, *it, &ignored) == 0)
			event_volume(s, "remove", *it);
		fail_clear(&ignored);
	}
	return 0;
}

void volumes_release(struct engine *e, struct volumes_held *h, bool wanted)
{
	h->lock_fd = fd_close(h->lock_fd);
	if (!wanted && h->made)
		(void)!drop(&e->store, h->made, LONG_MS);
	strv_free_ptr(&h->made);
}

void volumes_drop_anonymous(const struct store *s, const struct container_config *c)
{
	auto_strv char **names = NULL;

	for (size_t i = 0; i < c->n_mounts; i++)
		if (c->mounts[i].anonymous && c->mounts[i].name)
			strv_add(&names, c->mounts[i].name);
	if (names)
		(void)!drop(s, names, SOON_MS);
}

void volumes_settle(const struct store *s)
{
	struct fail ignored = { 0 };
	auto_fd int trash = store_dir(s, "trash", &ignored);
	auto_strv char **entries = NULL;

	if (trash < 0 || dir_list(trash, ".", &entries) < 0)
		return;
	strv_each(it, entries) {
		auto_fd int dir = fd_open(trash, *it, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
		auto_strv char **owed = dir < 0 ? NULL : volume_owed(s, dir);

		if (owed && drop(s, owed, 0) == 0)
			volume_settled(dir);
	}
}
