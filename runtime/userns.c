// SPDX-License-Identifier: Apache-2.0
#include "runtime/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/spawn.h"
#include "pkg/util/user.h"
#include "runtime/ns.h"
#include "runtime/privs_caps.h"

/* A line of a map is three numbers of at most ten digits; the kernel takes 340 of them. */
enum { MAP_TEXT_MAX = 340 * 40, SUBID_TEXT_MAX = 16 << 20, HELPER_TEXT_MAX = 4096 };

/* --- maps as text --- */

static bool take_u32(const char **p, uint32_t *ret)
{
	char *end;
	unsigned long v;

	*p += strspn(*p, " \t");
	if (**p < '0' || **p > '9')
		return false;
	errno = 0;
	v = strtoul(*p, &end, 10);
	if (errno || v > UINT32_MAX)
		return false;
	*p = end;
	*ret = (uint32_t)v;
	return true;
}

int id_map_parse(const char *text, struct id_map *ret)
{
	struct id_map m = { .n = 0 };

	while (*text) {
		struct id_extent e;

		if (!take_u32(&text, &e.inside) || !take_u32(&text, &e.outside) ||
		    !take_u32(&text, &e.count))
			return -EINVAL;
		text += strspn(text, " \t");
		if (*text && *text++ != '\n')
			return -EINVAL;
		if (m.n == ID_EXTENTS_MAX)
			return -E2BIG;
		m.v[m.n++] = e;
	}
	*ret = m;
	return 0;
}

void id_map_format(const struct id_map *m, struct str *s)
{
	for (size_t i = 0; i < m->n; i++)
		str_addf(s, "%u %u %u\n", m->v[i].inside, m->v[i].outside, m->v[i].count);
}

bool id_map_eq(const struct id_map *a, const struct id_map *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->v[i].inside != b->v[i].inside || a->v[i].outside != b->v[i].outside ||
		    a->v[i].count != b->v[i].count)
			return false;
	return true;
}

uint64_t id_map_count(const struct id_map *m)
{
	uint64_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		n += m->v[i].count;
	return n;
}

static bool overlaps(const struct id_map *m, uint32_t start, uint32_t count)
{
	for (size_t i = 0; i < m->n; i++)
		if (start < (uint64_t)m->v[i].outside + m->v[i].count &&
		    m->v[i].outside < (uint64_t)start + count)
			return true;
	return false;
}

/* Puts a range after what is mapped; false when it can't be used. */
static bool map_append(struct id_map *m, uint32_t start, uint32_t count)
{
	uint64_t inside = id_map_count(m);

	/* (uid_t)-1 is no id: neither side of a map may reach it. */
	if (!count || (uint64_t)start + count > UINT32_MAX || inside + count > UINT32_MAX)
		return false;
	if (m->n == ID_EXTENTS_MAX || overlaps(m, start, count))
		return false;
	m->v[m->n++] = (struct id_extent){ (uint32_t)inside, start, count };
	return true;
}

/* "NAME:START:COUNT" of one line; false for comments and what makes no sense. */
static bool subid_line(const char *line, size_t len, const char *name, uid_t uid,
		       uint32_t *ret_start, uint32_t *ret_count)
{
	const char *colon = memchr(line, ':', len);
	const char *p = colon + 1;
	char number[16];
	size_t n;

	if (!colon)
		return false;
	n = (size_t)(colon - line);
	snprintf(number, sizeof(number), "%u", uid);
	if (!(name && n == strlen(name) && !strncmp(line, name, n)) &&
	    !(n == strlen(number) && !strncmp(line, number, n)))
		return false;
	return take_u32(&p, ret_start) && *p++ == ':' && take_u32(&p, ret_count);
}

bool id_map_from_subids(const char *text, const char *name, uid_t uid, uint32_t id, struct id_map *ret)
{
	uint32_t start, count;
	bool any = false;

	*ret = (struct id_map){ .n = 1, .v = { { 0, id, 1 } } };
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (subid_line(text, len, name, uid, &start, &count))
			any |= map_append(ret, start, count);
		text += len;
		text += *text == '\n';
	}
	return any;
}

