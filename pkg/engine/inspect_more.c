// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/inspect_part.h"
#include "pkg/engine/place.h"
#include "pkg/engine/secretopt.h"
#include "pkg/util/str.h"

void inspect_more_config(json_t *o, const struct container_config *c)
{
	inspect_put_str(o, "Timezone", c->place.timezone);
	inspect_put_str(o, "Domainname", c->place.domainname);
	inspect_put(o, "SystemdMode", json_boolean(place_is_systemd(c)));
	inspect_put_str(o, "sdNotifyMode", c->notify.sdnotify ? c->notify.sdnotify : "container");
	inspect_put(o, "Secrets", secretopt_inspect(c));
}

void inspect_more_host(json_t *o, const struct container_config *c)
{
	json_t *devices = json_array();
	int64_t score = 0;

	for (size_t i = 0; i < c->n_devices; i++)
		json_array_append_new(devices, jsonf_write(device_fields, &c->devices[i]));
	inspect_put(o, "Devices", devices);
	if (c->kernel.oom_score_adj && str_to_i64(c->kernel.oom_score_adj, &score) == 0)
		inspect_put(o, "OomScoreAdj", json_integer(score));
}
