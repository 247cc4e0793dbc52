// SPDX-License-Identifier: Apache-2.0
/* The store's file system, and whether overlay can be mounted on it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/spawn.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "runtime/host_check.h"
#include "runtime/ns.h"

/* statfs(2). REMOTE: other machines' files, on which users' namespaces have no say. */
static const struct fs_type {
	long magic;
	const char *name;
	bool remote;
} fs_types[] = {
	{ 0xef53, "ext4", false },	{ 0x58465342, "xfs", false },	{ 0x9123683e, "btrfs", false },
	{ 0xf2f52010, "f2fs", false },	{ 0x2fc12fc1, "zfs", false },	{ 0x01021994, "tmpfs", false },
	{ 0x794c7630, "overlay", false }, { 0xf15f, "ecryptfs", false }, { 0xca451a4e, "bcachefs", false },
	{ 0x6969, "nfs", true },	{ 0xff534d42, "cifs", true },	{ 0xfe534d42, "smb", true },
	{ 0x517b, "smb", true },	{ 0x01021997, "9p", true },	{ 0x0bd00bd0, "lustre", true },
	{ 0x47504653, "gpfs", true },	{ 0x19830326, "beegfs", true },	{ 0x00c36400, "ceph", true },
	{ 0x5346414f, "afs", true },	{ 0x65735546, "fuse", false },
};

static const struct fs_type *fs_type(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(fs_types); i++)
		if (fs_types[i].magic == (long)(uint32_t)fs.f_type)
			return &fs_types[i];
	return NULL;
}

static char *move_command(void)
{
	return mem_strdup("export XDG_DATA_HOME=/var/tmp/$USER   # or another folder on a local disk");
}

static void check_type(const struct host_place *p, struct host_report *r)
{
	const struct fs_type *t = fs_type(p->store_fd);
	struct host_check *c = host_add(r, "store", "%s on %s", p->store_path, t ? t->name : "another file system");
	struct statvfs fs;

	if (t && t->remote)
		host_fault(c, HOST_FAIL, "a network file system knows no subordinate ids and can't carry overlay",
			   move_command());
	else if (t && str_eq(t->name, "tmpfs"))
		host_fault(c, HOST_WARN, "it lies in memory: a reboot empties it", move_command());
	else if (fstatvfs(p->store_fd, &fs) == 0 && (fs.f_flag & ST_RDONLY))
		host_fault(c, HOST_FAIL, "it is mounted read-only",
			   host_sudo("mount -o remount,rw $(df --output=target %s | tail -1)", p->store_path));
}

static void check_space(const struct host_place *p, struct host_report *r)
{
	static const char make_room[] = "rbox container prune; rbox volume prune; rbox rmi IMAGE...";
	enum { LOW_MIB = 100, SMALL_MIB = 2048, LOW_FILES = 1000, SMALL_FILES = 50000 };
	char size[SIZE_HUMAN_MAX];
	struct statvfs fs;
	struct host_check *c;
	uint64_t mib;

	if (fstatvfs(p->store_fd, &fs) < 0)
		return;
	mib = (uint64_t)fs.f_bavail * fs.f_frsize >> 20;
	c = host_add(r, "free space", "%s", size_human((uint64_t)fs.f_bavail * fs.f_frsize, size));
	if (fs.f_files)
		host_found(c, "%s, %llu files", size_human((uint64_t)fs.f_bavail * fs.f_frsize, size),
			   (unsigned long long)fs.f_favail);
	if (mib < LOW_MIB || (fs.f_files && fs.f_favail < LOW_FILES))
		host_fault(c, HOST_FAIL, "there is no room for an image",
			   mem_strdup(make_room));
	else if (mib < SMALL_MIB || (fs.f_files && fs.f_favail < SMALL_FILES))
		host_fault(c, HOST_WARN, "there is room for a small image only",
			   mem_strdup(make_room));
}

/* Where a mount's flags are known, by what they break. */
static void check_flags(const struct host_place *p, bool overlay, struct host_report *r)
{
	static const struct {
		unsigned long flag;
		const char *name, *why;
	} rows[] = {
		{ ST_NOEXEC, "noexec", "nothing in a container can be started where overlay is not used" },
		{ ST_NOSUID, "nosuid", "setuid programs (sudo, ping) don't work in containers where overlay is not used" },
		{ ST_NODEV, "nodev", NULL },	/* users can't make devices anyway */
	};
	struct statvfs fs;

	if (fstatvfs(p->store_fd, &fs) < 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *name = mem_printf("store mounted %s", rows[i].name);
		struct host_check *c;

		if (!(fs.f_flag & rows[i].flag) || !rows[i].why)
			continue;
		c = host_add(r, name, "%s", overlay ? "overlay mounts on it are not" : "by its mount's options");
		host_fault(c, overlay ? HOST_WARN : HOST_FAIL, rows[i].why,
			   host_sudo("mount -o remount,%s $(df --output=target %s | tail -1)",
				     rows[i].name + 2, p->store_path));
	}
}

void host_check_store(const struct host_place *p, struct host_report *r)
{
	/* Why it could not be opened is the caller's to say. */
	if (p->store_fd < 0)
		return;
	check_type(p, r);
	check_space(p, r);
}

/* Exit statuses of the probe's child that are no errno. */
enum { PROBE_NO_NS = 200, PROBE_NO_EXEC };