/* --- the plan --- */

static int read_map(pid_t pid, const char *which, struct id_map *ret, struct fail *f)
{
	auto_str struct str text = STR_INIT(MAP_TEXT_MAX);
	char path[64];
	int r;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, which);
	else
		snprintf(path, sizeof(path), "/proc/self/%s", which);
	r = file_read(AT_FDCWD, path, &text);
	if (r < 0)
		return fail(f, -r, "read '%s'", path);
	r = id_map_parse(str_cstr(&text), ret);
	if (r < 0)
		return fail(f, -r, "understand '%s'", path);
	return 0;
}

static bool map_is_initial(const struct id_map *m)
{
	return m->n == 1 && !m->v[0].inside && !m->v[0].outside && m->v[0].count == UINT32_MAX;
}

static void map_identity(struct id_map *m)
{
	for (size_t i = 0; i < m->n; i++)
		m->v[i].outside = m->v[i].inside;
}

/* nsswitch.conf's "subid:" line names another source than files (subid sss). */
static bool subids_elsewhere(void)
{
	auto_str struct str text = STR_INIT(64 * 1024);
	auto_strv char **lines = NULL;

	if (file_read_linked(AT_FDCWD, "/etc/nsswitch.conf", &text) < 0 || !strstr(str_cstr(&text), "subid:"))
		return false;
	lines = strv_split(str_cstr(&text), "\n", true);
	strv_each(it, lines) {
		const char *p = *it + strspn(*it, " \t");
		size_t n;

		if (!str_starts(p, "subid:"))
			continue;
		p += strlen("subid:");
		p += strspn(p, " \t");
		n = strcspn(p, " \t#");
		return n && !(n == strlen("files") && !strncmp(p, "files", n));
	}
	return false;
}

/* getsubids' answer ("0: NAME START COUNT") as lines of /etc/subuid. */
static int ask_getsubids(const char *name, bool groups, struct str *ret, struct fail *f)
{
	struct spawn s = { .program = "getsubids" };
	auto_str struct str text = STR_INIT(64 * 1024);
	auto_strv char **argv = NULL;
	auto_strv char **lines = NULL;
	int r;

	strv_add(&argv, s.program);
	if (groups)
		strv_add(&argv, "-g");
	strv_add(&argv, name);
	s.argv = argv;
	r = spawn_run(&s, &text, f);
	if (r < 0) {
		fail_hint(f, "/etc/nsswitch.conf takes subordinate ids from elsewhere than files: "
			  "apt install uidmap");
		return r;
	}
	lines = strv_split(str_cstr(&text), "\n", true);
	strv_each(it, lines) {
		auto_strv char **words = strv_split(*it, " ", true);

		/* A status other than 0 and no such line: no ranges. */
		if (strv_len(words) == 4 && str_ends(words[0], ":"))
			str_addf(ret, "%s:%s:%s\n", words[1], words[2], words[3]);
	}
	return 0;
}

static int subids_of(const char *name, uid_t uid, bool groups, bool elsewhere, uint32_t id,
		     struct id_map *ret, struct fail *f)
{
	const char *path = groups ? "/etc/subgid" : "/etc/subuid";
	auto_str struct str text = STR_INIT(SUBID_TEXT_MAX);
	int r;

	if (elsewhere && name) {
		r = ask_getsubids(name, groups, &text, f);
		if (r < 0)
			return r;
	} else {
		r = file_read_linked(AT_FDCWD, path, &text);
		if (r < 0 && r != -ENOENT)
			return fail(f, -r, "read '%s'", path);
	}
	return id_map_from_subids(str_cstr(&text), name, uid, id, ret);
}

static bool has_setid_caps(void)
{
	uint64_t caps;

	return privs_caps_own(&caps) == 0 && (caps & 1 << CAP_SETUID) && (caps & 1 << CAP_SETGID);
}

