// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "pkg/engine/exec_session.h"
#include "pkg/engine/inspect_part.h"
#include "pkg/engine/size.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "runtime/privs.h"

static const struct inspect_zero zeros[] = {
	{ "Id", INSPECT_TEXT }, { "Created", INSPECT_TEXT }, { "Path", INSPECT_TEXT }, { "Args", INSPECT_LIST },
	{ "State", INSPECT_NULL }, { "Image", INSPECT_TEXT }, { "ImageDigest", INSPECT_TEXT },
	{ "ImageName", INSPECT_TEXT }, { "Rootfs", INSPECT_TEXT }, { "Pod", INSPECT_TEXT },
	{ "ResolvConfPath", INSPECT_TEXT }, { "HostnamePath", INSPECT_TEXT }, { "HostsPath", INSPECT_TEXT },
	{ "StaticDir", INSPECT_TEXT }, { "OCIConfigPath", INSPECT_TEXT }, { "OCIRuntime", INSPECT_TEXT },
	{ "ConmonPidFile", INSPECT_TEXT }, { "PidFile", INSPECT_TEXT }, { "Name", INSPECT_TEXT },
	{ "RestartCount", INSPECT_NUMBER }, { "Driver", INSPECT_TEXT }, { "MountLabel", INSPECT_TEXT },
	{ "ProcessLabel", INSPECT_TEXT }, { "AppArmorProfile", INSPECT_TEXT }, { "EffectiveCaps", INSPECT_LIST },
	{ "BoundingCaps", INSPECT_LIST }, { "ExecIDs", INSPECT_LIST }, { "GraphDriver", INSPECT_NULL },
	{ "Mounts", INSPECT_LIST }, { "Dependencies", INSPECT_LIST }, { "NetworkSettings", INSPECT_NULL },
	{ "Namespace", INSPECT_TEXT }, { "IsInfra", INSPECT_FALSE }, { "IsService", INSPECT_FALSE },
	{ "KubeExitCodePropagation", INSPECT_TEXT }, { "lockNumber", INSPECT_NUMBER }, { "Config", INSPECT_NULL },
	{ "HostConfig", INSPECT_NULL }, { "UseImageHosts", INSPECT_FALSE }, { "UseImageHostname", INSPECT_FALSE },
	{ "LogPath", INSPECT_TEXT },
	{ NULL, INSPECT_NULL },
};

json_t *inspect_zeros(const struct inspect_zero *table)
{
	json_t *o = json_object();

	for (; table->key; table++) {
		switch (table->kind) {
		case INSPECT_NUMBER:
			inspect_put(o, table->key, json_integer(0));
			break;
		case INSPECT_TEXT:
			inspect_put(o, table->key, json_string(""));
			break;
		case INSPECT_FALSE:
			inspect_put(o, table->key, json_false());
			break;
		case INSPECT_NULL:
			inspect_put(o, table->key, NULL);
			break;
		case INSPECT_LIST:
			inspect_put(o, table->key, json_array());
			break;
		case INSPECT_MAP:
			inspect_put(o, table->key, json_object());
			break;
		}
	}
	return o;
}

void inspect_put(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value ? value : json_null());
}

void inspect_put_str(json_t *o, const char *key, const char *value)
{
	json_t *s = json_string(value ? value : "");

	if (!s) {
		auto_str struct str escaped = STR_INIT(1 << 20);

		str_add_escaped(&escaped, value);
		s = json_string(str_cstr(&escaped));
	}
	inspect_put(o, key, s);
}

json_t *inspect_time(int64_t t)
{
	char buf[TIME_TEXT_MAX];

	return json_string(t ? time_format(t, buf) : "0001-01-01T00:00:00Z");
}

static json_t *driver_json(struct engine *e, const struct container *c)
{
	json_t *data = json_object();
	auto_str struct str lower = STR_INIT(1 << 20);
	auto_free char *base = mem_printf("%s/containers/%s", e->store.path, c->id);
	auto_free char *upper = path_join(base, "rw/upper");
	auto_free char *work = path_join(base, "rw/work");

	for (size_t i = strv_len(c->config.layers); i > 0; i--)
		str_addf(&lower, "%s%s/layers/%s/tree", lower.len ? ":" : "", e->store.path,
			 strchr(c->config.layers[i - 1], ':') + 1);
	if (!c->config.rootfs_dir) {
		inspect_put_str(data, "LowerDir", str_cstr(&lower));
		/* It is mounted in the container's own mount namespace: this is the way there. */
		if (container_is_running(c))
			inspect_put(data, "MergedDir", json_sprintf("/proc/%d/root", c->state.pid));
		inspect_put_str(data, "UpperDir", upper);
		inspect_put_str(data, "WorkDir", work);
	}
	return json_pack("{s:s, s:o}", "Name", "overlay", "Data", data);
}

