// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/str.h"

int port_probe(bool udp, const char *ip, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	socklen_t len = sizeof(a);
	const int on = 1;
	auto_fd int fd = -EBADF;

	if (ip && *ip && inet_pton(AF_INET, ip, &a.sin_addr) != 1)
		return -EINVAL;
	fd = socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* As who listens later does it: connections that linger from before are no hindrance, a listener is. */
	if (!udp && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || (!udp && listen(fd, 1) < 0) ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		return -errno;
	return ntohs(a.sin_port);
}

unsigned port_unprivileged_start(void)
{
	auto_str struct str s = STR_INIT(64);
	uint64_t v;

	if (file_read(AT_FDCWD, "/proc/sys/net/ipv4/ip_unprivileged_port_start", &s) < 0)
		return 1024;
	if (s.len && s.s[s.len - 1] == '\n')
		s.s[--s.len] = '\0';
	return str_to_u64(str_cstr(&s), 10, &v) == 0 && v <= 65535 ? (unsigned)v : 1024;
}

static int refuse_privileged(const char *proto, const char *ip, uint16_t port, struct fail *f)
{
	unsigned start = port_unprivileged_start();

	(void)refuse(f, EACCES, "cannot expose privileged port %u, you can add "
		     "'net.ipv4.ip_unprivileged_port_start=%u' to /etc/sysctl.conf (currently %u), or choose a larger "
		     "port number (>= %u): listen %s %s:%u: bind: permission denied", port, port, start, start, proto,
		     ip, port);
	fail_hint(f, "choose a higher port of the host (%u, say), or sudo sysctl -w net.ipv4.ip_unprivileged_port_start=%u",
		  port + 8000U, port);
	return -EACCES;
}

int port_refuse(bool udp, const char *ip, uint16_t port, int err, const char *who, struct fail *f)
{
	const char *proto = udp ? "udp" : "tcp";

	if (!ip || !*ip)
		ip = "0.0.0.0";
	if (err == EACCES || err == EPERM)
		return refuse_privileged(proto, ip, port, f);
	if (err == EADDRINUSE) {
		(void)refuse(f, err, "publish port %u: listen %s %s:%u: bind: address already in use%s%s%s", port, proto,
			     ip, port, who ? " (by " : "", who ? who : "", who ? ")" : "");
		fail_hint(f, "choose another port of the host, or none (-p CONTAINER_PORT) for one that is free");
		return -err;
	}
	if (err == EADDRNOTAVAIL) {
		(void)refuse(f, err, "publish port %u: listen %s %s:%u: bind: cannot assign requested address", port,
			     proto, ip, port);
		fail_hint(f, "%s is no address of this machine: see 'ip addr'", ip);
		return -err;
	}
	return fail(f, err, "publish port %u: listen %s %s:%u: bind", port, proto, ip, port);
}