static void plan_single(struct userns_plan *p, const char *who, uid_t uid, gid_t gid, const char *file)
{
	p->mode = USERNS_SINGLE;
	p->uids = (struct id_map){ .n = 1, .v = { { 0, uid, 1 } } };
	p->gids = (struct id_map){ .n = 1, .v = { { 0, gid, 1 } } };
	snprintf(p->note, sizeof(p->note),
		 "no subordinate ids for %.40s in %s: single-user mode; mend by: usermod "
		 "--add-subuids 100000-165535 --add-subgids 100000-165535 %.40s", who, file, who);
}

int userns_plan(struct userns_plan *ret, struct fail *f)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	struct userns_plan p = { .mode = USERNS_SUBIDS };
	auto_user struct user who = { 0 };
	char number[16];
	bool initial, elsewhere;
	int u, g = 0, r;

	r = read_map(0, "uid_map", &p.uids, f);
	if (r == 0)
		r = read_map(0, "gid_map", &p.gids, f);
	if (r < 0)
		return r;
	initial = map_is_initial(&p.uids) && map_is_initial(&p.gids);
	if (!initial && id_map_count(&p.uids) > 1 && id_map_count(&p.gids) > 1 && has_setid_caps()) {
		p.mode = USERNS_CURRENT;
		map_identity(&p.uids);
		map_identity(&p.gids);
		*ret = p;
		return 0;
	}
	snprintf(number, sizeof(number), "%u", uid);
	(void)!user_lookup(uid, &who);
	elsewhere = subids_elsewhere();
	u = subids_of(who.name, uid, false, elsewhere, uid, &p.uids, f);
	if (u > 0)
		g = subids_of(who.name, uid, true, elsewhere, gid, &p.gids, f);
	if (u < 0 || g < 0)
		return u < 0 ? u : g;
	if (initial && uid == 0) {
		p.mode = USERNS_ROOT;
		if (!g) {
			p.uids = p.gids = (struct id_map){ .n = 1, .v = { { 0, 0, UINT32_MAX } } };
			snprintf(p.note, sizeof(p.note),
				 "root has no subordinate ids in /etc/subuid and /etc/subgid: "
				 "containers' root is this machine's root");
		}
	} else if (!g) {
		plan_single(&p, who.name ? who.name : number, uid, gid, u ? "/etc/subgid" : "/etc/subuid");
	}
	*ret = p;
	return 0;
}

int userns_identity(struct id_map *ret_uids, struct id_map *ret_gids, struct fail *f)
{
	int r = read_map(0, "uid_map", ret_uids, f);

	if (r == 0)
		r = read_map(0, "gid_map", ret_gids, f);
	if (r < 0)
		return r;
	map_identity(ret_uids);
	map_identity(ret_gids);
	return 0;
}

/* --- hints --- */

static bool sysctl_is(const char *path, const char *value)
{
	auto_str struct str text = STR_INIT(64);

	if (file_read(AT_FDCWD, path, &text) < 0)
		return false;
	if (text.len && text.s[text.len - 1] == '\n')
		text.s[text.len - 1] = '\0';
	return str_eq(str_cstr(&text), value);
}

void userns_hint(struct fail *f, int err)
{
	if (err != EPERM && err != EACCES && err != ENOSPC && err != EUSERS && err != EINVAL)
		return;
	if (sysctl_is("/proc/sys/kernel/unprivileged_userns_clone", "0"))
		fail_hint(f, "user namespaces are off for users here: "
			  "sysctl -w kernel.unprivileged_userns_clone=1");
	else if (sysctl_is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"))
		fail_hint(f, "AppArmor restricts user namespaces here (Ubuntu): "
			  "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, "
			  "or install rbox's AppArmor profile");
	else if (sysctl_is("/proc/sys/user/max_user_namespaces", "0"))
		fail_hint(f, "user namespaces are off here: sysctl -w user.max_user_namespaces=15000");
	else if (err == ENOSPC || err == EUSERS)
		fail_hint(f, "too many user namespaces, or nested too deep (32): "
			  "see sysctl user.max_user_namespaces");
	else if (err == EPERM)
		fail_hint(f, "an outer container or a seccomp filter may forbid user namespaces here");
}

/* --- making U --- */

static void holder_wait(int go, int go_write) __attribute__((noreturn));
static void holder_wait(int go, int go_write)
{
	char c;

	/* The writing end is the parent's alone: its death ends the wait as well. */
	fd_close(go_write);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)!io_read(go, &c, 1);
	_exit(0);
}

