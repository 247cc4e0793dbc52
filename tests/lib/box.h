/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_LIB_BOX_H
#define TESTS_LIB_BOX_H

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/oci/spec.h"
#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/spawn.h"
#include "pkg/util/str.h"
#include "runtime/launch.h"
#include "runtime/seccomp.h"
#include "runtime/userns.h"

/*
 * A busybox image in a folder of its own and a spec as the engine writes it: what a test of
 * launches changes before it runs them. Made inside U (box_enter), so that it owns its ids.
 */
struct box {
	char base[64];		/* base/l0 ...: layers; base/rw */
	char *rw;
	char **lowers;
	struct spec spec;
	struct launch launch;
	bool ahead;		/* launch_go_ahead */
	bool dies;		/* launch_ready not before it has ended */
};

static const char *const box_applets[] = {
	"sh", "cat", "echo", "true", "false", "id", "ls", "stat", "grep", "mount", "sleep", "hostname",
	"touch", "mkdir", "env", "pwd", "test", "ps", "kill", "tty", "stty", "readlink", "dd", "umask", "ip",
	"wc", "head", "tr", "su", "chown", "ifconfig", "nc", "sort", "sysctl", NULL,
};

static inline int box_file(int at, const char *path, const char *text, mode_t mode)
{
	auto_free char *dir = mem_strndup(path, (size_t)(path_base(path) - path));
	auto_fd int fd = -EBADF;

	if (*dir && path_mkdirs(at, dir, 0755) < 0)
		return -1;
	fd = fd_open(at, path, O_CREAT | O_WRONLY | O_TRUNC, 0644);
	if (fd < 0 || io_write_full(fd, text, strlen(text)) < 0 || fchmod(fd, mode) < 0)
		return -1;
	return 0;
}

static inline int box_busybox(int at)
{
	auto_fd int in = fd_open(AT_FDCWD, "/bin/busybox", O_RDONLY, 0);
	auto_fd int out = -EBADF;

	if (in < 0 || path_mkdirs(at, "bin", 0755) < 0)
		return -1;
	out = fd_open(at, "bin/busybox", O_CREAT | O_WRONLY, 0755);
	if (out < 0 || io_copy(in, out, UINT64_MAX) < 0 || fchmod(out, 0755) < 0)
		return -1;
	for (size_t i = 0; box_applets[i]; i++) {
		char path[64];

		snprintf(path, sizeof(path), "bin/%s", box_applets[i]);
		if (symlinkat("busybox", at, path) < 0)
			return -1;
	}
	return 0;
}

