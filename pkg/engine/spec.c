// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/spec.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#include "pkg/engine/env.h"
#include "pkg/engine/device.h"
#include "pkg/engine/exec.h"
#include "pkg/engine/kernel.h"
#include "pkg/engine/place.h"
#include "pkg/engine/secretopt.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"
#include "runtime/privs.h"

/* What podman masks and makes read-only. */
static const char *const masked[] = {
	"/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi",
	"/proc/timer_list", "/proc/timer_stats", "/proc/interrupts", "/sys/firmware", "/sys/fs/selinux",
	"/sys/devices/virtual/powercap", "/sys/dev/block",
};
static const char *const readonly[] = {
	"/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

static bool is_host_net(const struct container_config *c)
{
	return !strcmp(c->net.mode, "host");
}

static bool is_root(const char *user)
{
	size_t n = user ? strcspn(user, ":") : 0;

	return !n || (n == 1 && *user == '0') || (n == 4 && !strncmp(user, "root", 4));
}

/* Another user than root has none, but those asked for one by one, which the ambient set hands on. */
static int build_user_caps(const struct container_config *c, struct spec_process *p, struct fail *f)
{
	auto_strv char **caps = NULL;
	char *const drop_all[] = { (char *)"ALL", NULL };
	int r;

	strv_each(it, c->security.cap_add)
		if (!strcasecmp(*it, "ALL"))
			return 0;
	r = privs_caps_build(c->security.cap_add, drop_all, false, &caps, f);
	if (r < 0)
		return r;
	p->caps.effective = strv_dup(caps);
	p->caps.permitted = strv_dup(caps);
	p->caps.inheritable = strv_dup(caps);
	p->caps.ambient = strv_dup(caps);
	return 0;
}

static int build_caps(const struct container_config *c, struct spec_process *p, struct fail *f)
{
	auto_strv char **caps = NULL;
	int r = privs_caps_build(c->security.cap_add, c->security.cap_drop, c->security.privileged, &caps, f);

	if (r < 0)
		return r;
	p->caps.bounding = strv_dup(caps);
	if (!is_root(c->process.user) && !c->security.privileged && c->security.cap_add)
		return build_user_caps(c, p, f);
	p->caps.effective = strv_dup(caps);
	p->caps.permitted = strv_dup(caps);
	return 0;
}

static int build_user(const struct container_config *c, struct spec_user *u, struct fail *f)
{
	uint64_t mask;

	if (str_to_u64(c->process.umask, 8, &mask) < 0)
		return refuse(f, EINVAL, "invalid umask '%s'", c->process.umask);
	u->umask = (uint32_t)mask;
	/* "" is root with the groups that the image gives it. */
	u->username = mem_strdup(c->process.user ? c->process.user : "");
	u->group_add = strv_dup(c->process.group_add);
	return 0;
}

static int build_rlimits(const struct container_config *c, struct spec *s, struct fail *f)
{
	bool host = strv_has(c->process.ulimits, ULIMIT_HOST), nofile = host, nproc = host;

	strv_each(it, c->process.ulimits) {
		char type[24];
		int64_t soft, hard;
		int r;

		if (!strcmp(*it, ULIMIT_HOST))
			continue;
		r = ulimit_parse(*it, type, &soft, &hard, f);
		if (r < 0)
			return r;
		spec_add_rlimit(s, type, soft, hard);
		nofile |= !strcmp(type, "RLIMIT_NOFILE");
		nproc |= !strcmp(type, "RLIMIT_NPROC");
	}
	/* Clamped to the caller's own limits when they are applied. */
	if (!nofile)
		spec_add_rlimit(s, "RLIMIT_NOFILE", 1048576, 1048576);
	if (!nproc)
		spec_add_rlimit(s, "RLIMIT_NPROC", 1048576, 1048576);
	return 0;
}

static int build_process(const struct container_config *c, struct spec *s, struct fail *f)
{
	struct spec_process *p = &s->process;
	struct security_opt opt;
	int r;

	p->terminal = c->process.tty;
	p->args = strv_dup(c->args);
	p->env = strv_dup(c->env);
	p->cwd = mem_strdup(c->process.workdir);
	r = build_user(c, &p->user, f);
	if (r == 0)
		r = build_caps(c, p, f);
	if (r == 0)
		r = build_rlimits(c, s, f);
	if (r == 0)
		r = security_opt_parse(c->security.security_opt, &opt, f);
	if (r < 0)
		return r;
	p->no_new_privileges = opt.no_new_privileges;
	security_opt_done(&opt);
	return 0;
}

static void kernel_mounts(const struct container_config *c, const struct spec_host *host, struct spec *s)
{
	auto_free char *shm = mem_printf("nosuid,noexec,nodev,mode=1777,size=%lldk",
					 (long long)c->shm_size / 1024);
	bool all = c->security.privileged;

	spec_add_mount(s, "/proc", "proc", "proc", "nosuid,noexec,nodev");
	spec_add_mount(s, "/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k");
	spec_add_mount(s, "/dev/pts", "devpts", "devpts", host->single_id ?
		       "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620" :
		       "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5");
	spec_add_mount(s, "/dev/shm", "tmpfs", "shm", shm);
	spec_add_mount(s, "/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev");
	if (is_host_net(c))
		spec_add_mount(s, "/sys", "bind", "/sys", "rbind,rslave,nosuid,noexec,nodev,ro");
	else
		spec_add_mount(s, "/sys", "sysfs", "sysfs", all ? "nosuid,noexec,nodev,rw" :
			       "nosuid,noexec,nodev,ro");
	spec_add_mount(s, "/sys/fs/cgroup", "cgroup", "cgroup", all ? "rprivate,nosuid,noexec,nodev,rw" :
		       "rprivate,nosuid,noexec,nodev,relatime,ro");
}

static bool is_mounted_by_user(const struct container_config *c, const char *destination)
{
	for (size_t i = 0; i < c->n_mounts; i++)
		if (!strcmp(c->mounts[i].destination, destination))
			return true;
	return false;
}

static void file_mount(const struct container_config *c, const struct spec_host *host, struct spec *s,
		       const char *file, const char *destination)
{
	auto_free char *source = path_join(host->ctr_path, file);

	if (!is_mounted_by_user(c, destination))
		spec_add_mount(s, destination, "bind", source, c->security.read_only ?
			       "bind,rprivate,nosuid,noexec,nodev,ro" : "bind,rprivate,nosuid,noexec,nodev");
}

char **spec_read_only_dirs(const struct container_config *c)
{
	static const char *const dirs[] = { "/run", "/tmp", "/var/tmp" };
	char **v = NULL;

	for (size_t i = 0; i < ARRAY_LEN(dirs) && c->security.read_only; i++)
		if (c->security.read_only_tmpfs != TRI_FALSE && !is_mounted_by_user(c, dirs[i]))
			strv_add(&v, dirs[i]);
	return v;
}

static void read_only_mounts(const struct container_config *c, struct spec *s)
{
	auto_strv char **dirs = spec_read_only_dirs(c);

	strv_each(it, dirs)
		spec_add_mount(s, *it, "tmpfs", "tmpfs", SPEC_READ_ONLY_TMPFS);
}

static void build_mounts(const struct container_config *c, const struct spec_host *host, struct spec *s)
{
	kernel_mounts(c, host, s);
	read_only_mounts(c, s);
	place_mounts_before(c, s);
	if (!c->net.no_hosts)
		file_mount(c, host, s, "hosts", "/etc/hosts");
	file_mount(c, host, s, "resolv.conf", "/etc/resolv.conf");
	if (!c->place.no_hostname)
		file_mount(c, host, s, "hostname", "/etc/hostname");
	file_mount(c, host, s, "containerenv", "/run/.containerenv");
	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct config_mount *m = &c->mounts[i];
		auto_free char *options = strv_join(m->options, ",");
		bool volume = !strcmp(m->type, "volume");
		bool bind = volume || !strcmp(m->type, "bind");
		bool has = strv_has(m->options, "bind") || strv_has(m->options, "rbind");
		/* "copy": filled at its first use (runtime/firstuse.h). */
		auto_free char *all = mem_printf("%s%s%s%s", bind && !has ? "rbind" : "",
						 bind && !has && *options ? "," : "", options,
						 volume && !strv_has(m->options, "nocopy") &&
						 !strv_has(m->options, "copy") ? ",copy" : "");

		spec_add_mount(s, m->destination, volume ? "bind" : m->type, m->source, all);
	}
	place_mounts_after(c, s);
	secretopt_mounts(c, host->ctr_path, s);
	device_mounts(c, s);
}