static int start_holder(struct userns_begun *b, struct fail *f)
{
	auto_fd int go = -EBADF, go_write = -EBADF;
	int p[2];
	int r = fd_pipe(p);
	pid_t pid;

	if (r < 0)
		return fail(f, -r, "make a pipe");
	go = p[0];
	go_write = p[1];
	pid = ns_clone(CLONE_NEWUSER, -EBADF, NULL);
	if (pid < 0) {
		r = fail(f, -pid, "make a user namespace");
		userns_hint(f, f->code);
		return r;
	}
	if (pid == 0)
		holder_wait(go, go_write);
	b->holder = pid;
	b->holder_fd = fd_take(&go_write);
	b->ns_fd = ns_open(pid, "user");
	if (b->ns_fd < 0)
		return fail(f, -b->ns_fd, "open the new user namespace");
	return 0;
}

static int start_helper(const char *program, pid_t target, const struct id_map *m, int out,
			pid_t *ret, struct fail *f)
{
	auto_strv char **argv = NULL;
	struct spawn_fd fds[] = { { out, 1 }, { out, 2 } };
	struct spawn s = { .program = program, .fds = fds, .n_fds = ARRAY_LEN(fds),
			   .deathsig = SIGKILL };
	pid_t pid;

	strv_add(&argv, program);
	strv_addf(&argv, "%d", (int)target);
	for (size_t i = 0; i < m->n; i++) {
		strv_addf(&argv, "%u", m->v[i].inside);
		strv_addf(&argv, "%u", m->v[i].outside);
		strv_addf(&argv, "%u", m->v[i].count);
	}
	s.argv = argv;
	pid = spawn_start(&s, f);
	if (pid < 0) {
		if (pid == -ENOENT)
			fail_hint(f, "apt install uidmap");
		return fail_in(f, pid, "map subordinate ids");
	}
	*ret = pid;
	return 0;
}

static int start_helpers(struct userns_begun *b, struct fail *f)
{
	auto_fd int out = -EBADF;
	int p[2];
	int r = fd_pipe(p);

	if (r < 0)
		return fail(f, -r, "make a pipe");
	b->helper_out = p[0];
	out = p[1];
	r = start_helper("newuidmap", b->holder, &b->plan->uids, out, &b->helpers[0], f);
	if (r == 0)
		r = start_helper("newgidmap", b->holder, &b->plan->gids, out, &b->helpers[1], f);
	return r;
}

static int write_proc(pid_t pid, const char *name, const char *text, struct fail *f)
{
	auto_fd int fd = -EBADF;
	char path[64];
	int r;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = fd_open(AT_FDCWD, path, O_WRONLY, 0);
	r = fd < 0 ? fd : io_write_full(fd, text, strlen(text));
	if (r < 0)
		return fail(f, -r, "write '%s' of the new user namespace", name);
	return 0;
}

int userns_write_maps(pid_t pid, const struct id_map *uids, const struct id_map *gids, bool deny_setgroups,
		      struct fail *f)
{
	auto_str struct str text = STR_INIT(MAP_TEXT_MAX);
	int r = 0;

	if (deny_setgroups)
		r = write_proc(pid, "setgroups", "deny", f);
	if (r < 0)
		return r;
	id_map_format(uids, &text);
	r = write_proc(pid, "uid_map", str_cstr(&text), f);
	if (r < 0)
		return r;
	str_clear(&text);
	id_map_format(gids, &text);
	return write_proc(pid, "gid_map", str_cstr(&text), f);
}

