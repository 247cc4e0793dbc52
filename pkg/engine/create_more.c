// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/create_more.h"

#include <errno.h>
#include <string.h>

#include "pkg/engine/compat.h"
#include "pkg/engine/device.h"
#include "pkg/engine/files.h"
#include "pkg/engine/kernel.h"
#include "pkg/engine/notify.h"
#include "pkg/engine/nsopt.h"
#include "pkg/engine/place.h"
#include "pkg/engine/secretopt.h"
#include "pkg/engine/users.h"
#include "pkg/oci/image.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

enum { PORT_MAX = 65535 };

static int bad_expose(const char *text, struct fail *f)
{
	return refuse(f, EINVAL, "invalid range format for --expose: %.60s: PORT[-PORT][/tcp|udp|sctp], "
		      "ports 1 to 65535", text);
}

/* "80", "53/udp", "8000-8010/tcp": a line each, as the image's are. */
static int add_exposed(const char *text, char ***ports, struct fail *f)
{
	const char *slash = strchr(text, '/');
	const char *proto = slash ? slash + 1 : "tcp";
	auto_free char *range = mem_strndup(text, slash ? (size_t)(slash - text) : strlen(text));
	auto_strv char **ends = strv_split(range, "-", false);
	size_t n = strv_len(ends);
	uint64_t first, last;

	if (n < 1 || n > 2 || str_to_u64(ends[0], 10, &first) < 0 || str_to_u64(ends[n - 1], 10, &last) < 0 ||
	    !first || last > PORT_MAX || first > last ||
	    (strcmp(proto, "tcp") && strcmp(proto, "udp") && strcmp(proto, "sctp")))
		return bad_expose(text, f);
	for (; first <= last; first++) {
		auto_free char *port = mem_printf("%u/%s", (unsigned)first, proto);

		if (!strv_has(*ports, port))
			strv_add(ports, port);
	}
	return 0;
}

static int set_exposed(const struct run_opts *o, const struct image_config *image, struct container_config *c,
		       struct fail *f)
{
	if (image)
		strv_add_all(&c->exposed_ports, image->config.exposed_ports);
	strv_each(it, o->expose) {
		int r = add_exposed(*it, &c->exposed_ports, f);

		if (r < 0)
			return r;
	}
	return 0;
}

static int set_annotations(const struct run_opts *o, struct container_config *c, struct fail *f)
{
	strv_each(it, o->annotation) {
		if (!strchr(*it, '=') || **it == '=')
			return refuse(f, EINVAL, "annotations must be formatted KEY=VALUE, not '%.100s'", *it);
		strv_env_set(&c->annotations, *it);
	}
	return 0;
}

static int check_groups(const struct process_group *p, struct fail *f)
{
	if (strv_has(p->group_add, "keep-groups") && strv_len(p->group_add) > 1)
		return refuse(f, EINVAL, "the '--group-add keep-groups' option is not allowed with any other "
			      "--group-add options");
	return 0;
}

int create_more(const struct run_opts *o, const struct image_config *image, struct container_config *c,
		struct fail *f)
{
	bool stop_signal = o->life.stop_signal || (image && image->config.stop_signal && *image->config.stop_signal);
	int r = compat_check(&o->compat, NULL, f);

	if (r == 0)
		r = nsopt_check(&o->ns, f);
	if (r == 0)
		r = resource_check(&o->resources, f);
	if (r == 0)
		r = check_groups(&o->process, f);
	if (r == 0)
		r = set_exposed(o, image, c, f);
	if (r == 0)
		r = set_annotations(o, c, f);
	if (r == 0)
		r = secretopt_parse(o->secret, c, f);
	if (r == 0)
		r = device_parse(&o->devices, c, f);
	if (r == 0)
		r = kernel_check(&o->kernel, !strcmp(c->net.mode, "host"), f);
	if (r == 0)
		r = notify_check(&o->notify, f);
	if (r == 0)
		r = users_check(&o->users, f);
	if (r == 0)
		r = hosts_file_set(o->net.hosts_file, c, f);
	if (r < 0)
		return r;
	jsonf_copy(notify_fields, &c->notify, &o->notify);
	jsonf_copy(users_fields, &c->users, &o->users);
	jsonf_copy(kernel_fields, &c->kernel, &o->kernel);
	jsonf_copy(resource_fields, &c->resources, &o->resources);
	return place_set(&o->place, stop_signal, c, f);
}

void create_warn(const struct run_opts *o, const struct container_config *c, void (*warn)(const char *fmt, ...))
{
	struct fail ignored = { 0 };

	(void)!compat_check(&o->compat, warn, &ignored);
	device_warn(c, warn);
}
