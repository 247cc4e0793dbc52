// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/ports_holder.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pkg/engine/container.h"
#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"

enum { PROC_NET_MAX = 64 << 20, LISTENING = 0x0a };

/* One line of /proc/net/tcp or udp (proc_pid_net(5)): who has the socket. */
struct socket_row {
	unsigned uid;
	unsigned long long inode;
};

static bool is_any(const char *ip)
{
	return !ip || !*ip || !strcmp(ip, "0.0.0.0");
}

static bool maps_port(const struct container_config *c, bool udp, const char *ip, uint16_t port)
{
	for (size_t i = 0; i < c->net.n_ports; i++) {
		const struct port_map *p = &c->net.ports[i];

		if (str_eq(p->protocol, udp ? "udp" : "tcp") && port >= p->host_port && port < p->host_port + p->count &&
		    (is_any(ip) || is_any(p->host_ip) || !strcmp(ip, p->host_ip)))
			return true;
	}
	return false;
}

static bool name_container(struct engine *e, bool udp, const char *ip, uint16_t port, struct str *ret)
{
	struct fail ignored = { 0 };
	auto_strv char **ids = NULL;
	bool found = false;

	if (ctr_list(&e->store, &ids, &ignored) < 0)
		return false;
	for (char **it = ids; !found && it && *it; it++) {
		auto_fd int dir = ctr_open(&e->store, *it, &ignored);
		struct container_config c = { 0 };

		fail_clear(&ignored);
		if (dir < 0 || !ctr_is_running(dir) || config_load(dir, &c, &ignored) < 0) {
			fail_clear(&ignored);
			continue;
		}
		found = maps_port(&c, udp, ip, port);
		if (found)
			str_addf(ret, "container %s", c.name);
		config_done(&c);
	}
	return found;
}

/* "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12345 ..." */
static bool row_matches(const char *line, bool udp, const char *ip, uint16_t port, struct socket_row *ret)
{
	char address[33];
	unsigned at, state, listens, wanted = 0;
	int n = sscanf(line, " %*[^:]: %32[0-9A-F]:%x %*32[0-9A-F]:%*x %x %*s %*s %*s %u %*u %llu", address, &at,
		       &state, &ret->uid, &ret->inode);

	if (n != 5 || at != port || (!udp && state != LISTENING))
		return false;
	/* Of IPv6: one that listens on all takes IPv4's too. */
	if (strlen(address) != 8)
		return strspn(address, "0") == 32;
	if (is_any(ip) || strspn(address, "0") == 8)
		return true;
	/* Written as the machine's own number, whatever its order of bytes. */
	return inet_pton(AF_INET, ip, &wanted) == 1 && sscanf(address, "%x", &listens) == 1 && listens == wanted;
}

static bool find_socket(bool udp, const char *ip, uint16_t port, struct socket_row *ret)
{
	static const char *const files[2][2] = {
		{ "/proc/net/tcp", "/proc/net/tcp6" }, { "/proc/net/udp", "/proc/net/udp6" },
	};

	for (size_t i = 0; i < 2; i++) {
		auto_str struct str text = STR_INIT(PROC_NET_MAX);
		auto_strv char **lines = NULL;

		if (file_read_linked(AT_FDCWD, files[udp][i], &text) < 0)
			continue;
		lines = strv_split(str_cstr(&text), "\n", true);
		strv_each(it, lines)
			if (row_matches(*it, udp, ip, port, ret))
				return true;
	}
	return false;
}

/* Whether process PID holds the socket whose link reads WANTED. */
static bool holds(int proc_fd, const char *pid, const char *wanted)
{
	auto_free char *path = mem_printf("%s/fd", pid);
	struct dirent *e;
	char link[64];
	DIR *d;
	bool hit = false;

	if (fd_opendir(fd_open(proc_fd, path, O_RDONLY | O_DIRECTORY, 0), &d) < 0)
		return false;
	while (!hit && (e = readdir(d))) {
		ssize_t n = readlinkat(dirfd(d), e->d_name, link, sizeof(link) - 1);

		if (n <= 0)
			continue;
		link[n] = '\0';
		hit = !strcmp(link, wanted);
	}
	closedir(d);
	return hit;
}

static bool name_process(const struct socket_row *row, struct str *ret)
{
	auto_free char *wanted = mem_printf("socket:[%llu]", row->inode);
	auto_fd int proc = fd_open(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY, 0);
	struct dirent *e;
	DIR *d;
	bool found = false;

	if (fd_opendir(fd_open(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY, 0), &d) < 0)
		return false;
	while (!found && (e = readdir(d))) {
		auto_str struct str comm = STR_INIT(64);
		auto_free char *path = mem_printf("%s/comm", e->d_name);

		if (strspn(e->d_name, "0123456789") != strlen(e->d_name) || !holds(proc, e->d_name, wanted))
			continue;
		found = true;
		(void)!file_read(proc, path, &comm);
		if (comm.len && comm.s[comm.len - 1] == '\n')
			comm.s[--comm.len] = '\0';
		str_addf(ret, "process %s (%s)", e->d_name, str_cstr(&comm));
	}
	closedir(d);
	return found;
}

void port_holder(struct engine *e, bool udp, const char *ip, uint16_t port, struct str *ret)
{
	struct socket_row row;

	if (name_container(e, udp, ip, port, ret) || !find_socket(udp, ip, port, &row) || name_process(&row, ret))
		return;
	if (!row.uid)
		str_add(ret, "a process of root");
	else
		str_addf(ret, "a process of uid %u", row.uid);
}
