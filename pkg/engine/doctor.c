// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/doctor.h"

#include <errno.h>

#include "pkg/util/mem.h"
#include "runtime/host_check.h"
#include "storage/store.h"

static void add_failure(struct host_report *r, const char *why, const struct fail *f)
{
	struct host_check *c = host_add(r, "store", "%s", f->msg);

	host_fault(c, HOST_FAIL, why, mem_strdup(f->hint[0] ? f->hint :
		   "export XDG_DATA_HOME=/var/tmp/$USER   # or another folder that you can write"));
}

void engine_doctor(struct host_report *ret)
{
	struct host_place place = { .store_fd = -EBADF, .probe_fd = -EBADF };
	auto_temp struct store_temp temp = { 0 };
	struct fail unopened = { 0 }, no_room = { 0 };
	auto_store struct store store = { .root_fd = -EBADF };

	if (store_open(NULL, &store, &unopened) == 0) {
		place.store_fd = store.root_fd;
		place.store_path = store.path;
		if (store_temp_new(&store, &temp, &no_room) == 0)
			place.probe_fd = temp.dir_fd;
	}
	host_check_all(&place, ret);
	if (unopened.code)
		add_failure(ret, "images and containers live there", &unopened);
	else if (no_room.code)
		add_failure(ret, "nothing can be written there", &no_room);
	/* The probe's folder first: it lies in the store. */
	store_temp_done(&temp);
}

bool engine_doctor_passed(const struct host_report *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].status == HOST_FAIL)
			return false;
	return true;
}

json_t *engine_doctor_json(const struct host_report *r)
{
	json_t *all = json_array();

	for (size_t i = 0; i < r->n; i++)
		json_array_append_new(all, jsonf_write(host_check_fields, &r->v[i]));
	return all;
}
