// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pkg/util/mem.h"
#include "pkg/util/str.h"

enum { PORT_MAX = 65535 };

/* --- parsing --- */

static int parse_number(const char *text, const char *what, int *ret, struct fail *f)
{
	uint64_t v;
	int r = str_to_u64(text, 10, &v);

	if (r == -EINVAL)
		return refuse(f, EINVAL, "parsing %s port: invalid port number \"%.60s\"", what, text);
	if (r < 0 || v < 1 || v > PORT_MAX)
		return refuse(f, EINVAL, "parsing %s port: port numbers must be between 1 and 65535 (inclusive), got %.60s",
			      what, text);
	*ret = (int)v;
	return 0;
}

/* "80" or "80-82" */
static int parse_range(const char *text, const char *what, int *ret_first, int *ret_count, struct fail *f)
{
	auto_strv char **ends = strv_split(text, "-", false);
	int last, r;

	if (strv_len(ends) > 2)
		return refuse(f, EINVAL, "parsing %s port: port ranges must be formatted as start-stop, not \"%.60s\"",
			      what, text);
	r = parse_number(ends[0], what, ret_first, f);
	if (r < 0 || !ends[1]) {
		*ret_count = 1;
		return r;
	}
	r = parse_number(ends[1], what, &last, f);
	if (r < 0)
		return r;
	if (last < *ret_first)
		return refuse(f, EINVAL, "parsing %s port: the end port of a range must be higher than the start port - "
			      "%d is not higher than %d", what, last, *ret_first);
	*ret_count = last - *ret_first + 1;
	return 0;
}

static int parse_protocol(const char *text, char **ret, struct fail *f)
{
	static const char *const known[] = { "tcp", "udp", "sctp" };

	if (!*text)
		return refuse(f, EINVAL, "must provide a non-empty protocol to publish");
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strcasecmp(text, known[i]))
			continue;
		*ret = mem_strdup(known[i]);
		return 0;
	}
	return refuse(f, EINVAL, "unrecognized protocol \"%.40s\" in port mapping", text);
}

static int parse_ip(const char *text, char **ret, struct fail *f)
{
	struct in6_addr a;

	if (!*text)
		return refuse(f, EINVAL, "must provide a non-empty container host IP to publish");
	if (inet_pton(AF_INET, text, &a) != 1 && inet_pton(AF_INET6, text, &a) != 1)
		return refuse(f, EINVAL, "cannot parse \"%.100s\" as an IP address", text);
	*ret = mem_strdup(text);
	return 0;
}

/* Takes "[ADDRESS]:" off the front of *TEXT. */
static int take_v6(const char **text, char **ret_ip, struct fail *f)
{
	const char *end = strchr(*text, ']');
	auto_free char *ip = NULL;

	if (**text != '[')
		return end ? refuse(f, EINVAL, "invalid port format - IPv6 addresses must be enclosed by []") : 0;
	if (!end || end[1] != ':')
		return refuse(f, EINVAL, "invalid port format - IPv6 address must be followed by a colon (':')");
	ip = mem_strndup(*text + 1, (size_t)(end - *text - 1));
	*text = end + 2;
	return parse_ip(ip, ret_ip, f);
}

/* "[[IP:][HOST]:]CONTAINER" */
static int parse_addresses(const char *text, struct port_map *p, struct fail *f)
{
	auto_strv char **parts = NULL;
	const char *host = NULL;
	int r = take_v6(&text, &p->host_ip, f), n, count;

	if (r < 0)
		return r;
	parts = strv_split(text, ":", false);
	n = (int)strv_len(parts);
	if (p->host_ip && n < 2)
		return refuse(f, EINVAL, "invalid port format - must provide host and destination port if specifying an IP");
	if (n > (p->host_ip ? 2 : 3))
		return refuse(f, EINVAL, "invalid port format - format is [[hostIP:]hostPort:]containerPort");
	if (!*parts[n - 1])
		return refuse(f, EINVAL, "must provide a non-empty container port to publish");
	r = parse_range(parts[n - 1], "container", &p->container_port, &p->count, f);
	if (r == 0 && n == 3)
		r = parse_ip(parts[0], &p->host_ip, f);
	if (n > 1)
		host = parts[n - 2];
	if (r < 0 || !host || !*host)
		return r;
	r = parse_range(host, "host", &p->host_port, &count, f);
	if (r == 0 && count != p->count)
		return refuse(f, EINVAL, "host and container port ranges have different lengths: %d vs %d", count,
			      p->count);
	return r;
}

