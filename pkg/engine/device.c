// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/device.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"

enum { FOLDERS_DEEP = 8 };

const struct field device_fields[] = {
	FIELD_STR("PathOnHost", struct config_device, host),
	FIELD_STR("PathInContainer", struct config_device, ctr),
	FIELD_STR("CgroupPermissions", struct config_device, perms),
	FIELD_END
};

static bool is_mode(const char *s)
{
	size_t n = strlen(s);

	return n && n <= 3 && strspn(s, "rwm") == n && strchr(s, *s) == strrchr(s, *s) &&
	       (n < 3 || s[1] != s[2]);
}

static char *group_of(const struct stat *st)
{
	auto_free char *wanted = mem_printf("%u", st->st_gid);
	auto_str struct str s = STR_INIT(16 << 20);
	auto_strv char **lines = NULL;

	if (file_read_linked(AT_FDCWD, "/etc/group", &s) == 0)
		lines = strv_split(str_cstr(&s), "\n", true);
	strv_each(it, lines) {
		auto_strv char **words = strv_split(*it, ":", false);

		if (strv_len(words) > 2 && !strcmp(words[2], wanted))
			return mem_strdup(words[0]);
	}
	return mem_take(&wanted);
}

static int no_access(const char *path, const struct stat *st, int want, int err, struct fail *f)
{
	mode_t bits = (want & R_OK ? 040 : 0) | (want & W_OK ? 020 : 0);
	auto_free char *group = group_of(st);
	int r = fail(f, err, "device '%s' can't be opened by you: it belongs to uid %u and group %s, mode %04o", path,
		     st->st_uid, group, st->st_mode & 07777);

	if (err == EACCES && st->st_gid && (st->st_mode & bits) == bits)
		fail_hint(f, "sudo usermod -aG %s $USER, log in anew, then run it with --group-add keep-groups",
			  group);
	return r;
}

static bool in_supplementary(gid_t gid)
{
	gid_t groups[256];
	int n = getgroups(ARRAY_LEN(groups), groups);

	for (int i = 0; i < n; i++)
		if (groups[i] == gid)
			return true;
	return false;
}

/* The container has the caller's uid and gid, but none of the login's other groups. */
static bool needs_groups(const struct stat *st)
{
	return st->st_uid != geteuid() && st->st_gid != getegid() && (st->st_mode & 06) != 06 &&
	       (st->st_mode & 060) && in_supplementary(st->st_gid);
}

static int add(struct container_config *c, const char *host, const char *ctr, const char *perms,
	       const struct stat *st, struct fail *f)
{
	int want = (strchr(perms, 'r') ? R_OK : 0) | (strchr(perms, 'w') ? W_OK : 0);

	if (c->n_devices == DEVICES_MAX)
		return refuse(f, E2BIG, "more than %d devices", DEVICES_MAX);
	if (access(host, want) < 0)
		return no_access(host, st, want, errno, f);
	c->devices = mem_resize(c->devices, c->n_devices + 1, sizeof(*c->devices));
	c->devices[c->n_devices++] = (struct config_device){
		.host = mem_strdup(host), .ctr = path_clean(ctr), .perms = mem_strdup(perms),
	};
	return 0;
}

static bool is_device(const struct stat *st)
{
	return S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
}

/* What can't be opened is passed over: of /dev/snd or /dev/dri nobody has all. */
static int add_folder(struct container_config *c, const char *host, const char *ctr, const char *perms, int deep,
		      struct fail *f)
{
	DIR *d;
	struct dirent *e;
	int r = fd_opendir(fd_open(AT_FDCWD, host, O_RDONLY | O_DIRECTORY, 0), &d);

	if (r < 0)
		return fail(f, -r, "open the folder '%s'", host);
	while (r == 0 && (e = readdir(d))) {
		auto_free char *from = path_join(host, e->d_name);
		auto_free char *to = path_join(ctr, e->d_name);
		struct stat st;

		if (e->d_name[0] == '.' || fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(st.st_mode) && deep)
			r = add_folder(c, from, to, perms, deep - 1, f);
		else if (is_device(&st) && access(from, R_OK) == 0)
			r = add(c, from, to, perms, &st, f);
	}
	closedir(d);
	return r;
}

static int parse_one(const char *text, struct container_config *c, struct fail *f)
{
	auto_strv char **parts = strv_split(text, ":", false);
	size_t n = strv_len(parts), before = c->n_devices;
	const char *perms = "rwm", *ctr;
	struct stat st;
	int r;

	if (!n || n > 3 || !*parts[0])
		return refuse(f, EINVAL, "invalid device specification: %.200s", text);
	if (*parts[0] != '/' && strchr(parts[0], '='))
		return refuse(f, ENOTSUP, "--device %.200s: devices by name (CDI) are not supported yet", text);
	ctr = n > 1 && *parts[1] == '/' ? parts[1] : parts[0];
	if (n == 3)
		perms = parts[2];
	else if (n == 2 && *parts[1] != '/')
		perms = parts[1];
	if (!is_mode(perms) || (n == 3 && *parts[1] != '/'))
		return refuse(f, EINVAL, "invalid device mode: %.60s", n == 3 && *parts[1] != '/' ? parts[1] : perms);
	if (*ctr != '/')
		return refuse(f, EINVAL, "invalid device specification: %.200s: the path is not absolute", text);
	if (stat(parts[0], &st) < 0)
		return fail(f, errno, "stat %s", parts[0]);
	if (is_device(&st))
		return add(c, parts[0], ctr, perms, &st, f);
	if (!S_ISDIR(st.st_mode))
		return refuse(f, ENODEV, "%.200s is not a valid device: not a device node", parts[0]);
	r = add_folder(c, parts[0], ctr, perms, FOLDERS_DEEP, f);
	if (r == 0 && c->n_devices == before)
		return refuse(f, ENODEV, "no devices found in %.200s", parts[0]);
	return r;
}

int device_parse(const struct device_group *g, struct container_config *c, struct fail *f)
{
	if (g->gpus) {
		(void)refuse(f, ENOTSUP, "--gpus is not supported yet");
		fail_hint(f, "give the devices one by one: --device /dev/dri, --device /dev/nvidia0 ...");
		return -ENOTSUP;
	}
	strv_each(it, g->device) {
		int r = parse_one(*it, c, f);

		if (r < 0)
			return r;
	}
	return 0;
}

void device_warn(const struct container_config *c, void (*warn)(const char *fmt, ...))
{
	bool keep = strv_has(c->process.group_add, "keep-groups");

	for (size_t i = 0; i < c->n_devices; i++) {
		const struct config_device *d = &c->devices[i];
		struct stat st;

		if (!keep && stat(d->host, &st) == 0 && needs_groups(&st)) {
			auto_free char *group = group_of(&st);

			warn("device '%s' is open to you by group %s alone, which a container doesn't have: "
			     "add --group-add keep-groups", d->host, group);
		}
		if (!strchr(d->perms, 'w') && access(d->host, W_OK) == 0)
			warn("device '%s' can be written to in spite of '%s': without root there is no device cgroup, "
			     "and a read-only mount doesn't hold for devices", d->host, d->perms);
	}
}

void device_mounts(const struct container_config *c, struct spec *s)
{
	for (size_t i = 0; i < c->n_devices; i++) {
		const struct config_device *d = &c->devices[i];

		spec_add_mount(s, d->ctr, "bind", d->host, strchr(d->perms, 'w') ?
			       "bind,rprivate,nosuid,noexec,dev" : "bind,rprivate,nosuid,noexec,dev,ro");
	}
}