static bool is_unmasked(const struct security_opt *o, const char *path)
{
	if (o->unmask_all)
		return true;
	/* Patterns as the shell's: "/proc/\*" is what is in that folder. */
	strv_each(it, o->unmask)
		if (!strcmp(*it, "ALL") || fnmatch(*it, path, FNM_PATHNAME) == 0)
			return true;
	return false;
}

static int build_masks(const struct container_config *c, const struct spec_host *host, struct spec *s,
		       struct fail *f)
{
	struct security_opt o;
	int r;

	if (c->security.privileged)
		return 0;
	r = security_opt_parse(c->security.security_opt, &o, f);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_LEN(masked); i++)
		if (!is_unmasked(&o, masked[i]))
			strv_add(&s->linux_.masked_paths, masked[i]);
	for (unsigned i = 0; i < host->throttle_cpus; i++) {
		auto_free char *path = mem_printf("/sys/devices/system/cpu/cpu%u/thermal_throttle", i);

		if (!is_unmasked(&o, path))
			strv_add(&s->linux_.masked_paths, path);
	}
	/* The host's own /sys is bound there: what a fresh one would not show. */
	if (is_host_net(c) && !is_unmasked(&o, "/sys/kernel"))
		strv_add(&s->linux_.masked_paths, "/sys/kernel");
	strv_add_all(&s->linux_.masked_paths, o.mask);
	for (size_t i = 0; i < ARRAY_LEN(readonly); i++)
		if (!is_unmasked(&o, readonly[i]))
			strv_add(&s->linux_.readonly_paths, readonly[i]);
	security_opt_done(&o);
	return 0;
}

