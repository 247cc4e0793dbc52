// SPDX-License-Identifier: Apache-2.0
/* The login: runtime folder, lingering, and the cgroup that is delegated to us. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "runtime/cgroup.h"
#include "runtime/host_check.h"

/* NULL: a folder that sockets of ours can lie in, else what is wrong with it. */
static const char *dir_fault(const char *path)
{
	struct stat st;

	if (*path != '/')
		return "is not an absolute path";
	if (lstat(path, &st) < 0)
		return errno == ENOENT ? "does not exist" : "can't be looked at";
	if (!S_ISDIR(st.st_mode))
		return "is not a folder";
	if (st.st_uid != geteuid())
		return "belongs to another user";
	if (st.st_mode & 0077)
		return "is open to others";
	return access(path, W_OK | X_OK) == 0 ? NULL : "can't be written";
}

bool host_has_systemd(void)
{
	return access("/run/systemd/system", F_OK) == 0;
}

/* What makes the session's own folder come back, or the variable point to it. */
static char *rundir_fix(const char *xdg, const char *user_dir)
{
	const char *fault = xdg ? dir_fault(xdg) : NULL;

	if (!dir_fault(user_dir))
		return mem_printf("export XDG_RUNTIME_DIR=%s", user_dir);
	if (fault && (str_eq(fault, "is open to others") || str_eq(fault, "can't be written")))
		return mem_printf("chmod 0700 %s", xdg);
	if (host_has_systemd()) {
		auto_free char *user = host_user();

		return host_sudo("loginctl enable-linger %s && export XDG_RUNTIME_DIR=%s", user, user_dir);
	}
	/* A folder that no cleaner visits, the same in every shell; sockets' names in it stay below their 107 bytes. */
	return mem_strdup("mkdir -p -m 700 ~/.rbox-run && echo 'export XDG_RUNTIME_DIR=~/.rbox-run' >>~/.profile"
			  " && export XDG_RUNTIME_DIR=~/.rbox-run");
}

void host_check_rundir(struct host_report *r)
{
	const char *env = getenv("XDG_RUNTIME_DIR");
	const char *xdg = env && *env ? env : NULL;
	auto_free char *user_dir = mem_printf("/run/user/%u", geteuid());
	auto_free char *fallback = mem_printf("/tmp/rbox-%u", geteuid());
	const char *fault = xdg ? dir_fault(xdg) : NULL;
	bool user_dir_ok = !dir_fault(user_dir);
	struct stat st;
	struct host_check *c;

	if (xdg && !fault) {
		host_add(r, "runtime folder", "%s", xdg);
		return;
	}
	c = host_add(r, "runtime folder", "%s %s; %s is used instead", xdg ? xdg : "XDG_RUNTIME_DIR",
		     xdg ? fault : "is not set", user_dir_ok ? user_dir : fallback);
	if (user_dir_ok && !xdg) {
		/* As after ssh or su: the right folder is found all the same. */
		return;
	}
	if (!user_dir_ok && lstat(fallback, &st) == 0 && dir_fault(fallback)) {
		host_found(c, "%s, which would stand in, %s", fallback, dir_fault(fallback));
		host_fault(c, HOST_FAIL, "there is no safe place for the sockets of containers",
			   st.st_uid == geteuid() ? mem_printf("chmod 0700 %s", fallback) :
						    host_sudo("rm -r %s", fallback));
		return;
	}
	host_fault(c, HOST_WARN, "cleaners of /tmp may take the sockets of running containers away",
		   rundir_fix(xdg, user_dir));
}

/* Which of the controllers that limits need are not among HAVE (NULL: none are). */
static char *missing_controllers(const char *have)
{
	static const char *const wanted[] = { "memory", "cpu", "pids", "io", "cpuset" };
	auto_strv char **v = have ? strv_split(have, " ", true) : NULL;
	auto_strv char **missing = NULL;

	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		if (!strv_has(v, wanted[i]))
			strv_add(&missing, wanted[i]);
	return strv_join(missing, " ");
}

