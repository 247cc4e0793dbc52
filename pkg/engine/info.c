// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/info.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "pkg/engine/ps.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/spawn.h"
#include "pkg/util/str.h"
#include "storage/image.h"

static json_t *map_json(const struct id_map *m)
{
	json_t *a = json_array();

	for (size_t i = 0; i < m->n; i++)
		json_array_append_new(a, json_pack("{s:I, s:I, s:I}", "container_id", (json_int_t)m->v[i].inside,
						   "host_id", (json_int_t)m->v[i].outside, "size",
						   (json_int_t)m->v[i].count));
	return a;
}

static json_t *program_json(const char *name)
{
	auto_free char *path = NULL;

	if (!spawn_find(name, &path))
		return json_pack("{s:s}", "executable", "");
	return json_pack("{s:s}", "executable", path);
}

static int host_json(struct engine *e, json_t **ret, struct fail *f)
{
	struct userns_plan plan;
	struct sysinfo mem;
	struct utsname u;
	int r = userns_plan(&plan, f);

	if (r < 0)
		return r;
	uname(&u);
	sysinfo(&mem);
	*ret = json_pack("{s:s, s:s, s:s, s:s, s:i, s:I, s:I, s:s, s:s, s:o, s:{s:o, s:o}, s:{s:b, s:b, s:b}, s:o, s:{s:s, s:s, s:s, s:s}}",
			 "arch", !strcmp(u.machine, "x86_64") ? "amd64" : !strcmp(u.machine, "aarch64") ? "arm64" :
			 u.machine, "os", "linux", "kernel", u.release, "hostname", u.nodename, "cpus",
			 (int)sysconf(_SC_NPROCESSORS_ONLN), "memTotal",
			 (json_int_t)((uint64_t)mem.totalram * mem.mem_unit), "memFree",
			 (json_int_t)((uint64_t)mem.freeram * mem.mem_unit), "runtimeFolder", e->run_dir, "cgroupVersion",
			 access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0 ? "v2" : "v1", "slirp4netns",
			 program_json("slirp4netns"), "idMappings", "uidmap", map_json(&plan.uids), "gidmap",
			 map_json(&plan.gids), "security", "rootless", geteuid() != 0, "seccompEnabled", 1,
			 "selinuxEnabled", access("/sys/fs/selinux/enforce", F_OK) == 0, "cgroupControllers",
			 json_array(), "ociRuntime", "name", "rbox", "package", "", "path", "", "version",
			 RBOX_VERSION);
	/* What a script asks before it reads logs or events: the defaults, whatever a container has. */
	json_object_update_new(*ret, json_pack("{s:s, s:s, s:s, s:I, s:I}", "logDriver", "k8s-file", "eventLogger",
					       "file", "cgroupManager", "cgroupfs", "swapTotal",
					       (json_int_t)((uint64_t)mem.totalswap * mem.mem_unit), "swapFree",
					       (json_int_t)((uint64_t)mem.freeswap * mem.mem_unit)));
	return 0;
}

static int count(json_t *rows, const char *state)
{
	json_t *row;
	size_t i;
	int n = 0;

	json_array_foreach(rows, i, row)
		n += !strcmp(json_string_value(json_object_get(row, "State")), state);
	return n;
}

static int store_json(struct engine *e, json_t **ret, struct fail *f)
{
	struct ps_opts all = { .all = true };
	struct image_list images = { 0 };
	auto_json json_t *rows = NULL;
	int r = engine_ps(e, &all, &rows, f);

	if (r == 0)
		r = image_list_load(&e->store, &images, f);
	if (r < 0)
		return r;
	*ret = json_pack("{s:s, s:s, s:s, s:{s:i, s:i, s:i, s:i}, s:{s:i}}", "graphDriverName", "overlay",
			 "graphRoot", e->store.path, "runRoot", e->run_dir, "containerStore", "number",
			 (int)json_array_size(rows), "paused", count(rows, "paused"), "running",
			 count(rows, "running"), "stopped", count(rows, "exited") + count(rows, "created"),
			 "imageStore", "number", (int)images.n);
	image_list_done(&images);
	return 0;
}

int engine_info(struct engine *e, json_t **ret, struct fail *f)
{
	json_t *host = NULL, *store = NULL;
	int r = host_json(e, &host, f);

	if (r == 0)
		r = store_json(e, &store, f);
	if (r < 0) {
		json_decref(host);
		return r;
	}
	*ret = json_pack("{s:o, s:o, s:{}, s:{s:s, s:s}}", "host", host, "store", store, "registries", "version",
			 "Version", RBOX_VERSION, "APIVersion", RBOX_VERSION);
	return 0;
}
