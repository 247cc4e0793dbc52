// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/inspect.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pkg/engine/container.h"
#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "runtime/privs.h"

static void put(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value ? value : json_null());
}

static void put_str(json_t *o, const char *key, const char *value)
{
	json_t *s = json_string(value ? value : "");

	put(o, key, s ? s : json_string("?"));
}

static json_t *rfc3339(int64_t t)
{
	char buf[TIME_TEXT_MAX];

	return json_string(t ? time_format(t, buf) : "0001-01-01T00:00:00Z");
}

static json_t *state_json(const struct container *c)
{
	const struct state *s = &c->state;
	bool running = container_is_running(c);
	json_t *o = json_object();

	put_str(o, "OciVersion", "1.2.0");
	put_str(o, "Status", status_word((enum status)s->status));
	put(o, "Running", json_boolean(running && s->status != STATUS_PAUSED));
	put(o, "Paused", json_boolean(s->status == STATUS_PAUSED));
	put(o, "Restarting", json_false());
	put(o, "OOMKilled", json_boolean(s->oom_killed));
	put(o, "Dead", json_false());
	put(o, "Pid", json_integer(running ? s->pid : 0));
	put(o, "ConmonPid", json_integer(running ? s->monitor_pid : 0));
	put(o, "ExitCode", json_integer(s->exit_code));
	put_str(o, "Error", s->error);
	put(o, "StartedAt", rfc3339(s->started_at));
	put(o, "FinishedAt", rfc3339(s->finished_at));
	put(o, "Health", json_pack("{s:s, s:i, s:n}", "Status", "", "FailingStreak", 0, "Log"));
	put_str(o, "CgroupPath", "");
	put(o, "StoppedByUser", json_boolean(s->stopped_by_user));
	return o;
}

static json_t *mounts_json(const struct container_config *c)
{
	json_t *a = json_array();

	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct config_mount *m = &c->mounts[i];
		json_t *o;

		if (strcmp(m->type, "bind"))
			continue; /* podman lists a tmpfs in HostConfig.Tmpfs */
		o = json_object();
		put_str(o, "Type", m->type);
		put_str(o, "Source", m->source);
		put_str(o, "Destination", m->destination);
		put_str(o, "Driver", "");
		put_str(o, "Mode", "");
		put(o, "Options", jsonf_strv(m->options));
		put(o, "RW", json_boolean(!strv_has(m->options, "ro") && !strv_has(m->options, "readonly")));
		put_str(o, "Propagation", "rprivate");
		put_str(o, "SubPath", "");
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *config_json(const struct container_config *c)
{
	json_t *o = json_object();

	put_str(o, "Hostname", c->net.hostname);
	put_str(o, "Domainname", "");
	put_str(o, "User", c->process.user);
	put(o, "AttachStdin", json_false());
	put(o, "AttachStdout", json_false());
	put(o, "AttachStderr", json_false());
	put(o, "Tty", json_boolean(c->process.tty));
	put(o, "OpenStdin", json_boolean(c->process.interactive));
	put(o, "StdinOnce", json_false());
	put(o, "Env", jsonf_strv(c->env));
	put(o, "Cmd", jsonf_strv(c->cmd));
	put_str(o, "Image", c->image_name ? c->image_name : c->image_id);
	put(o, "Volumes", c->volumes ? jsonf_set(c->volumes) : json_null());
	put_str(o, "WorkingDir", c->process.workdir);
	put(o, "Entrypoint", jsonf_strv(c->entrypoint));
	put(o, "OnBuild", json_null());
	put(o, "Labels", jsonf_map(c->labels));
	put(o, "Annotations", jsonf_map(c->annotations));
	put_str(o, "StopSignal", c->life.stop_signal);
	put(o, "CreateCommand", jsonf_strv(c->create_command));
	put_str(o, "Umask", c->process.umask);
	put(o, "Timeout", json_integer(0));
	put(o, "StopTimeout", json_integer(c->life.stop_timeout));
	put(o, "ExposedPorts", jsonf_set(c->exposed_ports));
	return o;
}

static json_t *ulimits_json(char *const *ulimits)
{
	json_t *a = json_array();

	strv_each(it, ulimits) {
		struct fail ignored = { 0 };
		int64_t soft, hard;
		char type[24];

		if (ulimit_parse(*it, type, &soft, &hard, &ignored) == 0)
			json_array_append_new(a, json_pack("{s:s, s:I, s:I}", "Name", type, "Soft",
							   (json_int_t)soft, "Hard", (json_int_t)hard));
	}
	return a;
}

static json_t *tmpfs_json(const struct container_config *c)
{
	json_t *o = json_object();

	for (size_t i = 0; i < c->n_mounts; i++) {
		auto_free char *options = strv_join(c->mounts[i].options, ",");

		if (!strcmp(c->mounts[i].type, "tmpfs"))
			put_str(o, c->mounts[i].destination, options);
	}
	return o;
}

static json_t *binds_json(const struct container_config *c)
{
	json_t *a = json_array();

	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct config_mount *m = &c->mounts[i];
		auto_free char *options = strv_join(m->options, ",");
		auto_free char *bind = mem_printf("%s:%s%s%s", m->source, m->destination, *options ? ":" : "",
						  options);

		if (!strcmp(m->type, "bind"))
			json_array_append_new(a, json_string(bind));
	}
	return a;
}

