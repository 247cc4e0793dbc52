// SPDX-License-Identifier: Apache-2.0
#include "runtime/plan.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>

#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "runtime/ns.h"

enum { DATA_MAX = 4096 };

/* --- mount options --- */

static const struct flag_row {
	const char *name;
	unsigned long set, clear;
} flag_rows[] = {
	{ "ro", MS_RDONLY, 0 },
	{ "rw", 0, MS_RDONLY },
	{ "nosuid", MS_NOSUID, 0 },
	{ "suid", 0, MS_NOSUID },
	{ "nodev", MS_NODEV, 0 },
	{ "dev", 0, MS_NODEV },
	{ "noexec", MS_NOEXEC, 0 },
	{ "exec", 0, MS_NOEXEC },
	{ "nosymfollow", MS_NOSYMFOLLOW, 0 },
	{ "symfollow", 0, MS_NOSYMFOLLOW },
	{ "noatime", MS_NOATIME, MS_RELATIME | MS_STRICTATIME },
	{ "atime", 0, MS_NOATIME },
	{ "nodiratime", MS_NODIRATIME, 0 },
	{ "diratime", 0, MS_NODIRATIME },
	{ "relatime", MS_RELATIME, MS_NOATIME | MS_STRICTATIME },
	{ "norelatime", 0, MS_RELATIME },
	{ "strictatime", MS_STRICTATIME, MS_NOATIME | MS_RELATIME },
	{ "nostrictatime", 0, MS_STRICTATIME },
	{ "sync", MS_SYNCHRONOUS, 0 },
	{ "async", 0, MS_SYNCHRONOUS },
	{ "dirsync", MS_DIRSYNC, 0 },
	{ "defaults", 0, 0 },
};

static const struct {
	const char *name;
	unsigned long flags;
} propagation_rows[] = {
	{ "private", MS_PRIVATE }, { "rprivate", MS_PRIVATE | MS_REC },
	{ "slave", MS_SLAVE }, { "rslave", MS_SLAVE | MS_REC },
	{ "shared", MS_SHARED }, { "rshared", MS_SHARED | MS_REC },
	{ "unbindable", MS_UNBINDABLE }, { "runbindable", MS_UNBINDABLE | MS_REC },
};

static bool take_flag(const char *o, struct mount_opts *m)
{
	for (size_t i = 0; i < ARRAY_LEN(flag_rows); i++) {
		if (strcmp(o, flag_rows[i].name))
			continue;
		m->flags = (m->flags & ~flag_rows[i].clear) | flag_rows[i].set;
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(propagation_rows); i++) {
		if (strcmp(o, propagation_rows[i].name))
			continue;
		m->propagation = propagation_rows[i].flags;
		return true;
	}
	return false;
}

/* Words for podman's own use, dealt with before a launch. */
static bool not_for_us(const char *o)
{
	static const char *const words[] = { "z", "Z", "U", "nocopy", "notmpcopyup" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcmp(o, words[i]))
			return true;
	return false;
}

int mount_opts_parse(char *const *options, struct mount_opts *ret, struct fail *f)
{
	auto_str struct str data = STR_INIT(DATA_MAX);
	struct mount_opts m = { .flags = 0 };

	strv_each(it, options) {
		const char *o = *it;

		if (!strcmp(o, "bind")) {
			m.bind = true;
		} else if (!strcmp(o, "rbind")) {
			m.bind = m.recursive = true;
		} else if (!strcmp(o, "rro")) {
			m.flags |= MS_RDONLY;
			m.recursive = true;
		} else if (!strcmp(o, "tmpcopyup") || !strcmp(o, "copy")) {
			m.copyup = true;
		} else if (!strcmp(o, "idmap") || str_starts(o, "idmap=")) {
			return refuse(f, ENOTSUP, "mount option '%s': users may not make id-mapped mounts", o);
		} else if (*o && !take_flag(o, &m) && !not_for_us(o)) {
			str_addf(&data, "%s%s", data.len ? "," : "", o);
		}
	}
	if (str_failed(&data))
		return refuse(f, E2BIG, "mount options are longer than %d bytes", DATA_MAX);
	if (data.len)
		m.data = str_take(&data);
	*ret = m;
	return 0;
}

