// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "pkg/engine/inspect_part.h"
#include "pkg/engine/spec.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

/* A mount's options, sorted into what podman shows in members of their own. */
struct parts {
	bool rw;
	const char *propagation;
	char **rest;
};

static void parts_done(struct parts *p)
{
	strv_free_ptr(&p->rest);
}
#define auto_parts __attribute__((cleanup(parts_done)))

static bool is_propagation(const char *s)
{
	static const char *const words[] = { "shared", "rshared", "slave", "rslave", "private", "rprivate",
					     "unbindable", "runbindable" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcmp(words[i], s))
			return true;
	return false;
}

static struct parts split(const struct config_mount *m)
{
	struct parts p = { .rw = true, .propagation = "rprivate" };
	bool bind = false;

	strv_each(it, m->options) {
		if (!strcmp(*it, "ro") || !strcmp(*it, "readonly"))
			p.rw = false;
		else if (is_propagation(*it))
			p.propagation = *it;
		else if (strcmp(*it, "rw") && strcmp(*it, "copy") && strcmp(*it, "nocopy"))
			strv_add(&p.rest, *it);
		bind |= !strcmp(*it, "bind") || !strcmp(*it, "rbind");
	}
	if (!bind)
		strv_add(&p.rest, "rbind");
	return p;
}

static bool is_tmpfs(const struct config_mount *m)
{
	return !strcmp(m->type, "tmpfs");
}

json_t *inspect_mounts(const struct container_config *c)
{
	json_t *a = json_array();

	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct config_mount *m = &c->mounts[i];
		auto_parts struct parts p = { 0 };
		json_t *o;

		if (is_tmpfs(m))
			continue; /* podman lists a tmpfs in HostConfig.Tmpfs */
		p = split(m);
		o = json_object();
		inspect_put_str(o, "Type", m->type);
		inspect_put_str(o, "Name", m->name);
		inspect_put_str(o, "Source", m->source);
		inspect_put_str(o, "Destination", m->destination);
		inspect_put_str(o, "Driver", m->name ? "local" : "");
		inspect_put_str(o, "Mode", "");
		inspect_put(o, "Options", jsonf_strv(p.rest));
		inspect_put(o, "RW", json_boolean(p.rw));
		inspect_put_str(o, "Propagation", p.propagation);
		inspect_put_str(o, "SubPath", "");
		json_array_append_new(a, o);
	}
	return a;
}

json_t *inspect_binds(const struct container_config *c)
{
	json_t *a = json_array();

	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct config_mount *m = &c->mounts[i];
		auto_parts struct parts p = { 0 };
		auto_free char *rest = NULL;

		if (is_tmpfs(m))
			continue;
		p = split(m);
		rest = strv_join(p.rest, ",");
		json_array_append_new(a, json_sprintf("%s:%s:%s,%s,%s", m->name ? m->name : m->source, m->destination,
						      p.rw ? "rw" : "ro", p.propagation, rest));
	}
	return a;
}

json_t *inspect_tmpfs(const struct container_config *c)
{
	auto_strv char **dirs = spec_read_only_dirs(c);
	json_t *o = json_object();

	for (size_t i = 0; i < c->n_mounts; i++) {
		auto_free char *options = strv_join(c->mounts[i].options, ",");

		if (is_tmpfs(&c->mounts[i]))
			inspect_put_str(o, c->mounts[i].destination, options);
	}
	strv_each(it, dirs)
		json_object_set_new(o, *it, json_string(SPEC_READ_ONLY_TMPFS));
	return o;
}