static void build_namespaces(const struct container_config *c, struct spec *s)
{
	static const char *const types[] = { "user", "mount", "pid", "ipc", "uts", "cgroup" };

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		spec_add_namespace(s, types[i], NULL);
	if (!is_host_net(c)) {
		spec_add_namespace(s, "network", NULL);
		/* The shipped containers.conf of podman: ping without CAP_NET_RAW. */
		strv_add(&s->linux_.sysctl, "net.ipv4.ping_group_range=0 0");
	}
}

int spec_build(const struct container_config *c, const struct spec_host *host, struct spec *ret,
	       struct fail *f)
{
	int r;

	memset(ret, 0, sizeof(*ret));
	ret->oci_version = mem_strdup("1.2.0");
	ret->root.path = c->rootfs_dir ? mem_strdup(c->rootfs_dir) : path_join(host->ctr_path, "rootfs");
	ret->root.readonly = c->security.read_only;
	ret->hostname = mem_strdup(c->net.hostname);
	ret->domainname = mem_strdup(c->place.domainname);
	ret->annotations = strv_dup(c->annotations);
	r = build_process(c, ret, f);
	if (r == 0) {
		build_namespaces(c, ret);
		build_mounts(c, host, ret);
		kernel_build(c, ret);
		r = build_masks(c, host, ret, f);
	}
	if (r == 0)
		r = resource_settings(&c->resources, host->limit_pids, &ret->linux_.resources.unified, f);
	if (r < 0)
		spec_done(ret);
	return r;
}

/*
 * Root has the container's bounding set, whoever the container's own user is; another user than that one
 * has nothing of what was given to it, as in podman.
 */
static int build_exec_process(const struct container_config *c, const char *user, struct spec *whole, struct fail *f)
{
	/* A shallow copy: the user is only lent to it. */
	struct container_config with = *c;
	struct spec_caps *caps = &whole->process.caps;
	int r;

	if (user)
		with.process.user = (char *)user;
	r = build_process(&with, whole, f);
	if (r < 0 || is_root(with.process.user) || str_eq(with.process.user, c->process.user))
		return r;
	strv_free_ptr(&caps->effective);
	strv_free_ptr(&caps->permitted);
	strv_free_ptr(&caps->inheritable);
	strv_free_ptr(&caps->ambient);
	return 0;
}

int spec_build_exec(const struct container_config *c, const struct exec_opts *o, char *const *args,
		    struct spec_process *ret, struct fail *f)
{
	struct spec whole = { 0 };
	int r = build_exec_process(c, o->user, &whole, f);

	if (r == 0)
		r = env_add_typed(o->env_file, o->env, &whole.process.env, f);
	if (r < 0) {
		spec_done(&whole);
		return r;
	}
	*ret = whole.process;
	strv_free(ret->args);
	ret->args = strv_dup(args);
	ret->terminal = o->tty;
	if (o->tty)
		strv_env_set(&ret->env, "TERM=xterm");
	if (o->workdir)
		mem_replace(&ret->cwd, mem_strdup(o->workdir));
	return 0;
}
