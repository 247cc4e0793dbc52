// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/override.h"

#include <errno.h>
#include <string.h>

#include "pkg/util/file.h"
#include "pkg/util/mem.h"

enum { OVERRIDE_VERSION = 1, OVERRIDE_MAX = 256 * 1024 };

static const struct field override_fields[] = {
	FIELD_INT("Version", struct override, version),
	FIELD_STR("Name", struct override, name),
	FIELD_STR("RestartPolicy", struct override, restart),
	FIELD_OBJ("Resources", struct override, resources, resource_fields),
	FIELD_END
};

int override_load(int dir_fd, struct override *ret, struct fail *f)
{
	auto_json json_t *j = jsonf_load(dir_fd, "override.json", OVERRIDE_MAX, f);
	int r;

	memset(ret, 0, sizeof(*ret));
	if (!j && f->code == ENOENT) {
		fail_clear(f);
		return 0;
	}
	if (!j)
		return -f->code;
	r = jsonf_read(override_fields, ret, j, f);
	if (r == 0 && ret->version > OVERRIDE_VERSION)
		r = refuse(f, ENOTSUP, "written by a newer rbox (format %d)", ret->version);
	if (r < 0) {
		override_done(ret);
		return fail_in(f, r, "read override.json");
	}
	return 0;
}

int override_save(int dir_fd, const struct override *o, struct fail *f)
{
	struct override with = *o;
	auto_json json_t *j = NULL;
	auto_free char *text = NULL;
	int r;

	with.version = OVERRIDE_VERSION;
	j = jsonf_write(override_fields, &with);
	text = jsonf_text(j, 0);
	r = file_replace(dir_fd, "override.json", text, strlen(text), 0600, FILE_SYNC);
	return r < 0 ? fail(f, -r, "write override.json") : 0;
}

void override_done(struct override *o)
{
	jsonf_done(override_fields, o);
	memset(o, 0, sizeof(*o));
}

int override_apply(int dir_fd, struct container_config *c, struct fail *f)
{
	struct override o;
	int r = override_load(dir_fd, &o, f);

	if (r < 0)
		return r;
	if (o.name)
		mem_replace(&c->name, mem_take(&o.name));
	if (o.restart)
		mem_replace(&c->life.restart, mem_take(&o.restart));
	resource_merge(&c->resources, &o.resources);
	override_done(&o);
	return 0;
}
