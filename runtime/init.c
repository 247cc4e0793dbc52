// SPDX-License-Identifier: Apache-2.0
#include "runtime/init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "runtime/console.h"
#include "runtime/exec.h"
#include "runtime/firstuse.h"
#include "runtime/mount.h"
#include "runtime/passwd.h"
#include "runtime/privs.h"
#include "runtime/rootfs.h"
#include "runtime/seccomp.h"
#include "runtime/step.h"

enum { PASSWD_MAX = 1 << 20 };

struct init {
	const struct launch *l;
	const struct plan *plan;
	const struct spec_process *process;
	int sock;
	struct mount_root root;	/* from OP_OVERLAY or OP_ROOT_DIR on */
	int cwd_fd;
	struct console console;
	struct mount_masks masks;
	struct privs_user user;
};

static int enter_folder(int dirfd)
{
	return fchdir(dirfd) < 0 ? -errno : 0;
}

/* By a server outside, which the parent starts; the first answer from the mount waits for it. */
static int fuse_root(struct init *in, const struct op *op, struct fail *f)
{
	int fd = rootfs_fuse(&in->l->rootfs, f);
	int r;

	if (fd < 0)
		return fd;
	r = step_send(in->sock, STEP_FUSE, 0, fd, f);
	/* Held here, it would keep the mount waiting for a server that has died. */
	fd_close(fd);
	return r < 0 ? r : rootfs_fuse_root(&in->l->rootfs, op, f);
}

static int op_root(struct init *in, const struct op *op, struct fail *f)
{
	in->root.fd = op->kind == OP_OVERLAY ? rootfs_overlay(&in->l->rootfs, enter_folder, op, f) :
					       rootfs_dir(op, f);
	if (in->root.fd < 0 && op->kind == OP_OVERLAY)
		in->root.fd = fuse_root(in, op, f);
	return in->root.fd < 0 ? in->root.fd : 0;
}

static int op_propagation(struct init *in, const struct op *op, struct fail *f)
{
	(void)in;
	return rootfs_propagation(op, f);
}

static int op_mount(struct init *in, const struct op *op, struct fail *f)
{
	return mount_fs(&in->root, op, f);
}

static int op_bind(struct init *in, const struct op *op, struct fail *f)
{
	int r = op->how & OP_COPYUP ? volume_first_use(in->root.fd, op, &in->process->user, f) : 0;

	return r < 0 ? r : mount_bind(in->root.fd, op, f);
}

static int op_device(struct init *in, const struct op *op, struct fail *f)
{
	return mount_device(&in->root, op, f);
}

static int op_link(struct init *in, const struct op *op, struct fail *f)
{
	return mount_link(&in->root, op, f);
}

/* IFF_UP on lo, which is down in a new network namespace: 127.0.0.1 would not answer. */
static int op_loopback(struct init *in, const struct op *op, struct fail *f)
{
	struct ifreq req = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	auto_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)in;
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &req) < 0)
		return op_fail(op, errno, f);
	return 0;
}

static int op_hostname(struct init *in, const struct op *op, struct fail *f)
{
	size_t n = strlen(op->source);

	(void)in;
	if ((op->kind == OP_HOSTNAME ? sethostname(op->source, n) : setdomainname(op->source, n)) < 0)
		return op_fail(op, errno, f);
	return 0;
}