/* --- text --- */

static void add_word(struct str *s, size_t start, const char *word)
{
	str_addf(s, "%s%s", s->len == start ? " (" : ",", word);
}

static void describe_flags(const struct op *op, struct str *s)
{
	size_t start = s->len;

	if (op->kind == OP_BIND)
		add_word(s, start, op->how & OP_RECURSIVE ? "rbind" : "bind");
	for (size_t i = 0; i < ARRAY_LEN(flag_rows); i++)
		if (flag_rows[i].set && (op->flags & flag_rows[i].set) == flag_rows[i].set)
			add_word(s, start, flag_rows[i].name);
	for (size_t i = 0; i < ARRAY_LEN(propagation_rows); i++)
		if (op->propagation == propagation_rows[i].flags)
			add_word(s, start, propagation_rows[i].name);
	if (op->how & OP_COPYUP)
		add_word(s, start, "tmpcopyup");
	if (op->data)
		add_word(s, start, op->data);
	if (s->len != start)
		str_addc(s, ')');
}

void op_describe(const struct op *op, struct str *s)
{
	static const char *const fixed[OP_KINDS] = {
		[OP_MAP_IDS] = "map user and group ids",
		[OP_LOOPBACK] = "bring the loopback interface up",
		[OP_CONSOLE] = "make the console",
		[OP_ROOT_READONLY] = "make the root filesystem read-only",
		[OP_PIVOT] = "enter the root filesystem",
		[OP_READY] = "wait for the go",
		[OP_STDIO] = "set up standard input and output",
		[OP_LIMITS] = "set limits and umask",
		[OP_SECCOMP] = "load the seccomp filter",
		[OP_PRIVS] = "drop privileges",
	};
	static const char *const one[OP_KINDS] = {	/* what is said before the one name */
		[OP_NEW] = "make a namespace: ",
		[OP_ROOT_DIR] = "use as the root filesystem: ",
		[OP_HOSTNAME] = "set the host name ",
		[OP_DOMAINNAME] = "set the domain name ",
		[OP_USER] = "look up user ",
		[OP_MASK] = "mask ",
		[OP_READONLY] = "make read-only: ",
		[OP_CWD] = "enter the working directory ",
		[OP_EXEC] = "execute ",
	};
	const char *name = op->target ? op->target : op->source;

	if (fixed[op->kind]) {
		str_add(s, fixed[op->kind]);
		return;
	}
	if (one[op->kind]) {
		str_addf(s, "%s'%s'", one[op->kind], name ? name : op->type);
		return;
	}
	switch (op->kind) {
	case OP_JOIN:
		str_addf(s, "join the %s namespace '%s'", op->type, op->source);
		break;
	case OP_PROPAGATION:
		str_addf(s, "set the propagation of all mounts to %s",
			 op->flags & MS_SLAVE ? "slave" : "private");
		break;
	case OP_OVERLAY:
		str_addf(s, "mount the root filesystem (overlay of %s)", op->data);
		break;
	case OP_MOUNT:
	case OP_CGROUP:
		str_addf(s, "mount %s on '%s'", op->type, op->target);
		describe_flags(op, s);
		break;
	case OP_BIND:
		str_addf(s, "bind '%s' to '%s'", op->source, op->target);
		describe_flags(op, s);
		break;
	case OP_DEVICE:
		str_addf(s, "bind device '%s' to '%s'", op->source, op->target);
		break;
	case OP_LINK:
		str_addf(s, "link '%s' to '%s'", op->target, op->source);
		break;
	case OP_INIT:
		str_addf(s, "bind init '%s' to '%s'", op->source, op->target);
		break;
	case OP_SYSCTL:
		str_addf(s, "set sysctl '%s'", op->source);
		break;
	default:
		str_add(s, "do an unknown operation");
	}
}

int op_fail(const struct op *op, int err, struct fail *f)
{
	auto_str struct str s = STR_INIT(FAIL_MSG_MAX);

	op_describe(op, &s);
	return fail(f, err, "%s", str_cstr(&s));
}

/* --- building --- */

static struct op *add(struct plan *p, enum op_kind kind, const char *source, const char *target)
{
	struct op *op;

