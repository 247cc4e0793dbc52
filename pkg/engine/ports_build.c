// SPDX-License-Identifier: Apache-2.0
/* From what was typed to ports that can be had. */
#include <errno.h>
#include <string.h>

#include "pkg/engine/ports.h"
#include "pkg/engine/ports_holder.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

enum { FREE_TRIES = 100 };

static bool has_own_network(const char *mode)
{
	return str_eq(mode, "slirp4netns");
}

/* Two that the host can't tell apart: one of them would get all. */
static bool collide(const struct port_map *a, const struct port_map *b)
{
	bool same_ip = !a->host_ip || !b->host_ip || !strcmp(a->host_ip, "0.0.0.0") ||
		       !strcmp(b->host_ip, "0.0.0.0") || !strcmp(a->host_ip, b->host_ip);

	return same_ip && str_eq(a->protocol, b->protocol) && a->host_port && b->host_port &&
	       a->host_port < b->host_port + b->count && b->host_port < a->host_port + a->count;
}

static bool is_same(const struct port_map *a, const struct port_map *b)
{
	return str_eq(a->host_ip, b->host_ip) && str_eq(a->protocol, b->protocol) && a->host_port == b->host_port &&
	       a->container_port == b->container_port && a->count == b->count;
}

static const struct port_map *find_collision(const struct net_group *net, const struct port_map *p)
{
	for (size_t i = 0; i < net->n_ports; i++)
		if (collide(&net->ports[i], p))
			return &net->ports[i];
	return NULL;
}

/* What slirp4netns can't do is said, not dropped. */
static int check_forwardable(const struct port_map *p, struct fail *f)
{
	int r = 0;

	if (p->host_ip && strchr(p->host_ip, ':')) {
		r = refuse(f, ENOTSUP, "slirp4netns forwards from IPv4 addresses only, not from [%s]", p->host_ip);
		fail_hint(f, "publish on an address of IPv4, or use --network host");
	} else if (!strcmp(p->protocol, "sctp")) {
		r = refuse(f, ENOTSUP, "slirp4netns forwards tcp and udp, not sctp");
		fail_hint(f, "--network host does without forwarding");
	}
	return r;
}

/* Takes P over, also when it fails. */
static int add(struct net_group *net, struct port_map *p, struct fail *f)
{
	const struct port_map *other = find_collision(net, p);
	int r = check_forwardable(p, f);

	if (r < 0 || (other && is_same(other, p))) {
		port_map_done(p);
		return r;
	}
	if (other) {
		r = refuse(f, EADDRINUSE, "conflicting port mappings for host port %d (protocol %s): address already in use",
			   p->host_port > other->host_port ? p->host_port : other->host_port, p->protocol);
		port_map_done(p);
		return r;
	}
	net->ports = mem_resize(net->ports, net->n_ports + 1, sizeof(*net->ports));
	net->ports[net->n_ports++] = *p;
	return 0;
}

/* A port of the host that is free now, and not one of ours already. */
static int choose(struct net_group *net, const struct port_map *like, int container_port, struct fail *f)
{
	bool udp = !strcmp(like->protocol, "udp");
	int port = 0;

	for (int i = 0; i < FREE_TRIES; i++) {
		struct port_map p = {
			.host_ip = like->host_ip, .container_port = container_port, .count = 1,
			.protocol = like->protocol,
		};

		port = port_probe(udp, like->host_ip, 0);
		p.host_port = port;
		if (port < 0 || find_collision(net, &p))
			continue;
		p.host_ip = mem_strdup(like->host_ip);
		p.protocol = mem_strdup(like->protocol);
		return add(net, &p, f);
	}
	if (port < 0)
		return port_refuse(udp, like->host_ip, 0, -port, NULL, f);
	return refuse(f, EADDRINUSE, "no port of the host is free for port %d of the container", container_port);
}

static int add_typed(struct net_group *net, const char *text, bool choose_now, struct fail *f)
{
	struct port_map p;
	int r = port_parse(text, &p, f);

	if (r < 0)
		return r;
	if (p.host_port)
		return add(net, &p, f);
	r = check_forwardable(&p, f);
	for (int i = 0; r == 0 && choose_now && i < p.count; i++)
		r = choose(net, &p, p.container_port + i, f);
	port_map_done(&p);
	return r;
}

/* Explicit ones first: a free one must not be one of them. */
static int add_all_typed(struct net_group *net, char *const *publish, bool choose_now, struct fail *f)
{
	int r = 0;

	for (int random = false; random <= true; random++)
		for (char *const *it = publish; r == 0 && it && *it; it++) {
			struct port_map p;

			r = port_parse(*it, &p, f);
			if (r < 0)
				return r;
			if ((p.host_port == 0) == random)
				r = add_typed(net, *it, choose_now, f);
			port_map_done(&p);
		}
	return r;
}

