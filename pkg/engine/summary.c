// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/summary.h"

#include <stdio.h>
#include <string.h>

#include "pkg/engine/ports.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"

enum { PORTS_MAX = 48 };

static const struct field summary_fields[] = {
	FIELD_STR("n", struct summary, name),
	FIELD_STR("i", struct summary, image),
	FIELD_STR("d", struct summary, image_id),
	FIELD_STR("c", struct summary, command),
	FIELD_I64("t", struct summary, created),
	FIELD_BOOL("r", struct summary, rm),
	FIELD_BOOL("y", struct summary, tty),
	FIELD_STR("p", struct summary, ports),
	FIELD_BOOL("m", struct summary, more),
	FIELD_END
};

/* Cut at a character, not inside one. */
static char *shorten(const char *s, size_t max)
{
	size_t n = strlen(s);

	if (n > max)
		for (n = max; n && ((unsigned char)s[n] & 0xc0) == 0x80; n--)
			;
	return mem_strndup(s, n);
}

static int save(int dir_fd, const struct summary *s, enum file_flags flags, struct fail *f)
{
	auto_json json_t *j = jsonf_write(summary_fields, s);
	auto_free char *text = jsonf_text(j, 0);
	int r = file_replace(dir_fd, "summary", text, strlen(text), 0600, flags);

	return r < 0 ? fail(f, -r, "write the container's summary") : 0;
}

int summary_rename(int dir_fd, const char *name, struct fail *f)
{
	struct summary s;
	int r = summary_load(dir_fd, &s, f);

	if (r < 0)
		return r;
	mem_replace(&s.name, shorten(name, 100));
	r = save(dir_fd, &s, FILE_SYNC, f);
	summary_done(&s);
	return r;
}

char *summary_ports(const struct container_config *c)
{
	return ports_text(c);
}

int summary_save(int dir_fd, const struct container_config *c, struct fail *f)
{
	/* As podman the command without the entrypoint, but never nothing. */
	auto_free char *command = strv_join(c->cmd ? c->cmd : c->args, " ");
	auto_free char *ports = summary_ports(c);
	bool more = strlen(ports) > PORTS_MAX;
	struct summary s = {
		.name = shorten(c->name, 100),
		.image = shorten(c->rootfs_dir ? c->rootfs_dir : c->image_name ? c->image_name : c->image_id, 140),
		.image_id = mem_strdup(c->image_id),
		.command = shorten(command, 60),
		.created = c->created,
		.rm = c->life.rm,
		.tty = c->process.tty,
		.ports = more ? NULL : mem_take(&ports),
		.more = more,
	};
	int r = save(dir_fd, &s, FILE_UNSEEN, f);

	summary_done(&s);
	return r;
}

int summary_load(int dir_fd, struct summary *ret, struct fail *f)
{
	auto_json json_t *j = jsonf_load(dir_fd, "summary", 4096, f);

	memset(ret, 0, sizeof(*ret));
	return j ? jsonf_read(summary_fields, ret, j, f) : -f->code;
}

void summary_done(struct summary *s)
{
	jsonf_done(summary_fields, s);
}