int port_parse(const char *text, struct port_map *ret, struct fail *f)
{
	auto_strv char **parts = strv_split(text, "/", false);
	struct port_map p = { .host_port = 0 };
	int r = 0;

	*ret = p;
	if (strv_len(parts) > 2)
		r = refuse(f, EINVAL, "invalid port format - protocol can only be specified once");
	if (r == 0)
		r = parse_protocol(parts[0] && parts[1] ? parts[1] : "tcp", &p.protocol, f);
	if (r == 0)
		r = parse_addresses(parts[0] ? parts[0] : "", &p, f);
	if (r < 0) {
		port_map_done(&p);
		return fail_in(f, r, "publish '%.100s'", text);
	}
	*ret = p;
	return 0;
}

void port_map_done(struct port_map *p)
{
	mem_free_ptr(&p->host_ip);
	mem_free_ptr(&p->protocol);
}

int port_expose_parse(const char *text, char ***list, struct fail *f)
{
	auto_strv char **parts = strv_split(text, "/", false);
	auto_free char *protocol = NULL;
	int first, count, r;

	if (!parts[0] || strv_len(parts) > 2)
		return refuse(f, EINVAL, "expose '%.100s': PORT[-END][/PROTOCOL] is wanted", text);
	r = parse_protocol(parts[1] ? parts[1] : "tcp", &protocol, f);
	if (r == 0)
		r = parse_range(parts[0], "container", &first, &count, f);
	if (r < 0)
		return fail_in(f, r, "expose '%.100s'", text);
	for (int i = 0; i < count; i++) {
		auto_free char *one = mem_printf("%d/%s", first + i, protocol);

		if (!strv_has(*list, one))
			strv_add(list, one);
	}
	return 0;
}

/* --- words --- */

struct port_forward *ports_forward(const struct container_config *c, size_t *ret_n)
{
	struct port_forward *v = mem_array(c->net.n_ports + 1, sizeof(*v));

	*ret_n = c->net.n_ports;
	for (size_t i = 0; i < c->net.n_ports; i++) {
		const struct port_map *p = &c->net.ports[i];

		v[i] = (struct port_forward){
			.udp = str_eq(p->protocol, "udp"),
			.ip = p->host_ip,
			.host = (uint16_t)p->host_port,
			.guest = (uint16_t)p->container_port,
			.count = (uint16_t)p->count,
		};
	}
	return v;
}

/* B goes on where A ends: podman shows both as one range. */
static bool goes_on(const struct port_map *a, const struct port_map *b)
{
	return str_eq(a->host_ip, b->host_ip) && str_eq(a->protocol, b->protocol) &&
	       a->host_port + a->count == b->host_port && a->container_port + a->count == b->container_port;
}

/* The mapping that starts at *I, with all that go on from it; *I is past them then. */
static struct port_map joined(const struct net_group *net, size_t *i)
{
	struct port_map p = net->ports[(*i)++];

	while (*i < net->n_ports && goes_on(&p, &net->ports[*i]))
		p.count += net->ports[(*i)++].count;
	return p;
}

bool port_is_published(const struct net_group *net, int port, const char *protocol)
{
	for (size_t i = 0; i < net->n_ports; i++) {
		const struct port_map *p = &net->ports[i];

		if (str_eq(p->protocol, protocol) && port >= p->container_port && port < p->container_port + p->count)
			return true;
	}
	return false;
}

/* EXPOSED: "80/tcp" */
static bool is_published(const struct net_group *net, const char *exposed)
{
	const char *protocol = strchr(exposed, '/');

	return port_is_published(net, (int)strtol(exposed, NULL, 10), protocol ? protocol + 1 : "tcp");
}