static void put_paths(json_t *o, struct engine *e, const struct container *c)
{
	static const char *const files[][2] = {
		{ "ResolvConfPath", "resolv.conf" }, { "HostnamePath", "hostname" }, { "HostsPath", "hosts" },
		{ "OCIConfigPath", "bundle/config.json" },
	};
	auto_free char *dir = mem_printf("%s/containers/%s", e->store.path, c->id);

	inspect_put_str(o, "StaticDir", dir);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		auto_free char *path = path_join(dir, files[i][1]);

		if (faccessat(c->dir_fd, files[i][1], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			inspect_put_str(o, files[i][0], path);
	}
}

/* Another user than root has only those asked for one by one (spec.c hands them on by the ambient set). */
static bool has_all_caps(const struct container_config *c)
{
	const char *user = c->process.user ? c->process.user : "";
	size_t n = strcspn(user, ":");

	if (c->security.privileged || !n || (n == 1 && *user == '0') || (n == 4 && !strncmp(user, "root", 4)))
		return true;
	strv_each(it, c->security.cap_add)
		if (!strcasecmp(*it, "ALL"))
			return true;
	return false;
}

static void put_caps(json_t *o, const struct container_config *c)
{
	const struct security_group *s = &c->security;
	char *const drop_all[] = { (char *)"ALL", NULL };
	auto_strv char **caps = NULL, **own = NULL;
	struct fail ignored = { 0 };

	if (privs_caps_build(s->cap_add, s->cap_drop, s->privileged, &caps, &ignored) < 0)
		return;
	inspect_put(o, "BoundingCaps", jsonf_strv(caps));
	if (has_all_caps(c))
		inspect_put(o, "EffectiveCaps", jsonf_strv(caps));
	else if (privs_caps_build(s->cap_add, drop_all, false, &own, &ignored) == 0)
		inspect_put(o, "EffectiveCaps", jsonf_strv(own));
}

static void put_exec_ids(json_t *o, const struct container *c)
{
	auto_strv char **ids = NULL;

	if (exec_session_list(c->dir_fd, &ids) == 0)
		inspect_put(o, "ExecIDs", jsonf_strv(ids));
}

static int put_sizes(json_t *o, struct engine *e, const struct container *c, struct fail *f)
{
	const struct container_config *config = &c->config;
	struct size size;
	int r = engine_sizes(e, &config, 1, &size, f);

	if (r < 0)
		return r;
	inspect_put(o, "SizeRw", json_integer(size.rw < 0 ? 0 : size.rw));
	inspect_put(o, "SizeRootFs", json_integer(size.root_fs < 0 ? 0 : size.root_fs));
	return 0;
}

static json_t *build(struct engine *e, const struct container *c)
{
	const struct container_config *config = &c->config;
	json_t *o = inspect_zeros(zeros);

	inspect_put_str(o, "Id", c->id);
	inspect_put(o, "Created", inspect_time(config->created));
	inspect_put_str(o, "Path", config->args ? config->args[0] : "");
	inspect_put(o, "Args", jsonf_strv(config->args ? config->args + 1 : NULL));
	inspect_put(o, "State", inspect_state(e, c));
	inspect_put_str(o, "Image", config->image_id);
	inspect_put_str(o, "ImageDigest", config->image_digest);
	inspect_put_str(o, "ImageName", config->image_name);
	inspect_put_str(o, "Rootfs", config->rootfs_dir);
	put_paths(o, e, c);
	inspect_put_str(o, "OCIRuntime", "rbox");
	inspect_put_str(o, "PidFile", config->life.pidfile);
	inspect_put_str(o, "ConmonPidFile", config->life.conmon_pidfile);
	inspect_put_str(o, "Name", config->name);
	inspect_put(o, "RestartCount", json_integer(c->state.restarts));
	inspect_put_str(o, "Driver", "overlay");
	put_caps(o, config);
	put_exec_ids(o, c);
	inspect_put(o, "GraphDriver", driver_json(e, c));
	inspect_put(o, "Mounts", inspect_mounts(config));
	inspect_put(o, "Dependencies", jsonf_strv(config->requires));
	inspect_put(o, "NetworkSettings", inspect_network(c));
	inspect_put(o, "Config", inspect_config(config));
	inspect_put(o, "HostConfig", inspect_host_config(e, c));
	/* docker's name for HostConfig.LogConfig.Path. */
	inspect_put(o, "LogPath", json_incref(json_object_get(json_object_get(json_object_get(o, "HostConfig"),
							      "LogConfig"), "Path")));
	return o;
}

int inspect_container(struct engine *e, const char *text, bool size, json_t **ret, struct fail *f)
{
	auto_container struct container c = CONTAINER_INIT;
	auto_json json_t *o = NULL;
	int r = container_open(e, text, &c, f);

	if (r < 0)
		return r;
	o = build(e, &c);
	r = size ? put_sizes(o, e, &c, f) : 0;
	if (r == 0)
		*ret = json_incref(o);
	return r;
}
