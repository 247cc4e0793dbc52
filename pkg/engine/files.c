// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>

#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

enum { HOST_FILE_MAX = 1 << 20 };

/* slirp4netns(1): the addresses of its small network. */
#define SLIRP_ADDRESS "10.0.2.100"
#define SLIRP_GATEWAY "10.0.2.2"
#define SLIRP_DNS "10.0.2.3"

static bool is_slirp(const struct container_config *c)
{
	return !strcmp(c->net.mode, "slirp4netns");
}

char *hostname_default(const struct container_config *c)
{
	struct utsname u;

	if (!strcmp(c->net.mode, "host") && uname(&u) == 0)
		return mem_strdup(u.nodename);
	return mem_strndup(c->id, 12);
}

int hosts_file_set(const char *typed, struct container_config *c, struct fail *f)
{
	if (!typed || !*typed)
		return 0;
	if (c->net.no_hosts)
		return refuse(f, EINVAL, "--no-hosts and --hosts-file cannot be set together");
	if (!strcmp(typed, "image")) {
		(void)refuse(f, ENOTSUP, "--hosts-file image is not supported");
		fail_hint(f, "--no-hosts leaves the image's /etc/hosts as it is");
		return -ENOTSUP;
	}
	mem_replace(&c->net.hosts_file, mem_strdup(typed));
	return 0;
}

/* What it begins with. The host's own may be missing; one that was asked for may not. */
static int add_base(const struct container_config *c, struct str *s, struct fail *f)
{
	const char *file = c->net.hosts_file;
	auto_str struct str host = STR_INIT(HOST_FILE_MAX);
	int r;

	if (str_eq(file, "none"))
		return 0;
	r = file_read_linked(AT_FDCWD, file ? file : "/etc/hosts", &host);
	if (r < 0)
		return file ? fail(f, -r, "--hosts-file: read '%s'", file) : 0;
	str_addn(s, str_cstr(&host), host.len);
	if (host.len && host.s[host.len - 1] != '\n')
		str_addc(s, '\n');
	return 0;
}

static int build_hosts(const struct container_config *c, struct str *s, struct fail *f)
{
	const char *own = is_slirp(c) ? SLIRP_ADDRESS : "127.0.0.1";
	int r = add_base(c, s, f);

	if (r < 0)
		return r;
	if (!strstr(str_cstr(s), "localhost"))
		str_add(s, "127.0.0.1\tlocalhost\n::1\tlocalhost\n");
	strv_each(it, c->net.add_host) {
		const char *ip = strchr(*it, ':') + 1;

		str_addf(s, "%s\t%.*s\n", strcmp(ip, "host-gateway") ? ip : SLIRP_GATEWAY,
			 (int)(ip - 1 - *it), *it);
	}
	if (is_slirp(c))
		str_add(s, SLIRP_GATEWAY "\thost.containers.internal host.docker.internal\n");
	if (strcmp(c->net.mode, "host"))
		str_addf(s, "%s\t%s %s\n", own, c->net.hostname, c->name ? c->name : "");
	return 0;
}

/* The host's resolvers, less those on its own loopback: they are out of reach from inside. */
static void add_host_resolvers(const struct container_config *c, struct str *s)
{
	auto_str struct str host = STR_INIT(HOST_FILE_MAX);
	auto_strv char **lines = NULL;
	bool keep_loopback = !strcmp(c->net.mode, "host");

	if (file_read_linked(AT_FDCWD, "/etc/resolv.conf", &host) < 0)
		return;
	lines = strv_split(str_cstr(&host), "\n", true);
	strv_each(it, lines) {
		const char *value = *it + strcspn(*it, " \t");
		size_t word = (size_t)(value - *it);

		value += strspn(value, " \t");
		if (word == 10 && !strncmp(*it, "nameserver", 10)) {
			if (c->net.dns || (!keep_loopback && (str_starts(value, "127.") || str_starts(value, "::1"))))
				continue;
		} else if ((word == 6 && !strncmp(*it, "search", 6) && c->net.dns_search) ||
			   (word == 7 && !strncmp(*it, "options", 7) && c->net.dns_option) || **it == '#' ||
			   **it == ';') {
			continue;
		}
		str_addf(s, "%s\n", *it);
	}
}

static void build_resolv(const struct container_config *c, struct str *s)
{
	auto_free char *search = strv_join(c->net.dns_search, " ");
	auto_free char *options = strv_join(c->net.dns_option, " ");

	if (*search && strcmp(search, "."))
		str_addf(s, "search %s\n", search);
	if (is_slirp(c) && !c->net.dns)
		str_add(s, "nameserver " SLIRP_DNS "\n");
	strv_each(it, c->net.dns)
		str_addf(s, "nameserver %s\n", *it);
	if (*options)
		str_addf(s, "options %s\n", options);
	add_host_resolvers(c, s);
}

static void build_containerenv(const struct container_config *c, struct str *s)
{
	/* Empty unless privileged: what is inside need not know where it is (podman's rule). */
	if (!c->security.privileged)
		return;
	str_addf(s, "engine=\"rbox-" RBOX_VERSION "\"\nname=\"%s\"\nid=\"%s\"\nimage=\"%s\"\nimageid=\"%s\"\n"
		 "rootless=1\n", c->name ? c->name : "", c->id, c->image_name ? c->image_name : "",
		 c->image_id ? c->image_id : "");
}

static int write_one(int dir_fd, const char *name, const struct str *s, struct fail *f)
{
	int r = file_replace(dir_fd, name, str_cstr(s), s->len, 0644, FILE_UNSEEN);

	return r < 0 ? fail(f, -r, "write the container's %s", name) : 0;
}

int files_write(int dir_fd, const struct container_config *c, struct fail *f)
{
	auto_str struct str s = STR_INIT(2 * HOST_FILE_MAX);
	int r = 0;

	if (!c->net.no_hosts) {
		r = build_hosts(c, &s, f);
		if (r == 0)
			r = write_one(dir_fd, "hosts", &s, f);
	}
	if (r < 0)
		return r;
	str_clear(&s);
	build_resolv(c, &s);
	r = write_one(dir_fd, "resolv.conf", &s, f);
	if (r < 0)
		return r;
	str_clear(&s);
	str_addf(&s, "%s\n", c->net.hostname);
	r = write_one(dir_fd, "hostname", &s, f);
	if (r < 0)
		return r;
	str_clear(&s);
	build_containerenv(c, &s);
	return write_one(dir_fd, "containerenv", &s, f);
}
