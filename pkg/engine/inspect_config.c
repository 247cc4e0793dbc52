// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/health.h"
#include "pkg/engine/inspect_part.h"
#include "pkg/engine/ports.h"
#include "pkg/util/str.h"
#include "runtime/monitor/health.h"

static const struct inspect_zero zeros[] = {
	{ "Hostname", INSPECT_TEXT }, { "Domainname", INSPECT_TEXT }, { "User", INSPECT_TEXT },
	{ "AttachStdin", INSPECT_FALSE }, { "AttachStdout", INSPECT_FALSE }, { "AttachStderr", INSPECT_FALSE },
	{ "Tty", INSPECT_FALSE }, { "OpenStdin", INSPECT_FALSE }, { "StdinOnce", INSPECT_FALSE },
	{ "Env", INSPECT_LIST }, { "Cmd", INSPECT_LIST }, { "Image", INSPECT_TEXT }, { "Volumes", INSPECT_NULL },
	{ "WorkingDir", INSPECT_TEXT }, { "Entrypoint", INSPECT_LIST }, { "OnBuild", INSPECT_NULL },
	{ "Labels", INSPECT_MAP }, { "Annotations", INSPECT_MAP }, { "StopSignal", INSPECT_TEXT },
	{ "Healthcheck", INSPECT_NULL }, { "HealthcheckOnFailureAction", INSPECT_TEXT },
	{ "StartupHealthCheck", INSPECT_NULL }, { "CreateCommand", INSPECT_LIST }, { "Timezone", INSPECT_TEXT },
	{ "SystemdMode", INSPECT_FALSE }, { "Umask", INSPECT_TEXT }, { "Secrets", INSPECT_LIST },
	{ "Timeout", INSPECT_NUMBER }, { "StopTimeout", INSPECT_NUMBER }, { "Passwd", INSPECT_FALSE },
	{ "ChrootDirs", INSPECT_LIST }, { "sdNotifyMode", INSPECT_TEXT }, { "sdNotifySocket", INSPECT_TEXT },
	{ "ExposedPorts", INSPECT_MAP },
	{ NULL, INSPECT_NULL },
};

json_t *inspect_config(const struct container_config *c)
{
	json_t *o = inspect_zeros(zeros);

	inspect_put_str(o, "Hostname", c->net.hostname);
	inspect_put_str(o, "User", c->process.user);
	inspect_put(o, "Tty", json_boolean(c->process.tty));
	inspect_put(o, "OpenStdin", json_boolean(c->process.interactive));
	inspect_put(o, "Env", jsonf_strv(c->env));
	inspect_put(o, "Cmd", jsonf_strv(c->cmd));
	inspect_put_str(o, "Image", c->image_name ? c->image_name : c->image_id);
	inspect_put(o, "Volumes", c->volumes ? jsonf_set(c->volumes) : json_null());
	inspect_put_str(o, "WorkingDir", c->process.workdir);
	inspect_put(o, "Entrypoint", jsonf_strv(c->entrypoint));
	inspect_put(o, "Labels", jsonf_map(c->labels));
	inspect_put(o, "Annotations", jsonf_map(c->annotations));
	inspect_put_str(o, "StopSignal", c->life.stop_signal);
	inspect_put(o, "Healthcheck", health_test_json(&c->health.check));
	inspect_put(o, "StartupHealthCheck", health_test_json(&c->health.startup));
	inspect_put_str(o, "HealthcheckOnFailureAction", health_action_names[c->health.action]);
	inspect_put(o, "Timeout", json_integer(c->life.timeout));
	inspect_put(o, "CreateCommand", jsonf_strv(c->create_command));
	inspect_put_str(o, "Umask", c->process.umask);
	inspect_put(o, "StopTimeout", json_integer(c->life.stop_timeout));
	inspect_put(o, "Passwd", json_true());
	inspect_put_str(o, "sdNotifyMode", "container");
	inspect_put(o, "ExposedPorts", ports_exposed_json(c));
	inspect_more_config(o, c);
	return o;
}