	if (p->n == p->cap) {
		p->cap = p->cap ? 2 * p->cap : 64;
		p->v = mem_resize(p->v, p->cap, sizeof(*p->v));
	}
	op = &p->v[p->n++];
	*op = (struct op){ .kind = kind, .source = source, .target = target };
	return op;
}

static int plan_namespaces(struct plan *p, const struct spec *s, struct fail *f)
{
	bool maps = false;

	for (size_t i = 0; i < s->linux_.n_namespaces; i++) {
		const struct spec_namespace *n = &s->linux_.namespaces[i];

		if (!ns_flag(n->type))
			return refuse(f, EINVAL, "namespace '%s' is not known", n->type);
		if (n->path && *n->path != '/')
			return refuse(f, EINVAL, "the path '%s' of the %s namespace is not absolute",
				      n->path, n->type);
		if (!n->path)
			maps |= !strcmp(n->type, "user");
		else
			add(p, OP_JOIN, n->path, NULL)->type = n->type;
	}
	for (size_t i = 0; i < s->linux_.n_namespaces; i++)
		if (!s->linux_.namespaces[i].path)
			add(p, OP_NEW, NULL, NULL)->type = s->linux_.namespaces[i].type;
	if (maps)
		add(p, OP_MAP_IDS, NULL, NULL);
	if (!spec_namespace(s, "mount") || spec_namespace(s, "mount")->path)
		return refuse(f, EINVAL, "a container needs a mount namespace of its own");
	return 0;
}

/* "/dev/NAME", without more below. */
static bool in_dev(const char *path)
{
	return str_starts(path, "/dev/") && path_is_component(path + strlen("/dev/"));
}

static void add_device(struct plan *p, enum op_flags how, const char *path, unsigned major_, unsigned minor_)
{
	struct op *op = add(p, OP_DEVICE, path, path);

	op->major = major_;
	op->minor = minor_;
	op->how = in_dev(path) ? how : 0;
}

/*
 * The devices and links that the runtime-spec asks of a runtime (config-linux.md, Default Devices).
 * HOW: OP_OWN_DEV, or 0 where the image's /dev, or what is bound there, has to take them.
 */