static char *delegate_fix(void)
{
	if (host_has_systemd())
		return host_sudo("sh -c 'mkdir -p /etc/systemd/system/user@.service.d && printf \"[Service]\\n"
				 "Delegate=cpu cpuset io memory pids\\n\" "
				 ">/etc/systemd/system/user@.service.d/delegate.conf && systemctl daemon-reload'");
	return mem_strdup("give your cgroup's folder with its cgroup.procs, cgroup.threads and "
			  "cgroup.subtree_control to your user (chown), or start rbox from a systemd user session");
}

/* The cgroup whose controllers containers can get: our own when it is ours, else the user manager's. */
static char *delegated_folder(const char *own)
{
	auto_free char *manager = mem_printf("/user.slice/user-%u.slice/user@%u.service", geteuid(), geteuid());
	auto_free char *procs = mem_printf("%s/cgroup.procs", own);
	auto_free char *folder = NULL;

	if (access(own, W_OK) == 0 && access(procs, W_OK) == 0)
		return mem_strdup(own);
	folder = cgroup_folder(manager);
	if (folder && access(folder, W_OK) == 0)
		return mem_take(&folder);
	return NULL;
}

/* Hybrid: a v2 is mounted, but a v1 hierarchy holds the controllers, and no v2 cgroup can get them then. */
static bool is_hybrid(void)
{
	auto_str struct str s = STR_INIT(64 * 1024);

	return file_read(AT_FDCWD, "/proc/self/cgroup", &s) >= 0 && strstr(str_cstr(&s), ":memory:");
}

/* cgroup_no_v1: the kernel's own; the other is systemd's (kernel-command-line(7)). */
static char *unify_fix(void)
{
	return mem_strdup(host_has_systemd() ?
			  "boot with systemd.unified_cgroup_hierarchy=1 cgroup_no_v1=all on the kernel's command line" :
			  "boot with cgroup_no_v1=all on the kernel's command line, and mount -t cgroup2 none "
			  "/sys/fs/cgroup");
}

void host_check_cgroup(struct host_report *r)
{
	static const char why[] = "limits (--memory, --cpus, --pids-limit) can't be applied";
	auto_free char *path = cgroup_of(0);
	auto_free char *own = path ? cgroup_folder(path) : NULL;
	auto_free char *folder = NULL;
	auto_free char *list = NULL;
	auto_free char *have = NULL;
	auto_free char *missing = NULL;
	struct host_check *c;

	if (!own || is_hybrid()) {
		c = host_add(r, "cgroup", own ? "cgroup v1 holds the controllers (hybrid hierarchy)" :
						"no cgroup v2 is mounted");
		host_fault(c, HOST_WARN, why, unify_fix());
		return;
	}
	folder = delegated_folder(own);
	if (!folder) {
		c = host_add(r, "cgroup", "%s is not delegated to you", path);
		host_fault(c, HOST_WARN, why, delegate_fix());
		return;
	}
	list = mem_printf("%s/cgroup.controllers", folder);
	have = host_line(list);
	missing = missing_controllers(have);
	c = host_add(r, "cgroup", "%s: %s", folder, have && *have ? have : "no controllers");
	if (*missing) {
		auto_free char *text = mem_printf("limits by these controllers can't be applied: %s", missing);

		host_fault(c, HOST_WARN, text, delegate_fix());
	}
}

void host_check_session(struct host_report *r)
{
	auto_free char *user = host_user();
	auto_free char *path = mem_printf("/var/lib/systemd/linger/%s", user);
	struct host_check *c;

	if (!host_has_systemd() || !geteuid())
		return;
	if (access(path, F_OK) == 0) {
		host_add(r, "linger", "on");
		return;
	}
	c = host_add(r, "linger", "off");
	host_fault(c, HOST_WARN, "containers started with -d end when you log out",
		   mem_strdup("loginctl enable-linger"));
}
