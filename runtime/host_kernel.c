// SPDX-License-Identifier: Apache-2.0
/* The kernel: version, seccomp, Landlock, user namespaces. */
#include <errno.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "pkg/util/mem.h"
#include "pkg/util/spawn.h"
#include "pkg/util/str.h"
#include "runtime/host_check.h"
#include "runtime/ns.h"

static void check_version(struct host_report *r)
{
	struct utsname u;
	auto_strv char **parts = NULL;
	uint64_t major = 0, minor = 0;
	struct host_check *c;

	uname(&u);
	c = host_add(r, "kernel", "Linux %s", u.release);
	parts = strv_split(u.release, ".-+_", false);
	if (strv_len(parts) < 2 || str_to_u64(parts[0], 10, &major) < 0 ||
	    str_to_u64(parts[1], 10, &minor) < 0)
		return;
	if (major < 5 || (major == 5 && minor < 13))
		host_fault(c, HOST_WARN, "rbox is made for kernels from 5.13 on: before, users can't mount overlay",
			   mem_strdup("install a newer kernel of your distribution"));
}

static void check_filters(struct host_report *r)
{
	unsigned action = SECCOMP_RET_ERRNO;
	/* seccomp(2): both ask and change nothing. landlock_create_ruleset(2) with VERSION too. */
	bool seccomp = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
	struct host_check *c = host_add(r, "seccomp", "%s", seccomp ? "available" : "missing");
	long abi;

	if (!seccomp)
		host_fault(c, HOST_FAIL, "containers are not started without their system call filter",
			   mem_strdup("boot a kernel with CONFIG_SECCOMP_FILTER=y, or run with "
				      "--security-opt seccomp=unconfined"));
	abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (abi > 0) {
		host_add(r, "landlock", "ABI %ld", abi);
		return;
	}
	c = host_add(r, "landlock", "%s", errno == EOPNOTSUPP ? "switched off" : "missing");
	host_fault(c, HOST_WARN, "unpacking an image is not confined to its own folder",
		   mem_strdup("add lsm=landlock,yama,apparmor,bpf (what cat /sys/kernel/security/lsm says, with "
			      "landlock before it) to the kernel's command line"));
}

void host_check_kernel(struct host_report *r)
{
	check_version(r);
	check_filters(r);
}

/* A child makes a user namespace, and with the rights it gives a mount namespace. 0 or -errno. */
static int try_userns(bool *ret_made)
{
	pid_t pid = ns_clone(CLONE_NEWUSER, -EBADF, NULL);
	int status;

	*ret_made = pid > 0;
	if (pid < 0)
		return pid;
	if (pid == 0) {
		int r = ns_unshare(CLONE_NEWNS);

		_exit(r < 0 ? -r : 0);
	}
	status = spawn_wait(pid);
	return status > 0 ? -status : status;
}

/* Which switch of the host stands against it. */
static char *userns_fix(bool made)
{
	static const struct {
		const char *path, *bad, *command;
	} rows[] = {
		{ "/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1" },
		{ "/proc/sys/user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=28633" },
		{ "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
		  "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *value = host_line(rows[i].path);

		if (value && str_eq(value, rows[i].bad))
			return host_sudo("%s", rows[i].command);
	}
	if (made)
		return mem_strdup("a security module takes the rights away in it: look for DENIED in the "
				  "kernel's log (dmesg)");
	return mem_strdup("inside another container: start that one with --security-opt seccomp=unconfined, "
			  "or --privileged");
}

void host_check_userns(struct host_report *r)
{
	auto_free char *max = host_line("/proc/sys/user/max_user_namespaces");
	struct host_check *c;
	uint64_t n = 0;
	bool made;
	int e = try_userns(&made);

	if (e < 0) {
		c = host_add(r, "user namespaces", "%s: %s",
			     made ? "made, but without rights" : "can't be made", strerror(-e));
		host_fault(c, HOST_FAIL, "every container lives in a user namespace", userns_fix(made));
		return;
	}
	c = host_add(r, "user namespaces", "can be made (limit %s)", max ? max : "unknown");
	if (max && str_to_u64(max, 10, &n) == 0 && n < 1000)
		host_fault(c, HOST_WARN, "each running container takes one or two",
			   host_sudo("sysctl -w user.max_user_namespaces=28633"));
}