static void plan_devices(struct plan *p, const struct spec *s, enum op_flags how)
{
	static const struct {
		const char *path;
		unsigned major, minor;
	} devices[] = {
		{ "/dev/null", 1, 3 }, { "/dev/zero", 1, 5 }, { "/dev/full", 1, 7 },
		{ "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
	};
	static const char *const links[][2] = {
		{ "/proc/self/fd", "/dev/fd" }, { "/proc/self/fd/0", "/dev/stdin" },
		{ "/proc/self/fd/1", "/dev/stdout" }, { "/proc/self/fd/2", "/dev/stderr" },
		{ "pts/ptmx", "/dev/ptmx" }, { "/proc/kcore", "/dev/core" },
	};

	for (size_t i = 0; i < ARRAY_LEN(devices); i++)
		add_device(p, how, devices[i].path, devices[i].major, devices[i].minor);
	for (size_t i = 0; i < ARRAY_LEN(links); i++)
		add(p, OP_LINK, links[i][0], links[i][1])->how = how;
	for (size_t i = 0; i < s->linux_.n_devices; i++) {
		const struct spec_device *d = &s->linux_.devices[i];

		add_device(p, how, d->path, (unsigned)d->major, (unsigned)d->minor);
	}
}

static int plan_bind(struct plan *p, const struct spec_mount *m, const struct mount_opts *o,
		     struct fail *f)
{
	struct op *op;

	if (!m->source || *m->source != '/')
		return refuse(f, EINVAL, "the source '%s' of mount '%s' is not absolute",
			      m->source ? m->source : "", m->destination);
	op = add(p, OP_BIND, m->source, m->destination);
	op->flags = o->flags;
	op->propagation = o->propagation;
	op->how = (o->recursive ? OP_RECURSIVE : 0) | (o->copyup ? OP_COPYUP : 0);
	return 0;
}

/* gid=5 (tty) where a single id is mapped: the file system would refuse it. */
static char *drop_foreign_ids(char *data)
{
	auto_strv char **words = strv_split(data ? data : "", ",", true);
	auto_strv char **left = NULL;

	free(data);	/* its words are copies */
	strv_each(it, words)
		if (!((str_starts(*it, "gid=") || str_starts(*it, "uid=")) && strcmp(*it + 4, "0")))
			strv_add(&left, *it);
	return left ? strv_join(left, ",") : NULL;
}

static int plan_mount(struct plan *p, const struct launch *l, const struct spec_mount *m, struct fail *f)
{
	struct mount_opts o;
	bool cgroup = str_eq(m->type, "cgroup") || str_eq(m->type, "cgroup2");
	struct op *op;
	int r;

	if (!m->destination || *m->destination != '/' || !m->destination[strspn(m->destination, "/.")])
		return refuse(f, EINVAL, "mount '%s': the destination must be an absolute path below /",
			      m->destination ? m->destination : "");
	r = mount_opts_parse(m->options, &o, f);
	if (r < 0)
		return fail_in(f, r, "mount '%s'", m->destination);
	if (o.bind || str_eq(m->type, "bind") || str_eq(m->type, "rbind")) {
		o.recursive |= str_eq(m->type, "rbind");
		mem_free_ptr(&o.data);
		return plan_bind(p, m, &o, f);
	}
	if (!m->type || !*m->type || str_eq(m->type, "none")) {
		mem_free_ptr(&o.data);
		return refuse(f, EINVAL, "mount '%s' has no type", m->destination);
	}
	op = add(p, cgroup ? OP_CGROUP : OP_MOUNT, m->source ? m->source : m->type, m->destination);
	op->type = cgroup ? "cgroup2" : m->type;
	op->flags = o.flags;
	op->propagation = o.propagation;
	op->how = o.copyup ? OP_COPYUP : 0;
	op->data = cgroup ? NULL : o.data;
	if (cgroup)
		mem_free_ptr(&o.data);
	if (l->rootfs.single_id && str_eq(m->type, "devpts"))
		op->data = drop_foreign_ids(op->data);
	return 0;
}

static bool is_dev(const char *destination)
{
	size_t n = strlen(destination);

	while (n > 1 && destination[n - 1] == '/')
		n--;
	return n == 4 && !strncmp(destination, "/dev", 4);
}

static int plan_mounts(struct plan *p, const struct launch *l, struct fail *f)
{
	const struct spec *s = l->spec;
	enum op_flags own = 0;
	bool dev = false;

	for (size_t i = 0; i < s->n_mounts; i++) {
		int r = plan_mount(p, l, &s->mounts[i], f);

		if (r < 0)
			return r;
		if (own && p->v[p->n - 1].kind == OP_MOUNT && in_dev(s->mounts[i].destination))
			p->v[p->n - 1].how |= OP_OWN_DEV;
		if (!is_dev(s->mounts[i].destination))
			continue;
		dev = true;
		/* Devices are bound into a /dev of our own, never made in the host's. */
		own = p->v[p->n - 1].kind == OP_MOUNT && str_eq(s->mounts[i].type, "tmpfs") ? OP_OWN_DEV : 0;
		if (p->v[p->n - 1].kind == OP_MOUNT)
			plan_devices(p, s, own);
	}
	if (!dev)
		plan_devices(p, s, 0);
	return 0;
}

/* A sysctl reaches the host unless its namespace is the container's own (namespaces(7)). */
static const char *sysctl_namespace(const char *path)
{
	static const struct {
		const char *prefix, *ns;
	} rows[] = {
		{ "net/", "network" }, { "kernel/shm", "ipc" }, { "kernel/msg", "ipc" },
		{ "kernel/sem", "ipc" }, { "fs/mqueue/", "ipc" }, { "kernel/hostname", "uts" },
		{ "kernel/domainname", "uts" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (str_starts(path, rows[i].prefix))
			return rows[i].ns;
	return NULL;
}

static int plan_sysctl(struct plan *p, const struct spec *s, const char *entry, struct fail *f)
{
	const char *eq = strchr(entry, '=');
	auto_free char *path = NULL;
	const char *type;

	if (!eq || eq == entry)
		return refuse(f, EINVAL, "sysctl '%s' is not KEY=VALUE", entry);
	path = mem_strndup(entry, (size_t)(eq - entry));
	/* "net/ipv4/conf/eth0.1/..." has dots of its own; else dots are the slashes (sysctl(8)). */
	if (!strchr(path, '/'))
		for (char *c = path; *c; c++)
			*c = *c == '.' ? '/' : *c;
	if (strstr(path, "..") || strstr(path, "//") || *path == '/')
		return refuse(f, EINVAL, "sysctl '%s' has no such name", entry);
	type = sysctl_namespace(path);
	if (!type)
		return refuse(f, EINVAL, "sysctl '%s' belongs to the host, not to a container", entry);
	if (!spec_namespace(s, type))
		return refuse(f, EINVAL, "sysctl '%s' is not allowed in the host's %s namespace", entry,
			      type);
	add(p, OP_SYSCTL, entry, NULL)->data = mem_printf("%s=%s", path, eq + 1);
	return 0;
}

static bool has_ns(const struct spec *s, const char *type)
{
	const struct spec_namespace *n = spec_namespace(s, type);

	return n && !n->path;
}

static int plan_identity(struct plan *p, const struct launch *l, struct fail *f)
{
	const struct spec *s = l->spec;

	if (has_ns(s, "network"))
		add(p, OP_LOOPBACK, NULL, NULL);
	if (s->hostname && *s->hostname) {
		if (!spec_namespace(s, "uts"))
			return refuse(f, EINVAL, "a host name needs a uts namespace of its own");
		add(p, OP_HOSTNAME, s->hostname, NULL);
	}
	if (s->domainname && *s->domainname && spec_namespace(s, "uts"))
		add(p, OP_DOMAINNAME, s->domainname, NULL);
	strv_each(it, s->linux_.sysctl) {
		int r = plan_sysctl(p, s, *it, f);

		if (r < 0)
			return r;
	}
	return 0;
}

/* The spec mounts /proc and nothing of its own below: what is there must be procfs. */
static bool must_be_proc(const struct spec *s, const char *path)
{
	bool proc = false;

	if (!str_starts(path, "/proc/"))
		return false;
	for (size_t i = 0; i < s->n_mounts; i++) {
		if (str_starts(s->mounts[i].destination, "/proc/"))
			return false;
		proc |= !strcmp(s->mounts[i].destination, "/proc") && str_eq(s->mounts[i].type, "proc");
	}
	return proc;
}

static void plan_hidden(struct plan *p, const struct spec *s)
{
	strv_each(it, s->linux_.readonly_paths)
		if (must_be_proc(s, *it))
			add(p, OP_READONLY, NULL, *it)->how = OP_ON_PROC;
		else
			add(p, OP_READONLY, NULL, *it);
	strv_each(it, s->linux_.masked_paths)
		if (must_be_proc(s, *it))
			add(p, OP_MASK, NULL, *it)->how = OP_ON_PROC;
		else
			add(p, OP_MASK, NULL, *it);
}

static int plan_root(struct plan *p, const struct launch *l, struct fail *f)
{
	const struct launch_rootfs *r = &l->rootfs;
	size_t n = strv_len(r->lowers);
	bool slave = false;

	for (size_t i = 0; i < l->spec->n_mounts; i++)
		slave |= strv_has(l->spec->mounts[i].options, "rslave") ||
			 strv_has(l->spec->mounts[i].options, "slave") ||
			 strv_has(l->spec->mounts[i].options, "rshared") ||
			 strv_has(l->spec->mounts[i].options, "shared");
	/* Private, unless a volume wants to see what the host mounts later. */
	add(p, OP_PROPAGATION, NULL, NULL)->flags = MS_REC | (slave ? MS_SLAVE : MS_PRIVATE);
	if (r->dir) {
		add(p, OP_ROOT_DIR, r->dir, NULL);
		return 0;
	}
	if (!n || !r->base || !r->rw)
		return refuse(f, EINVAL, "the root filesystem names neither layers nor a folder");
	add(p, OP_OVERLAY, NULL, NULL)->data =
		mem_printf("%zu layer%s%s", n, n == 1 ? "" : "s", r->is_volatile ? ", volatile" : "");
	return 0;
}

static int plan_process(struct plan *p, const struct launch *l, struct fail *f)
{
	const struct spec_process *pr = &l->spec->process;

	if (!pr->args || !pr->args[0])
		return refuse(f, EINVAL, "no command is given, and the image has none");
	if (l->init_path) {
		strv_add(&p->args, "/run/rbox-init");
		strv_add(&p->args, "--");
	}
	strv_add_all(&p->args, pr->args);
	add(p, OP_READY, NULL, NULL);
	add(p, OP_STDIO, NULL, NULL);
	add(p, OP_LIMITS, NULL, NULL);
	/* Without no_new_privs a filter needs CAP_SYS_ADMIN: it is loaded while we have it (seccomp(2)). */
	if (l->seccomp_fd >= 0 && !pr->no_new_privileges)
		add(p, OP_SECCOMP, NULL, NULL);
	add(p, OP_PRIVS, NULL, NULL);
	if (l->seccomp_fd >= 0 && pr->no_new_privileges)
		add(p, OP_SECCOMP, NULL, NULL);
	add(p, OP_EXEC, p->args[0], NULL);
	return 0;
}

/*
 * Where the host's mounts are seen (slave), a bind must say that it itself does not want them; where
 * none are, there is nothing to say.
 */
static void settle_propagation(struct plan *p)
{
	bool slave = false;

	for (size_t i = 0; i < p->n; i++) {
		struct op *op = &p->v[i];

		if (op->kind == OP_PROPAGATION)
			slave = op->flags & MS_SLAVE;
		if (op->kind != OP_BIND && op->kind != OP_INIT)
			continue;
		if (slave && !op->propagation)
			op->propagation = MS_PRIVATE | MS_REC;
		else if (!slave)
			op->propagation = 0;
	}
}

/* On what somebody mounts it may be made: podman looks into the image alone. */
static bool is_on_mount(const struct spec *s, const char *path)
{
	for (size_t i = 0; i < s->n_mounts; i++) {
		const char *d = s->mounts[i].destination;
		size_t n = strlen(d);

		if (n > 1 && !strncmp(path, d, n) && (!path[n] || path[n] == '/'))
			return true;
	}
	return false;
}

static void plan_cwd(struct plan *p, const struct launch *l)
{
	const char *cwd = l->spec->process.cwd;

	if (!cwd || !*cwd)
		cwd = "/";
	add(p, OP_CWD, l->strict_cwd && !is_on_mount(l->spec, cwd) ? l->strict_cwd : NULL, cwd);
}

static int build(struct plan *p, const struct launch *l, struct fail *f)
{
	const struct spec *s = l->spec;
	const struct spec_user *u = &s->process.user;
	int r = plan_namespaces(p, s, f);

	if (r == 0)
		r = plan_root(p, l, f);
	if (r == 0)
		r = plan_mounts(p, l, f);
	if (r < 0)
		return r;
	/* What programs that list mounts read; podman makes it too where the image has none. */
	if (l->passwd_entry && !l->rootfs.dir)
		add(p, OP_LINK, "/proc/mounts", "/etc/mtab")->how = OP_OPTIONAL;
	if (l->init_path)
		add(p, OP_INIT, l->init_path, "/run/rbox-init")->flags = MS_RDONLY | MS_NOSUID | MS_NODEV;
	settle_propagation(p);
	r = plan_identity(p, l, f);
	if (r < 0)
		return r;
	add(p, OP_USER, u->username && *u->username ? u->username : "by number", NULL)->how =
		l->passwd_entry && !l->passwd.off ? OP_PASSWD : 0;
	if (s->process.terminal)
		add(p, OP_CONSOLE, NULL, NULL);
	plan_hidden(p, s);
	plan_cwd(p, l);
	if (s->root.readonly)
		add(p, OP_ROOT_READONLY, NULL, NULL);
	add(p, OP_PIVOT, NULL, NULL);
	return plan_process(p, l, f);
}

int plan_build(const struct launch *l, struct plan *ret, struct fail *f)
{
	struct plan p = { .n = 0 };
	int r = build(&p, l, f);

	if (r < 0) {
		plan_done(&p);
		return r;
	}
	*ret = p;
	return 0;
}

void plan_done(struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		mem_free_ptr(&p->v[i].data);
	mem_free_ptr(&p->v);
	strv_free(p->args);
	*p = (struct plan){ .n = 0 };
}