static inline void box_spec(struct spec *s)
{
	static const char *const masked[] = {
		"/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug",
		"/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/proc/interrupts",
		"/sys/firmware", "/sys/fs/selinux", "/sys/devices/virtual/powercap",
	};
	static const char *const readonly[] = {
		"/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
	};
	static const char *const namespaces[] = { "user", "pid", "network", "ipc", "uts", "mount", "cgroup" };
	static const char *const caps[] = {
		"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
		"CAP_NET_BIND_SERVICE", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID",
		"CAP_SYS_CHROOT",
	};

	for (size_t i = 0; i < ARRAY_LEN(namespaces); i++)
		spec_add_namespace(s, namespaces[i], NULL);
	spec_add_mount(s, "/proc", "proc", "proc", "nosuid,noexec,nodev");
	spec_add_mount(s, "/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k");
	spec_add_mount(s, "/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro");
	spec_add_mount(s, "/dev/pts", "devpts", "devpts",
		       "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5");
	spec_add_mount(s, "/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev");
	spec_add_mount(s, "/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=65536k");
	spec_add_mount(s, "/sys/fs/cgroup", "cgroup", "cgroup", "ro,nosuid,noexec,nodev");
	for (size_t i = 0; i < ARRAY_LEN(masked); i++)
		strv_add(&s->linux_.masked_paths, masked[i]);
	for (size_t i = 0; i < ARRAY_LEN(readonly); i++)
		strv_add(&s->linux_.readonly_paths, readonly[i]);
	for (size_t i = 0; i < ARRAY_LEN(caps); i++) {
		strv_add(&s->process.caps.bounding, caps[i]);
		strv_add(&s->process.caps.effective, caps[i]);
		strv_add(&s->process.caps.permitted, caps[i]);
	}
	s->hostname = mem_strdup("box");
	s->process.cwd = mem_strdup("/");
	s->process.user.umask = 022;
	strv_add(&s->process.env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
}

/* The first layer has busybox; EXTRA more are made, each with a file named after it. */
static inline int box_make(struct box *b, int extra)
{
	auto_fd int base = -EBADF, layer = -EBADF;

	*b = (struct box){ .launch = { .stdio = { 0, 1, 2 }, .seccomp_fd = -EBADF } };
	snprintf(b->base, sizeof(b->base), "/tmp/rbox-box.XXXXXX");
	if (!mkdtemp(b->base))
		return -1;
	(void)!chmod(b->base, 0755);
	base = fd_open(AT_FDCWD, b->base, O_PATH | O_DIRECTORY, 0);
	if (base < 0 || path_mkdirs(base, "rw/upper", 0755) < 0 || path_mkdirs(base, "rw/work", 0755) < 0)
		return -1;
	for (int i = extra; i >= 0; i--) {
		/* As long as a digest: it is what fills the page. */
		auto_free char *name = mem_printf("%064d/tree", i);
		auto_free char *file = mem_printf("layers/%d", i);

		if (path_mkdirs(base, name, 0755) < 0)
			return -1;
		layer = fd_close(layer);
		layer = fd_open(base, name, O_PATH | O_DIRECTORY, 0);
		if (layer < 0 || box_file(layer, file, "x\n", 0644) < 0)
			return -1;
		strv_add(&b->lowers, name);
	}
	if (box_busybox(layer) < 0 || path_mkdirs(layer, "tmp", 01777) < 0)
		return -1;
	if (box_file(layer, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\njoe:x:1000:1000::/home/joe:/bin/sh\n",
		     0644) < 0 ||
	    box_file(layer, "etc/group", "root:x:0:\njoe:x:1000:\n", 0644) < 0)
		return -1;
	b->rw = mem_printf("%s/rw", b->base);
	box_spec(&b->spec);
	b->launch.spec = &b->spec;
	b->launch.rootfs = (struct launch_rootfs){ .base = b->base, .lowers = b->lowers, .rw = b->rw,
						   .is_volatile = true };
	return 0;
}

static inline void box_done(struct box *b)
{
	(void)!file_remove_tree(AT_FDCWD, b->base);
	mem_free_ptr(&b->rw);
	strv_free_ptr(&b->lowers);
	spec_done(&b->spec);
}

/* Joins U with enough ids for the tests, for good. */
static inline int box_enter(struct fail *f)
{
	return userns_enter_default(f);
}

/*
 * Runs the box's process to its end: its exit status as a shell says it, what it wrote to stdout
 * and stderr in TEXT. -errno with F when it could not be started.
 */
static inline int box_run(struct box *b, struct str *text, struct fail *f)
{
	struct launched n;
	auto_fd int out = -EBADF, null = fd_open(AT_FDCWD, "/dev/null", O_RDWR, 0);
	int p[2];
	int r = fd_pipe(p);

	if (r < 0)
		return r;
	out = p[0];
	b->launch.stdio[0] = null;
	b->launch.stdio[1] = b->launch.stdio[2] = p[1];
	r = launch_start(&b->launch, &n, f);
	fd_close(p[1]);
	if (r == 0 && b->ahead)
		r = launch_go_ahead(&n, f);
	if (r == 0 && b->dies)
		(void)poll(&(struct pollfd){ .fd = n.pidfd, .events = POLLIN }, 1, -1);
	if (r == 0)
		r = launch_ready(&n, f);
	if (r == 0)
		r = launch_go(&n, f);
	if (r < 0)
		return r;
	(void)!io_read_all(n.console_fd >= 0 ? n.console_fd : out, text);
	r = spawn_wait(n.pid);
	n.pid = 0;
	launched_done(&n);
	return r;
}

static inline void box_args(struct box *b, const char *script)
{
	strv_free_ptr(&b->spec.process.args);
	strv_add(&b->spec.process.args, "sh");
	strv_add(&b->spec.process.args, "-c");
	strv_add(&b->spec.process.args, script);
}

#endif
