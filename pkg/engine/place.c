// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/place.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/sig.h"
#include "pkg/util/str.h"

#define ZONES "/usr/share/zoneinfo"

const struct field place_fields[] = {
	FIELD_STR("Timezone", struct place_group, timezone),
	FIELD_STR("SystemdMode", struct place_group, systemd),
	FIELD_STR("InitPath", struct place_group, init_path),
	FIELD_STR("Domainname", struct place_group, domainname),
	FIELD_BOOL("NoHostname", struct place_group, no_hostname),
	FIELD_END
};

static char *zone_path(const char *zone)
{
	return strcmp(zone, "local") ? path_join(ZONES, zone) : mem_strdup("/etc/localtime");
}

/* tzfile(5): the first four bytes. What else lies in that folder (zone.tab) is no time zone. */
static bool is_zone(int fd)
{
	char head[4];

	return io_read_full(fd, head, sizeof(head)) == sizeof(head) && !memcmp(head, "TZif", 4);
}

static int check_zone(const char *zone, struct fail *f)
{
	auto_free char *path = zone_path(zone);
	auto_fd int fd = -EBADF;
	struct stat st;

	/* A host without the file keeps UTC, and so does the container. */
	if (!strcmp(zone, "local"))
		return 0;
	if (!*zone || *zone == '/' || strstr(zone, ".."))
		return refuse(f, EINVAL, "invalid timezone '%.100s': Area/City or local is wanted", zone);
	fd = fd_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0) {
		(void)fail(f, -fd, "find timezone '%.100s': open %s", zone, path);
		fail_hint(f, access(ZONES, F_OK) ? "apt install tzdata" :
			  "names are like Europe/Berlin: see timedatectl list-timezones");
		return fd;
	}
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		return refuse(f, EISDIR, "invalid timezone '%.100s': is a directory", zone);
	return is_zone(fd) ? 0 : refuse(f, EINVAL, "invalid timezone '%.100s': %s is no time zone", zone, path);
}

static bool is_systemd_command(const char *word)
{
	static const char *const paths[] = { "/sbin/init", "/usr/sbin/init", "/usr/local/sbin/init" };

	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		if (!strcmp(paths[i], word))
			return true;
	return !strcmp(path_base(word), "systemd");
}

static int set_systemd(const struct place_group *g, bool stop_signal_given, struct container_config *c,
		       struct fail *f)
{
	const char *mode = g->systemd ? g->systemd : "true";
	bool on = false;

	if (strcmp(mode, "always")) {
		if (str_to_bool(mode, &on) < 0)
			return refuse(f, EINVAL, "invalid --systemd '%.40s': must be one of \"true, false, always\"",
				      mode);
		on = on && c->args && is_systemd_command(c->args[0]);
	} else {
		on = true;
	}
	mem_replace(&c->place.systemd, on ? mem_strdup("true") : NULL);
	if (!on)
		return 0;
	strv_addf(&c->env, "container_uuid=%.32s", c->id ? c->id : "");
	if (stop_signal_given)
		return 0;
	mem_replace(&c->life.stop_signal, mem_strdup("SIGRTMIN+3"));
	return sig_parse("SIGRTMIN+3", &c->stop_signal, f);
}

int place_set(const struct place_group *g, bool stop_signal_given, struct container_config *c, struct fail *f)
{
	int r = g->timezone ? check_zone(g->timezone, f) : 0;

	if (r < 0)
		return r;
	if (g->domainname && (!*g->domainname || strlen(g->domainname) > 64))
		return refuse(f, EINVAL, "invalid --domainname '%.80s': 1 to 64 bytes", g->domainname);
	if (g->init_path && (*g->init_path != '/' || access(g->init_path, X_OK) < 0))
		return refuse(f, EINVAL, "--init-path '%.200s': the absolute path of a program is wanted",
			      g->init_path);
	jsonf_copy(place_fields, &c->place, g);
	return set_systemd(g, stop_signal_given, c, f);
}

bool place_is_systemd(const struct container_config *c)
{
	return c->place.systemd != NULL;
}

static bool is_mounted(const struct container_config *c, const char *destination)
{
	for (size_t i = 0; i < c->n_mounts; i++)
		if (!strcmp(c->mounts[i].destination, destination))
			return true;
	return false;
}

void place_mounts_before(const struct container_config *c, struct spec *s)
{
	static const char *const dirs[] = { "/run", "/run/lock", "/tmp", "/var/log/journal" };

	for (size_t i = 0; place_is_systemd(c) && i < ARRAY_LEN(dirs); i++)
		if (!is_mounted(c, dirs[i]))
			spec_add_mount(s, dirs[i], "tmpfs", "tmpfs", "rw,rprivate,nosuid,nodev,tmpcopyup");
}

void place_mounts_after(const struct container_config *c, struct spec *s)
{
	auto_free char *path = c->place.timezone ? zone_path(c->place.timezone) : NULL;

	if (path && !is_mounted(c, "/etc/localtime") && access(path, R_OK) == 0)
		spec_add_mount(s, "/etc/localtime", "bind", path, "bind,rprivate,nosuid,noexec,nodev,ro");
}
