/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_PORTS_H
#define PKG_ENGINE_PORTS_H

#include <jansson.h>
#include <stdbool.h>

#include "pkg/engine/config.h"
#include "pkg/engine/engine.h"
#include "runtime/net/port.h"

/*
 * Published ports: -p, -P and --expose as podman reads them, and the words they have in ps, port and inspect.
 * The forwarding itself is slirp4netns's (runtime/net/slirp.h): IPv4, tcp and udp.
 */

/*
 * "[[IP:][HOST]:]CONTAINER[/PROTOCOL]", HOST and CONTAINER a port or a range of equal length: 8080:80, 80, :80,
 * 127.0.0.1:8080:80/udp, 127.0.0.1::80, 8000-8002:80-82, [::1]:8080:80. A HOST left out is host_port 0:
 * each is to be a free one. RET is the caller's (port_map_done).
 */
int port_parse(const char *text, struct port_map *ret, struct fail *f) MUST_USE;
void port_map_done(struct port_map *p);

/* "PORT[-END][/PROTOCOL]" of --expose and EXPOSE, into "PORT/PROTOCOL" each, added to LIST unless there. */
int port_expose_parse(const char *text, char ***list, struct fail *f) MUST_USE;

/*
 * What can be said of -p before the image is known: that it can be read, forwarded and, when the container is to be
 * started at once (O->starts), had.
 */
int ports_check_typed(struct engine *e, const struct run_opts *o, struct fail *f) MUST_USE;

/* O and C->exposed_ports (the image's and --expose's, put in order here) into C->net: complete, with free ports chosen. */
int ports_build(struct engine *e, const struct run_opts *o, struct container_config *c, struct fail *f) MUST_USE;

/* Every port of C can be had now; else who has it, or what forbids it. */
int ports_check(struct engine *e, const struct container_config *c, struct fail *f) MUST_USE;

/* Whether something of NET leads to the container's PORT. */
bool port_is_published(const struct net_group *net, int port, const char *protocol);

/* For the monitor; the strings stay C's. Caller frees. */
struct port_forward *ports_forward(const struct container_config *c, size_t *ret_n) MUST_USE;

/* ps: "0.0.0.0:8080->80/tcp, 127.0.0.1:8000-8002->80-82/udp, 443/tcp", the last only exposed. Caller frees. */
char *ports_text(const struct container_config *c) MUST_USE;
/* ps --format json: [{"host_ip", "container_port", "host_port", "range", "protocol"}], or null. */
json_t *ports_list_json(const struct container_config *c) MUST_USE;
/* inspect, NetworkSettings.Ports and HostConfig.PortBindings: {"80/tcp": [{"HostIp", "HostPort"}]}; what is
 * only exposed is null. */
json_t *ports_json(const struct container_config *c) MUST_USE;
/* inspect, Config.ExposedPorts: what is published and what is only exposed, {"80/tcp": {}}. */
json_t *ports_exposed_json(const struct container_config *c) MUST_USE;

/* "80" or "80/udp", as `port` takes it. *RET_PROTOCOL is the caller's to free. */
int port_private_parse(const char *text, int *ret_port, char **ret_protocol, struct fail *f) MUST_USE;

/*
 * `port`: lines "80/tcp -> 0.0.0.0:8080". With PRIVATE ("80", "80/udp"; NULL: all) "0.0.0.0:8080" of that one;
 * none is -ENOENT in podman's words.
 */
int ports_lines(const struct container_config *c, const char *private_port, char ***ret, struct fail *f) MUST_USE;

#endif