static void free_ports(struct net_group *net)
{
	for (size_t i = 0; i < net->n_ports; i++)
		port_map_done(&net->ports[i]);
	mem_free_ptr(&net->ports);
	net->n_ports = 0;
}

static int check_all(struct engine *e, const struct net_group *net, struct fail *f)
{
	for (size_t i = 0; i < net->n_ports; i++) {
		const struct port_map *p = &net->ports[i];
		bool udp = str_eq(p->protocol, "udp");

		for (int k = 0; k < p->count; k++) {
			uint16_t port = (uint16_t)(p->host_port + k);
			auto_str struct str who = STR_INIT(400);
			int r = port_probe(udp, p->host_ip, port);

			if (r >= 0)
				continue;
			if (r == -EADDRINUSE)
				port_holder(e, udp, p->host_ip, port, &who);
			return port_refuse(udp, p->host_ip, port, -r, who.len ? who.s : NULL, f);
		}
	}
	return 0;
}

int ports_check(struct engine *e, const struct container_config *c, struct fail *f)
{
	return check_all(e, &c->net, f);
}

static int check_now(struct engine *e, const struct net_group *net, struct fail *f)
{
	int r = check_all(e, net, f);

	/* As podman's run: the container could not be started. */
	if (r < 0)
		f->status = FAIL_EXIT_NOEXEC;
	return r;
}

int ports_check_typed(struct engine *e, const struct run_opts *o, struct fail *f)
{
	struct net_group net = { 0 };
	int r;

	if (o->net.mode && !has_own_network(o->net.mode))
		return 0;
	r = add_all_typed(&net, o->net.publish, false, f);
	if (r == 0 && o->starts)
		r = check_now(e, &net, f);
	free_ports(&net);
	return r;
}

/* An image's may be anything; what is no port is passed over. --expose's is refused. */
static int put_exposed_in_order(const struct run_opts *o, struct container_config *c, struct fail *f)
{
	auto_strv char **list = NULL;
	int r = 0;

	strv_each(it, c->exposed_ports) {
		struct fail ignored = { 0 };

		if (strv_has(o->expose, *it))
			r = port_expose_parse(*it, &list, f);
		else
			(void)!port_expose_parse(*it, &list, &ignored);
		if (r < 0)
			return r;
	}
	strv_free(c->exposed_ports);
	c->exposed_ports = mem_take(&list);
	return 0;
}

static int publish_exposed(struct container_config *c, struct fail *f)
{
	int r = 0;

	for (char *const *it = c->exposed_ports; r == 0 && it && *it; it++) {
		struct port_map p;

		r = port_parse(*it, &p, f);
		if (r < 0)
			return r;
		if (!port_is_published(&c->net, p.container_port, p.protocol)) {
			r = check_forwardable(&p, f);
			if (r == 0)
				r = choose(&c->net, &p, p.container_port, f);
		}
		port_map_done(&p);
	}
	return r < 0 ? fail_in(f, r, "--publish-all") : 0;
}

/*
 * With --disable-host-loopback, which keeps the host's own servers out of a container's reach, slirp4netns doesn't
 * let answers to the host's loopback out either; what is sent there gets in.
 */
static void warn_loopback(struct engine *e, const struct net_group *net)
{
	for (size_t i = 0; i < net->n_ports; i++)
		if (net->ports[i].host_ip && str_starts(net->ports[i].host_ip, "127.") &&
		    !strcmp(net->ports[i].protocol, "udp")) {
			e->warn("udp port %d is published on %s: slirp4netns lets datagrams in, but no answers back to "
				"the loopback; publish it on another address of this machine if it has to answer",
				net->ports[i].host_port, net->ports[i].host_ip);
			return;
		}
}

int ports_build(struct engine *e, const struct run_opts *o, struct container_config *c, struct fail *f)
{
	int r = put_exposed_in_order(o, c, f);

	if (r < 0)
		return r;
	if (!has_own_network(c->net.mode)) {
		if (o->net.publish)
			e->warn("Port mappings have been discarded as one of the Host, Container, Pod, and None network "
				"modes are in use");
		return 0;
	}
	c->net.publish = strv_dup(o->net.publish);
	c->net.publish_all = o->net.publish_all;
	r = add_all_typed(&c->net, o->net.publish, true, f);
	if (r == 0 && o->net.publish_all)
		r = publish_exposed(c, f);
	if (r == 0 && o->starts)
		r = check_now(e, &c->net, f);
	if (r == 0)
		warn_loopback(e, &c->net);
	return r;
}
