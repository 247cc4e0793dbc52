/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_NET_PORT_H
#define RUNTIME_NET_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "pkg/util/fail.h"

/*
 * Ports of the host that lead into a container: COUNT of them from HOST on, to as many from GUEST
 * on. IP is an IPv4 address of the host; NULL or "": every one.
 */
struct port_forward {
	bool udp;
	const char *ip;
	uint16_t host, guest, count;
};

/*
 * Whether PORT of the host can be listened on now: binds it and lets it go again. PORT 0: the kernel chooses a free
 * one. Returns the port, or -errno (-EADDRINUSE, -EACCES, -EADDRNOTAVAIL ...).
 */
int port_probe(bool udp, const char *ip, uint16_t port) MUST_USE;

/*
 * Records why PORT can't be had (ERR, an errno value) in podman's words, which scripts look for ("bind: address
 * already in use"), with what mends it; returns -ERR. WHO ("container web"; NULL: unknown) has it now.
 */
int port_refuse(bool udp, const char *ip, uint16_t port, int err, const char *who, struct fail *f);

/* The first port that a user may listen on (ip(7), ip_unprivileged_port_start). */
unsigned port_unprivileged_start(void);

#endif
