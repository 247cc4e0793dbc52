// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/inspect_part.h"
#include "pkg/engine/ports.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

static const struct inspect_zero zeros[] = {
	{ "EndpointID", INSPECT_TEXT }, { "Gateway", INSPECT_TEXT }, { "IPAddress", INSPECT_TEXT },
	{ "IPPrefixLen", INSPECT_NUMBER }, { "IPv6Gateway", INSPECT_TEXT }, { "GlobalIPv6Address", INSPECT_TEXT },
	{ "GlobalIPv6PrefixLen", INSPECT_NUMBER }, { "MacAddress", INSPECT_TEXT }, { "Bridge", INSPECT_TEXT },
	{ "SandboxID", INSPECT_TEXT }, { "HairpinMode", INSPECT_FALSE }, { "LinkLocalIPv6Address", INSPECT_TEXT },
	{ "LinkLocalIPv6PrefixLen", INSPECT_NUMBER }, { "Ports", INSPECT_MAP }, { "SandboxKey", INSPECT_TEXT },
	{ "Networks", INSPECT_MAP },
	{ NULL, INSPECT_NULL },
};

json_t *inspect_network(const struct container *c)
{
	json_t *o = inspect_zeros(zeros);

	inspect_put(o, "Ports", ports_json(&c->config));
	/* slirp4netns' address, the same in every container, is not said, as in podman. */
	if (container_is_running(c) && !str_eq(c->config.net.mode, "host")) {
		auto_free char *key = mem_printf("/proc/%d/ns/net", c->state.pid);

		inspect_put_str(o, "SandboxKey", key);
	}
	return o;
}