/* In a child, in user and mount namespaces of its own: mounts, runs, and removes a lower file. */
static int probe_overlay(int dir_fd)
{
	char options[512], target[FD_PATH_MAX + 16], at[FD_PATH_MAX];

	fd_path(dir_fd, at);
	snprintf(options, sizeof(options), "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work,userxattr", at,
		 at, at);
	snprintf(target, sizeof(target), "%s/merged", at);
	if (mount("overlay", target, "overlay", 0, options) < 0)
		return errno;
	if (faccessat(dir_fd, "merged/program", X_OK, 0) < 0)
		return PROBE_NO_EXEC;
	/* Makes a whiteout: a device 0/0, which users may make from 5.8 on. */
	return unlinkat(dir_fd, "merged/file", 0) < 0 ? errno : 0;
}

static int write_map(const char *file, unsigned id)
{
	auto_free char *text = mem_printf("0 %u 1", id);
	auto_fd int fd = fd_open(AT_FDCWD, file, O_WRONLY, 0);

	return fd < 0 ? fd : io_write_full(fd, text, strlen(text));
}

/* The same folder as a mount of our new namespace sees it: overlay takes no others (EINVAL). */
static int open_again(int dir_fd)
{
	char at[FD_PATH_MAX], path[4096];
	ssize_t n = readlink(fd_path(dir_fd, at), path, sizeof(path) - 1);

	if (n <= 0)
		return -ENOENT;
	path[n] = '\0';
	return fd_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
}

static int overlay_child(int dir_fd, uid_t uid, gid_t gid)
{
	auto_fd int setgroups = fd_open(AT_FDCWD, "/proc/self/setgroups", O_WRONLY, 0);
	auto_fd int again = -EBADF;

	if (setgroups < 0 || io_write_full(setgroups, "deny", 4) < 0 ||
	    write_map("/proc/self/uid_map", uid) < 0 || write_map("/proc/self/gid_map", gid) < 0 ||
	    ns_unshare(CLONE_NEWNS) < 0)
		return PROBE_NO_NS;
	again = open_again(dir_fd);
	return again < 0 ? -again : probe_overlay(again);
}

static int try_overlay(int dir_fd)
{
	static const char *const folders[] = { "lower", "upper", "work", "merged" };
	auto_fd int lower = -EBADF;
	uid_t uid = geteuid();
	gid_t gid = getegid();
	pid_t pid;
	int r;

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (mkdirat(dir_fd, folders[i], 0755) < 0)
			return -errno;
	lower = fd_open(dir_fd, "lower", O_RDONLY | O_DIRECTORY, 0);
	r = lower < 0 ? lower : file_replace(lower, "program", "#!/bin/sh\n", 10, 0755, 0);
	if (r == 0)
		r = file_replace(lower, "file", "", 0, 0644, 0);
	if (r < 0)
		return r;
	pid = ns_clone(CLONE_NEWUSER, -EBADF, NULL);
	if (pid < 0)
		return -PROBE_NO_NS;
	if (pid == 0)
		_exit(overlay_child(dir_fd, uid, gid));
	r = spawn_wait(pid);
	return r > 0 ? -r : r;
}

/* fuse-overlayfs stands in where the kernel's overlay can't: 0 when it can be used. */
static bool check_fuse(struct host_report *r, bool needed)
{
	bool program = spawn_find("fuse-overlayfs", NULL);
	bool device = access("/dev/fuse", R_OK | W_OK) == 0;
	struct host_check *c = host_add(r, "fuse-overlayfs", "%s%s", program ? "installed" : "not installed",
					device ? "" : ", /dev/fuse can't be opened");

	if ((program && device) || !needed) {
		if (!needed)
			host_found(c, "%s (not needed here)", program ? "installed" : "not installed");
		return program && device;
	}
	host_fault(c, HOST_WARN, "without overlay every container gets a whole copy of its image",
		   program ? host_sudo("modprobe fuse") : host_install("fuse-overlayfs"));
	return false;
}

void host_check_overlay(const struct host_place *p, struct host_report *r)
{
	int e = p->probe_fd < 0 ? -PROBE_NO_NS : try_overlay(p->probe_fd);
	const struct fs_type *t = p->store_fd < 0 ? NULL : fs_type(p->store_fd);
	struct host_check *c;

	if (p->probe_fd < 0)
		return;
	c = host_add(r, "overlay", "%s", "mounts in the store as a user");
	if (e == -PROBE_NO_NS) {
		host_found(c, "not tried: no user namespace could be made");
		host_fault(c, HOST_FAIL, "containers' root file systems are overlay mounts",
			   mem_strdup("mend the user namespaces first"));
		return;
	}
	if (e == -PROBE_NO_EXEC) {
		host_found(c, "programs in it can't be started");
		host_fault(c, HOST_FAIL, "the store's mount forbids it (noexec)",
			   host_sudo("mount -o remount,exec $(df --output=target %s | tail -1)", p->store_path));
	} else if (e < 0) {
		host_found(c, "refused on %s: %s", t ? t->name : "this file system", strerror(-e));
		host_fault(c, HOST_WARN, "fuse-overlayfs or copies are slower", move_command());
	}
	check_flags(p, e == 0, r);
	check_fuse(r, e < 0);
}