/*
 * The namespace of PID when it is a U of ours: made by us, a child of our own namespace (a
 * container's N has the same maps and the same owner), its maps those wanted, to the letter.
 * Returns a descriptor, or -errno where it is anything else; that is no failure of the caller's.
 */
static int try_hint(const struct userns_plan *plan, pid_t pid)
{
	auto_fd int pidfd = -EBADF, ns = -EBADF, own = -EBADF, parent = -EBADF;
	struct fail ignored = { 0 };
	struct id_map uids, gids;
	uid_t owner;

	pidfd = ns_pidfd_open(pid);
	if (pidfd < 0)
		return pidfd;
	ns = ns_open(pid, "user");
	own = ns_open(0, "user");
	if (ns < 0 || own < 0)
		return -EPERM;
	if (ns_owner_uid(ns, &owner) < 0 || owner != geteuid())
		return -EPERM;
	parent = ns_parent(ns);
	if (parent < 0 || ns_same(parent, own) != 1)
		return -EPERM;
	if (read_map(pid, "uid_map", &uids, &ignored) < 0 || read_map(pid, "gid_map", &gids, &ignored) < 0)
		return -EPERM;
	if (!id_map_eq(&uids, &plan->uids) || !id_map_eq(&gids, &plan->gids))
		return -ESTALE;
	/* Still there: all that was read by number was of this very process. */
	if (ns_pidfd_alive(pidfd) < 0)
		return -ESRCH;
	return fd_take(&ns);
}

int userns_begin(const struct userns_plan *plan, pid_t hint_pid, struct userns_begun *ret, struct fail *f)
{
	struct userns_begun b = { .holder_fd = -EBADF, .helper_out = -EBADF, .ns_fd = -EBADF, .plan = plan };
	int r = 0;

	*ret = b;
	if (plan->mode == USERNS_CURRENT) {
		ret->ns_fd = ns_open(0, "user");
		if (ret->ns_fd < 0)
			return fail(f, -ret->ns_fd, "open our own user namespace");
		return 0;
	}
	if (hint_pid > 0) {
		ret->ns_fd = try_hint(plan, hint_pid);
		if (ret->ns_fd >= 0)
			return 0;
	}
	r = start_holder(&b, f);
	if (r == 0 && plan->mode == USERNS_SUBIDS)
		r = start_helpers(&b, f);
	else if (r == 0)
		r = userns_write_maps(b.holder, &plan->uids, &plan->gids, plan->mode == USERNS_SINGLE, f);
	if (r < 0) {
		if (plan->mode != USERNS_SUBIDS)
			userns_hint(f, f->code);
		userns_begun_done(&b);
		return r;
	}
	*ret = b;
	return 0;
}

static int helper_failed(const struct userns_begun *b, const char *program, int status, struct fail *f)
{
	auto_str struct str said = STR_INIT(HELPER_TEXT_MAX);
	auto_str struct str clean = STR_INIT(HELPER_TEXT_MAX);
	int r;

	/* Both helpers have ended: nobody holds the writing end. */
	(void)!io_read_all(b->helper_out, &said);
	while (said.len && said.s[said.len - 1] == '\n')
		said.s[--said.len] = '\0';
	str_add_escaped(&clean, str_cstr(&said));
	r = refuse(f, EPERM, "map subordinate ids: %s failed (status %d): %s", program, status,
		   clean.len ? clean.s : "it gave no reason");
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		fail_hint(f, "no_new_privs is set here, so newuidmap gets no rights: remove "
			  "NoNewPrivileges= from the unit, or no-new-privileges from the outer container");
	else if (strstr(said.len ? said.s : "", "not allowed"))
		fail_hint(f, "check the ranges in /etc/subuid and /etc/subgid: they must be this user's alone");
	else
		fail_hint(f, "newuidmap and newgidmap need their setuid bits or capabilities: "
			  "apt install --reinstall uidmap");
	return r;
}