static json_t *host_config_json(const struct container_config *c)
{
	json_t *o = json_object();
	json_t *log = json_object();

	put(o, "Binds", binds_json(c));
	put_str(o, "ContainerIDFile", "");
	put_str(log, "Type", c->life.log_driver);
	put(log, "Config", jsonf_map(c->life.log_opt));
	put_str(log, "Size", "0B");
	put(o, "LogConfig", log);
	put_str(o, "NetworkMode", c->net.mode);
	put(o, "PortBindings", json_object());
	put(o, "RestartPolicy", json_pack("{s:s, s:i}", "Name", "no", "MaximumRetryCount", 0));
	put(o, "AutoRemove", json_boolean(c->life.rm));
	put(o, "CapAdd", jsonf_strv(c->security.cap_add));
	put(o, "CapDrop", jsonf_strv(c->security.cap_drop));
	put(o, "Dns", jsonf_strv(c->net.dns));
	put(o, "DnsOptions", jsonf_strv(c->net.dns_option));
	put(o, "DnsSearch", jsonf_strv(c->net.dns_search));
	put(o, "ExtraHosts", jsonf_strv(c->net.add_host));
	put(o, "GroupAdd", jsonf_strv(c->process.group_add));
	put_str(o, "IpcMode", "private");
	put_str(o, "PidMode", "private");
	put_str(o, "UTSMode", "private");
	put_str(o, "UsernsMode", "");
	put_str(o, "CgroupMode", "private");
	put(o, "Privileged", json_boolean(c->security.privileged));
	put(o, "PublishAllPorts", json_false());
	put(o, "ReadonlyRootfs", json_boolean(c->security.read_only));
	put(o, "SecurityOpt", jsonf_strv(c->security.security_opt));
	put(o, "Tmpfs", tmpfs_json(c));
	put(o, "ShmSize", json_integer(c->shm_size));
	put_str(o, "Runtime", "rbox");
	put(o, "Ulimits", ulimits_json(c->process.ulimits));
	put(o, "Init", json_boolean(c->process.init));
	return o;
}

static json_t *network_json(const struct container_config *c)
{
	bool slirp = str_eq(c->net.mode, "slirp4netns");
	json_t *o = json_object();

	/* As podman: slirp4netns' fixed address is not said here. */
	(void)slirp;
	put_str(o, "EndpointID", "");
	put_str(o, "Gateway", "");
	put_str(o, "IPAddress", "");
	put(o, "IPPrefixLen", json_integer(0));
	put_str(o, "IPv6Gateway", "");
	put_str(o, "GlobalIPv6Address", "");
	put(o, "GlobalIPv6PrefixLen", json_integer(0));
	put_str(o, "MacAddress", "");
	put_str(o, "Bridge", "");
	put_str(o, "SandboxID", "");
	put(o, "HairpinMode", json_false());
	put(o, "Ports", json_object());
	put_str(o, "SandboxKey", "");
	put(o, "Networks", json_object());
	return o;
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
		put_str(data, "LowerDir", str_cstr(&lower));
		put_str(data, "UpperDir", upper);
		put_str(data, "WorkDir", work);
	}
	return json_pack("{s:s, s:o}", "Name", "overlay", "Data", data);
}

static void put_paths(json_t *o, struct engine *e, const struct container *c)
{
	static const char *const files[][2] = {
		{ "ResolvConfPath", "resolv.conf" }, { "HostnamePath", "hostname" }, { "HostsPath", "hosts" },
		{ "StaticDir", "" }, { "OCIConfigPath", "bundle/config.json" }, { "LogPath", "log" },
	};

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		auto_free char *path = mem_printf("%s/containers/%s%s%s", e->store.path, c->id,
						  *files[i][1] ? "/" : "", files[i][1]);

		put_str(o, files[i][0], path);
	}
}

static void put_caps(json_t *o, const struct container_config *c)
{
	auto_strv char **caps = NULL;
	struct fail ignored = { 0 };

	if (privs_caps_build(c->security.cap_add, c->security.cap_drop, c->security.privileged, &caps,
			     &ignored) < 0)
		return;
	put(o, "EffectiveCaps", jsonf_strv(caps));
	put(o, "BoundingCaps", jsonf_strv(caps));
}

int inspect_container(struct engine *e, const char *text, json_t **ret, struct fail *f)
{
	auto_container struct container c = CONTAINER_INIT;
	int r = container_open(e, text, &c, f);
	json_t *o;

	if (r < 0)
		return r;
	o = json_object();
	put_str(o, "Id", c.id);
	put(o, "Created", rfc3339(c.config.created));
	put_str(o, "Path", c.config.args ? c.config.args[0] : "");
	put(o, "Args", jsonf_strv(c.config.args ? c.config.args + 1 : NULL));
	put(o, "State", state_json(&c));
	put_str(o, "Image", c.config.image_id);
	put_str(o, "ImageDigest", c.config.image_digest);
	put_str(o, "ImageName", c.config.image_name);
	put_str(o, "Rootfs", c.config.rootfs_dir);
	put_str(o, "Pod", "");
	put_paths(o, e, &c);
	put_str(o, "OCIRuntime", "rbox");
	put_str(o, "ConmonPidFile", "");
	put_str(o, "PidFile", c.config.life.pidfile);
	put_str(o, "Name", c.config.name);
	put(o, "RestartCount", json_integer(c.state.restarts));
	put_str(o, "Driver", "overlay");
	put_str(o, "MountLabel", "");
	put_str(o, "ProcessLabel", "");
	put_str(o, "AppArmorProfile", "");
	put_caps(o, &c.config);
	put(o, "ExecIDs", json_array());
	put(o, "GraphDriver", driver_json(e, &c));
	put(o, "Mounts", mounts_json(&c.config));
	put(o, "Dependencies", json_array());
	put(o, "NetworkSettings", network_json(&c.config));
	put_str(o, "Namespace", "");
	put(o, "IsInfra", json_false());
	put(o, "IsService", json_false());
	put(o, "Config", config_json(&c.config));
	put(o, "HostConfig", host_config_json(&c.config));
	*ret = o;
	return 0;
}