char *ports_text(const struct container_config *c)
{
	auto_str struct str s = STR_INIT(1 << 20);

	for (size_t i = 0; i < c->net.n_ports;) {
		struct port_map p = joined(&c->net, &i);

		str_addf(&s, "%s%s:%d", s.len ? ", " : "", p.host_ip ? p.host_ip : "0.0.0.0", p.host_port);
		if (p.count > 1)
			str_addf(&s, "-%d->%d-%d", p.host_port + p.count - 1, p.container_port,
				 p.container_port + p.count - 1);
		else
			str_addf(&s, "->%d", p.container_port);
		str_addf(&s, "/%s", p.protocol);
	}
	strv_each(it, c->exposed_ports)
		if (!is_published(&c->net, *it))
			str_addf(&s, "%s%s", s.len ? ", " : "", *it);
	return str_take(&s);
}

json_t *ports_list_json(const struct container_config *c)
{
	json_t *a = c->net.n_ports ? json_array() : json_null();

	for (size_t i = 0; i < c->net.n_ports;) {
		struct port_map p = joined(&c->net, &i);

		json_array_append_new(a, json_pack("{s:s, s:i, s:i, s:i, s:s}", "host_ip", p.host_ip ? p.host_ip : "",
						   "container_port", p.container_port, "host_port", p.host_port,
						   "range", p.count, "protocol", p.protocol));
	}
	return a;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

json_t *ports_json(const struct container_config *c)
{
	auto_strv char **keys = strv_dup(c->exposed_ports);
	json_t *o = json_object();

	for (size_t i = 0; i < c->net.n_ports; i++)
		for (int k = 0; k < c->net.ports[i].count; k++)
			strv_addf(&keys, "%d/%s", c->net.ports[i].container_port + k, c->net.ports[i].protocol);
	if (keys)
		qsort(keys, strv_len(keys), sizeof(*keys), by_text);
	strv_each(it, keys)
		json_object_set_new(o, *it, json_null());
	for (size_t i = 0; i < c->net.n_ports; i++) {
		const struct port_map *p = &c->net.ports[i];

		for (int k = 0; k < p->count; k++) {
			auto_free char *key = mem_printf("%d/%s", p->container_port + k, p->protocol);
			auto_free char *port = mem_printf("%d", p->host_port + k);
			json_t *list = json_object_get(o, key);

			if (!json_is_array(list)) {
				json_object_set_new(o, key, json_array());
				list = json_object_get(o, key);
			}
			json_array_append_new(list, json_pack("{s:s, s:s}", "HostIp", p->host_ip ? p->host_ip : "",
							      "HostPort", port));
		}
	}
	return o;
}

json_t *ports_exposed_json(const struct container_config *c)
{
	auto_json json_t *all = ports_json(c);
	json_t *o = json_object(), *v;
	const char *key;

	json_object_foreach(all, key, v)
		json_object_set_new(o, key, json_object());
	return o;
}

int port_private_parse(const char *text, int *ret_port, char **ret_protocol, struct fail *f)
{
	auto_strv char **parts = strv_split(text, "/", false);
	int r;

	if (!parts[0] || strv_len(parts) > 2)
		return refuse(f, EINVAL, "port '%.60s': PORT[/PROTOCOL] is wanted", text);
	r = parse_number(parts[0], "container", ret_port, f);
	return r < 0 ? r : parse_protocol(parts[1] ? parts[1] : "tcp", ret_protocol, f);
}

int ports_lines(const struct container_config *c, const char *private_port, char ***ret, struct fail *f)
{
	auto_free char *protocol = NULL;
	int wanted = 0, r;

	*ret = NULL;
	if (private_port) {
		r = port_private_parse(private_port, &wanted, &protocol, f);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < c->net.n_ports; i++) {
		const struct port_map *p = &c->net.ports[i];
		const char *ip = p->host_ip ? p->host_ip : "0.0.0.0";

		for (int k = 0; k < p->count; k++) {
			if (!wanted)
				strv_addf(ret, "%d/%s -> %s:%d", p->container_port + k, p->protocol, ip, p->host_port + k);
			else if (wanted == p->container_port + k && str_eq(protocol, p->protocol))
				strv_addf(ret, "%s:%d", ip, p->host_port + k);
		}
	}
	if (wanted && !*ret)
		return refuse(f, ENOENT, "failed to find published port \"%.60s\"", private_port);
	return 0;
}