static int op_sysctl(struct init *in, const struct op *op, struct fail *f)
{
	const char *value = strchr(op->data, '=') + 1;
	auto_free char *path = mem_printf("/proc/sys/%.*s", (int)(value - 1 - op->data), op->data);
	auto_fd int fd = path_open_in_root(in->root.fd, path, O_WRONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct statfs st;
	int r;

	if (fd < 0 || fstatfs(fd, &st) < 0)
		return op_fail(op, fd < 0 ? -fd : errno, f);
	/* A volume on /proc, or the image where nothing is mounted there, may hold anything (CVE-2025-52881). */
	if (st.f_type != PROC_SUPER_MAGIC)
		return refuse(f, EXDEV, "set sysctl '%s': '%s' is not on procfs", op->source, path);
	r = io_write_full(fd, value, strlen(value));
	return r < 0 ? op_fail(op, -r, f) : 0;
}

/* A mount of the caller's there is left alone. */
static bool is_mounted(const struct init *in, const char *path)
{
	const struct spec *s = in->l->spec;

	for (size_t i = 0; i < s->n_mounts; i++)
		if (s->mounts[i].destination && !strcmp(s->mounts[i].destination, path))
			return true;
	return false;
}

/* TEXT as the container's file TARGET, unless it is empty. */
static int give_file(struct init *in, const struct op *op, const char *target, const struct str *text,
		     struct fail *f)
{
	/* Over a folder of the old root, which goes away with it, and that no later operation needs. */
	return text->len ? mount_text(in->root.fd, "/sys", op, target, str_cstr(text), f) : 0;
}

/* Before the user is looked up: it may be one of them. */
static int add_host_users(struct init *in, const struct op *op, struct fail *f)
{
	auto_str struct str text = STR_INIT(PASSWD_MAX);
	int r = 0;

	if ((op->how & OP_PASSWD) && !is_mounted(in, "/etc/passwd"))
		r = passwd_with_hosts(in->root.fd, &in->l->passwd, &text, f);
	return r < 0 ? r : give_file(in, op, "/etc/passwd", &text, f);
}

static int add_user_line(struct init *in, const struct op *op, struct fail *f)
{
	auto_str struct str text = STR_INIT(PASSWD_MAX);
	const char *home;
	int r;

	if (in->user.name[0] || is_mounted(in, "/etc/passwd"))
		return 0;
	home = strv_env_get(in->process->env, "HOME");
	if (!home)
		home = in->process->cwd && *in->process->cwd ? in->process->cwd : "/";
	r = passwd_with_user(in->root.fd, &in->user, home, in->l->passwd.entry, &text, f);
	if (r < 0)
		return r;
	snprintf(in->user.home, sizeof(in->user.home), "%s", home);
	return give_file(in, op, "/etc/passwd", &text, f);
}

static int op_user(struct init *in, const struct op *op, struct fail *f)
{
	auto_str struct str text = STR_INIT(PASSWD_MAX);
	const char *who = in->process->user.username;
	int r = add_host_users(in, op, f);

	if (r == 0)
		r = privs_user_lookup(in->root.fd, &in->process->user, &in->user, f);
	/* As podman's run: the container is there, and its command can't be invoked as wanted. */
	if (r == -ENOENT)
		f->status = FAIL_EXIT_NOEXEC;
	if (r < 0 || !(op->how & OP_PASSWD))
		return r;
	r = add_user_line(in, op, f);
	if (r == 0 && who && *who && !is_mounted(in, "/etc/group"))
		r = passwd_with_group(in->root.fd, who, in->l->passwd.group_entry, &text, f);
	return r < 0 ? r : give_file(in, op, "/etc/group", &text, f);
}

static int op_console(struct init *in, const struct op *op, struct fail *f)
{
	int r = console_make(in->root.fd, in->process->console_size.height,
			     in->process->console_size.width, in->user.uid, &in->console, f);

	return r < 0 ? r : mount_fd(in->root.fd, in->console.slave, op, "/dev/console", f);
}

static int op_mask(struct init *in, const struct op *op, struct fail *f)
{
	return mount_mask(in->root.fd, &in->masks, op, f);
}

static int op_readonly(struct init *in, const struct op *op, struct fail *f)
{
	return mount_readonly(in->root.fd, op, f);
}

/*
 * An image's WORKDIR that is missing is made, for the process's user; one that was typed is not, as in podman
 * (in its words, and with its exit status: scripts look for both).
 */
static int op_cwd(struct init *in, const struct op *op, struct fail *f)
{
	int r = 0;

	in->cwd_fd = path_open_in_root(in->root.fd, op->target, O_PATH | O_DIRECTORY, 0);
	if (in->cwd_fd == -ENOENT && !op->source) {
		in->cwd_fd = path_mkdirs_in_root(in->root.fd, op->target, 0755);
		if (in->cwd_fd >= 0 && in->user.uid)
			(void)!fchownat(in->cwd_fd, "", in->user.uid, in->user.gid, AT_EMPTY_PATH);
	} else if (in->cwd_fd == -ENOENT) {
		r = refuse(f, ENOENT, "workdir \"%s\" does not exist on container %s", op->target, op->source);
		fail_hint(f, "a folder of the image's, or mount one there: -v DIR:%s", op->target);
	} else if (in->cwd_fd == -ENOTDIR && op->source) {
		r = refuse(f, ENOTDIR, "workdir \"%s\" exists on container %s, but is not a directory", op->target,
			   op->source);
	}
	if (r < 0)
		f->status = FAIL_EXIT_NOEXEC;
	return in->cwd_fd < 0 && r == 0 ? op_fail(op, -in->cwd_fd, f) : r;
}

static int op_root_readonly(struct init *in, const struct op *op, struct fail *f)
{
	return rootfs_readonly(in->root.fd, op, f);
}

static int op_pivot(struct init *in, const struct op *op, struct fail *f)
{
	int r = enter_folder(in->root.fd);

	if (r < 0)
		return op_fail(op, -r, f);
	r = rootfs_pivot(op, f);
	if (r < 0)
		return r;
	r = enter_folder(in->cwd_fd);
	return r < 0 ? fail(f, -r, "enter the working directory '%s'", in->process->cwd) : 0;
}

static int op_ready(struct init *in, const struct op *op, struct fail *f)
{
	int r = step_send(in->sock, STEP_ROOT_READY, 0, in->console.master, f);

	(void)op;
	in->console.master = fd_close(in->console.master);
	return r < 0 ? r : step_await(in->sock, STEP_GO, NULL, NULL, f);
}

static int op_stdio(struct init *in, const struct op *op, struct fail *f)
{
	const int tty[3] = { in->console.slave, in->console.slave, in->console.slave };
	int r;

	(void)op;
	if (in->console.slave < 0) {
		exec_give_pipes(in->l->stdio, in->user.uid);
		return exec_place_stdio(in->l->stdio, f);
	}
	r = console_control(in->console.slave, f);
	return r < 0 ? r : exec_place_stdio(tty, f);
}

/* Raising it is anybody's right; podman, too, gives it to the whole container. */
static int set_oom_score(const struct init *in, struct fail *f)
{
	auto_free char *text = mem_printf("%d", in->process->oom_score_adj);
	/* The root, not the working folder, which we stand in by now. */
	auto_fd int root = fd_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
	auto_fd int fd = root < 0 ? root : path_open_in_root(root, "/proc/self/oom_score_adj", O_WRONLY, 0);
	struct statfs st;
	int r = fd;

	if (fd >= 0 && (fstatfs(fd, &st) < 0 || st.f_type != PROC_SUPER_MAGIC))
		return refuse(f, EXDEV, "set oom_score_adj: '/proc' is not procfs");
	if (fd >= 0)
		r = io_write_full(fd, text, strlen(text));
	return r < 0 ? fail(f, -r, "set oom_score_adj to %s", text) : 0;
}

static int op_limits(struct init *in, const struct op *op, struct fail *f)
{
	(void)op;
	if (in->process->has_oom_score_adj && set_oom_score(in, f) < 0)
		return -f->code;
	umask(in->process->user.umask & 0777);
	return privs_limits(in->process, f);
}

static int op_seccomp(struct init *in, const struct op *op, struct fail *f)
{
	(void)op;
	return seccomp_apply(in->l->seccomp_fd, f);
}

static int op_privs(struct init *in, const struct op *op, struct fail *f)
{
	int r = privs_apply(in->process, &in->user, f);

	(void)op;
	/* After the ids: changing them clears it. */
	if (r == 0)
		exec_die_with_parent(in->sock);
	return r;
}

static int op_exec(struct init *in, const struct op *op, struct fail *f)
{
	auto_strv char **env = strv_dup(in->process->env);

	(void)op;
	if (!strv_env_get(env, "HOME"))
		strv_addf(&env, "HOME=%s", in->user.home[0] ? in->user.home : "/");
	for (size_t i = 0; i < in->l->n_keep_fds; i++) {
		int r = fd_set_cloexec(in->l->keep_fds[i], 0);

		if (r < 0)
			return fail(f, -r, "pass descriptor %d on", in->l->keep_fds[i]);
	}
	return exec_program(in->plan->args, env, f);
}

typedef int (*op_run)(struct init *in, const struct op *op, struct fail *f);

static const op_run runs[OP_KINDS] = {
	[OP_PROPAGATION] = op_propagation,
	[OP_OVERLAY] = op_root,
	[OP_ROOT_DIR] = op_root,
	[OP_MOUNT] = op_mount,
	[OP_CGROUP] = op_mount,
	[OP_BIND] = op_bind,
	[OP_INIT] = op_bind,
	[OP_DEVICE] = op_device,
	[OP_LINK] = op_link,
	[OP_LOOPBACK] = op_loopback,
	[OP_HOSTNAME] = op_hostname,
	[OP_DOMAINNAME] = op_hostname,
	[OP_SYSCTL] = op_sysctl,
	[OP_USER] = op_user,
	[OP_CONSOLE] = op_console,
	[OP_MASK] = op_mask,
	[OP_READONLY] = op_readonly,
	[OP_CWD] = op_cwd,
	[OP_ROOT_READONLY] = op_root_readonly,
	[OP_PIVOT] = op_pivot,
	[OP_READY] = op_ready,
	[OP_STDIO] = op_stdio,
	[OP_LIMITS] = op_limits,
	[OP_SECCOMP] = op_seccomp,
	[OP_PRIVS] = op_privs,
	[OP_EXEC] = op_exec,
};

static int interpret(struct init *in, struct fail *f)
{
	int r = step_await(in->sock, STEP_IDS_MAPPED, NULL, NULL, f);

	if (r < 0)
		return r;
	exec_die_with_parent(in->sock);
	exec_reset_signals();
	r = exec_hide_fds(f);
	if (r < 0)
		return r;
	(void)setsid();
	umask(0);
	for (size_t i = 0; i < in->plan->n && r == 0; i++) {
		const struct op *op = &in->plan->v[i];

		/* What is not in the table was the parent's to do. */
		if (runs[op->kind])
			r = runs[op->kind](in, op, f);
	}
	return r;
}

void init_run(const struct launch *l, const struct plan *p, int sock)
{
	struct fail f = { 0 };
	struct init in = {
		.l = l, .plan = p, .process = &l->spec->process, .sock = sock,
		.root = { -EBADF, -EBADF }, .cwd_fd = -EBADF, .console = { -EBADF, -EBADF },
		.masks = { -EBADF, -EBADF },
	};

	if (interpret(&in, &f) < 0)
		step_fail(sock, &f);
	_exit(fail_status(&f));
}