int userns_finish(struct userns_begun *b, struct fail *f)
{
	static const char *const programs[] = { "newuidmap", "newgidmap" };
	int status[2] = { 0, 0 };

	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		if (b->helpers[i] <= 0)
			continue;
		status[i] = spawn_wait(b->helpers[i]);
		b->helpers[i] = 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		if (status[i]) {
			int r = helper_failed(b, programs[i], status[i], f);

			userns_begun_done(b);
			return r;
		}
	}
	if (b->holder > 0) {
		/* The open descriptor keeps the namespace from here on. */
		b->holder_fd = fd_close(b->holder_fd);
		(void)!spawn_wait(b->holder);
		b->holder = 0;
	}
	b->helper_out = fd_close(b->helper_out);
	if (b->ns_fd < 0)
		return refuse(f, EINVAL, "the user namespace was never begun");
	return fd_take(&b->ns_fd);
}

void userns_begun_done(struct userns_begun *b)
{
	for (size_t i = 0; i < ARRAY_LEN(b->helpers); i++) {
		if (b->helpers[i] > 0)
			(void)!spawn_wait(b->helpers[i]);
		b->helpers[i] = 0;
	}
	b->holder_fd = fd_close(b->holder_fd);
	if (b->holder > 0)
		(void)!spawn_wait(b->holder);
	b->holder = 0;
	b->helper_out = fd_close(b->helper_out);
	b->ns_fd = fd_close(b->ns_fd);
}

/* --- joining U --- */

/* The login's supplementary groups must not leak into U: they'd give rights nobody sees inside. */
static int drop_groups(struct fail *f)
{
	if (setgroups(0, NULL) == 0)
		return 0;
	if (errno == EPERM && !sysctl_is("/proc/self/setgroups", "allow"))
		return 0;	/* single id: the kernel forbids setgroups in such a namespace */
	return fail(f, errno, "drop the supplementary groups");
}

int userns_enter(int ns_fd, unsigned how, struct fail *f)
{
	auto_fd int own = ns_open(0, "user");
	int r;

	if (own < 0)
		return fail(f, -own, "open our own user namespace");
	/* setns into the namespace one is in already is EINVAL. */
	r = ns_same(own, ns_fd);
	if (r < 0)
		return fail(f, -r, "look at the user namespace");
	if (r == 0) {
		r = ns_join(ns_fd, CLONE_NEWUSER);
		if (r < 0)
			return fail(f, -r, "join the user namespace");
	}
	r = how & USERNS_KEEP_GROUPS ? 0 : drop_groups(f);
	if (r < 0)
		return r;
	if (setresgid(0, 0, 0) < 0)
		return fail(f, errno, "become group 0 of the user namespace");
	if (setresuid(0, 0, 0) < 0)
		return fail(f, errno, "become user 0 of the user namespace");
	/* A monitor stays dumpable, else its owner could not open its namespaces by /proc. */
	if (prctl(PR_SET_DUMPABLE, how & USERNS_DUMPABLE ? 1 : 0, 0, 0, 0) < 0)
		return fail(f, errno, "set dumpable");
	return 0;
}

static int find_and_enter(pid_t hint_pid, unsigned how, struct fail *f)
{
	struct userns_plan plan;
	struct userns_begun b;
	auto_fd int ns = -EBADF;
	int r = userns_plan(&plan, f);

	if (r == 0)
		r = userns_begin(&plan, hint_pid, &b, f);
	if (r < 0)
		return r;
	ns = userns_finish(&b, f);
	return ns < 0 ? ns : userns_enter(ns, how, f);
}

int userns_enter_with_groups(pid_t hint_pid, struct fail *f)
{
	return find_and_enter(hint_pid, USERNS_KEEP_GROUPS, f);
}

int userns_enter_default(struct fail *f)
{
	return userns_enter_hinted(0, f);
}

int userns_enter_hinted(pid_t hint_pid, struct fail *f)
{
	return find_and_enter(hint_pid, USERNS_DUMPABLE, f);
}
