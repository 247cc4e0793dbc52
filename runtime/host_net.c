// SPDX-License-Identifier: Apache-2.0
/* What networking needs: slirp4netns, /dev/net/tun, ping, low ports. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pkg/util/mem.h"
#include "pkg/util/spawn.h"
#include "pkg/util/str.h"
#include "runtime/host_check.h"

static void check_slirp(struct host_report *r)
{
	static char *const argv[] = { (char *)"slirp4netns", (char *)"--version", NULL };
	const struct spawn s = { .program = "slirp4netns", .argv = argv };
	auto_str struct str text = STR_INIT(4096);
	struct fail f = { 0 };
	struct host_check *c;
	int e;

	if (!spawn_find("slirp4netns", NULL)) {
		c = host_add(r, "slirp4netns", "not found in PATH");
		host_fault(c, HOST_FAIL, "it is the default network of containers",
			   host_install("slirp4netns"));
		return;
	}
	e = spawn_run(&s, &text, &f);
	if (e != 0) {
		c = host_add(r, "slirp4netns", "does not run: %s", f.code ? f.msg : "it fails");
		host_fault(c, HOST_FAIL, "it is the default network of containers",
			   host_install("slirp4netns"));
		return;
	}
	text.s[strcspn(text.s, "\n")] = '\0';
	host_add(r, "slirp4netns", "%s", text.s);
}

static void check_tun(struct host_report *r)
{
	static const char path[] = "/dev/net/tun";
	struct host_check *c;

	if (access(path, R_OK | W_OK) == 0) {
		host_add(r, "tun device", "%s", path);
		return;
	}
	c = host_add(r, "tun device", "%s: %s", path, strerror(errno));
	host_fault(c, HOST_FAIL, "slirp4netns hands a container its network through it",
		   errno == ENOENT ? host_sudo("modprobe tun") : host_sudo("chmod 0666 %s", path));
}

/* icmp(7): the group ids that may open a ping socket, which slirp4netns needs for containers' pings. */
static void check_ping(struct host_report *r)
{
	auto_free char *line = host_line("/proc/sys/net/ipv4/ping_group_range");
	auto_strv char **v = line ? strv_split(line, " \t", true) : NULL;
	uint64_t low = 0, high = 0;
	struct host_check *c;

	if (strv_len(v) != 2 || str_to_u64(v[0], 10, &low) < 0 || str_to_u64(v[1], 10, &high) < 0)
		return;
	if (low > high)
		c = host_add(r, "ping", "no group may (%s %s)", v[0], v[1]);
	else
		c = host_add(r, "ping", "groups %s to %s may", v[0], v[1]);
	if (getegid() < low || getegid() > high)
		host_fault(c, HOST_WARN, "ping out of containers gets no answer",
			   host_sudo("sysctl -w net.ipv4.ping_group_range=\"0 2147483647\""));
}

static void check_ports(struct host_report *r)
{
	auto_free char *line = host_line("/proc/sys/net/ipv4/ip_unprivileged_port_start");

	if (!line)
		return;
	if (str_eq(line, "0") || !geteuid())
		host_add(r, "ports", "all can be published");
	else
		host_add(r, "ports", "from %s on can be published", line);
}

void host_check_network(struct host_report *r)
{
	check_slirp(r);
	check_tun(r);
	check_ping(r);
	check_ports(r);
}
