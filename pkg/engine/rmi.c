// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "pkg/engine/container.h"
#include "pkg/engine/event.h"
#include "pkg/engine/images.h"
#include "pkg/engine/remove.h"
#include "pkg/oci/ref.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "storage/gc.h"
#include "storage/image.h"

/* Statuses of `rmi` that scripts know. */
enum { RMI_MISSING = 1, RMI_IN_USE = 2 };

static const struct image_entry *entry_of(const struct image_list *l, const struct digest *id)
{
	for (size_t i = 0; i < l->n; i++)
		if (digest_equal(&l->v[i].image.id, id))
			return &l->v[i];
	return NULL;
}

static int unname(struct engine *e, const struct digest *id, const char *name, void (*done)(const char *line), struct fail *f)
{
	auto_free char *line = mem_printf("Untagged: %s", name);
	auto_ref struct ref ref = { 0 };
	int r = ref_parse(name, &ref, f);

	if (r == 0)
		r = image_name_remove(&e->store, &ref, f);
	if (r == -ENOENT) {
		fail_clear(f);
		return 0;
	}
	if (r == 0) {
		event_image(&e->store, "untag", id->hex, name);
		done(line);
	}
	return r;
}

/* Containers of the image: refused, or removed with FORCE. */
static int free_of_containers(struct engine *e, const struct digest *id, bool force, struct fail *f)
{
	auto_strv char **ids = NULL;
	int r = ctr_list(&e->store, &ids, f);

	for (char **it = ids; r == 0 && it && *it; it++) {
		auto_container struct container c = CONTAINER_INIT;

		r = container_open_id(e, *it, &c, f);
		if (r < 0) {
			/* Gone meanwhile, or broken: its layers stay, gc sees to that. */
			fail_clear(f);
			r = 0;
			continue;
		}
		if (!str_eq(c.config.image_id, id->hex))
			continue;
		if (!force) {
			r = refuse(f, EBUSY, "image used by %s: image is in use by a container: consider listing "
				   "external containers and force-removing image", c.id);
			f->status = RMI_IN_USE;
			fail_hint(f, "rbox rm %s, or rbox rmi -f", c.config.name);
			return r;
		}
		r = engine_remove(e, &c, true, LIFE_TIMEOUT_UNSET, f);
	}
	return r;
}

/* True when TYPED is (the beginning of) the id rather than a name. */
static bool typed_id(const char *typed, const struct digest *id)
{
	const char *hex = str_starts(typed, "sha256:") ? typed + 7 : typed;

	return str_starts(id->hex, hex);
}

static int remove_image(struct engine *e, const struct image_entry *entry, bool force,
			void (*done)(const char *line), struct fail *f)
{
	auto_free char *line = mem_printf("Deleted: %s", entry->image.id.hex);
	int r = free_of_containers(e, &entry->image.id, force, f);

	strv_each(it, entry->names)
		if (r == 0)
			r = unname(e, &entry->image.id, *it, done, f);
	if (r == 0)
		r = image_remove(&e->store, &entry->image.id, f);
	if (r == 0) {
		event_image(&e->store, "remove", entry->image.id.hex, strv_len(entry->names) ? entry->names[0] : NULL);
		done(line);
	}
	return r;
}

/* The names besides digest ones: what a person counts as names. */
static size_t tags_of(const struct image_entry *entry)
{
	size_t n = 0;

	strv_each(it, entry->names)
		n += !strchr(*it, '@');
	return n;
}

static int rmi_found(struct engine *e, const char *typed, const struct digest *id, const char *name,
		     bool force, void (*done)(const char *line), struct fail *f)
{
	auto_temp struct store_temp announced = { .store = NULL };
	struct image_list l = { 0 };
	const struct image_entry *entry;
	int r = image_list_load(&e->store, &l, f);

	if (r < 0)
		return r;
	gc_announce(&e->store, &announced);
	entry = entry_of(&l, id);
	if (!entry) {
		r = refuse(f, ENOENT, "%s: image not known", typed);
		f->status = RMI_MISSING;
	} else if (name && tags_of(entry) > 1 && !strchr(name, '@')) {
		r = unname(e, id, name, done, f);
	} else if (!name && typed_id(typed, id) && tags_of(entry) > 1 && !force) {
		r = refuse(f, EBUSY, "unable to delete image \"%s\" by ID with more than one tag: please force "
			   "removal", id->hex);
		fail_hint(f, "rbox rmi -f %s", typed);
	} else {
		r = remove_image(e, entry, force, done, f);
	}
	/* A name alone may have known a manifest of its own. */
	if (r == 0)
		r = gc_run(&e->store, f);
	image_list_done(&l);
	return r;
}

int engine_rmi(struct engine *e, const char *typed, bool force, void (*done)(const char *line), struct fail *f)
{
	auto_free char *name = NULL;
	struct digest id;
	int r = image_find(&e->store, typed, &id, &name, f);

	if (r == -ENOENT) {
		f->status = RMI_MISSING;
		return r;
	}
	return r < 0 ? r : rmi_found(e, typed, &id, name, force, done, f);
}
