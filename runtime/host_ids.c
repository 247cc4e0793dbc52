// SPDX-License-Identifier: Apache-2.0
/* Subordinate ids: who has which, the helpers that map them, and whether the mapping works. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/spawn.h"
#include "pkg/util/str.h"
#include "runtime/host_check.h"
#include "runtime/ns.h"
#include "runtime/userns.h"

enum { IDS_WANTED = 65536, SUBID_MAX = 1 << 20 };

struct range {
	uint64_t start, count;
	bool ours;
};

/* subuid(5): login name or uid, first id, count. */
static bool parse_range(const char *line, const char *user, const char *uid, struct range *ret)
{
	auto_strv char **v = strv_split(line, ":", false);

	if (strv_len(v) != 3 || str_to_u64(v[1], 10, &ret->start) < 0 ||
	    str_to_u64(v[2], 10, &ret->count) < 0 || !ret->count || ret->start > UINT32_MAX ||
	    ret->count > UINT32_MAX)
		return false;
	ret->ours = str_eq(v[0], user) || str_eq(v[0], uid);
	return true;
}

struct ranges {
	struct range *v;
	size_t n;
	uint64_t width;		/* of ours together */
	uint64_t next;		/* the first id above all, at least 100000 */
};

static void load_ranges(const char *path, struct ranges *ret)
{
	auto_str struct str s = STR_INIT(SUBID_MAX);
	auto_strv char **lines = NULL;
	auto_free char *user = host_user();
	auto_free char *uid = mem_printf("%u", geteuid());

	*ret = (struct ranges){ .next = 100000 };
	if (file_read_linked(AT_FDCWD, path, &s) < 0)
		return;
	lines = strv_split(str_cstr(&s), "\n", true);
	ret->v = mem_array(strv_len(lines), sizeof(*ret->v));
	strv_each(it, lines) {
		struct range *x = &ret->v[ret->n];

		if (!parse_range(*it, user, uid, x))
			continue;
		ret->n++;
		if (x->ours)
			ret->width += x->count;
		if (x->start + x->count > ret->next)
			ret->next = x->start + x->count;
	}
}

/* The range of another user that shares ids with *RET_OURS. */
static const struct range *shared(const struct ranges *r, const struct range **ret_ours)
{
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < r->n; k++)
			if (r->v[i].ours && !r->v[k].ours &&
			    r->v[i].start < r->v[k].start + r->v[k].count &&
			    r->v[k].start < r->v[i].start + r->v[i].count) {
				*ret_ours = &r->v[i];
				return &r->v[k];
			}
	return NULL;
}

static char *add_ids_command(const struct ranges *u, const struct ranges *g)
{
	auto_free char *user = host_user();
	auto_str struct str options = STR_INIT(256);
	uint64_t from = u->next > g->next ? u->next : g->next;

	if (u->width < IDS_WANTED)
		str_addf(&options, "--add-subuids %llu-%llu ", (unsigned long long)from,
			 (unsigned long long)from + IDS_WANTED - 1);
	if (g->width < IDS_WANTED)
		str_addf(&options, "--add-subgids %llu-%llu ", (unsigned long long)from,
			 (unsigned long long)from + IDS_WANTED - 1);
	return host_sudo("usermod %s%s", str_cstr(&options), user);
}

static void check_overlap(struct host_report *r, const struct ranges *v, const char *file, char kind)
{
	const struct range *ours, *other = shared(v, &ours);
	auto_free char *user = NULL;
	struct host_check *c;

	if (!other)
		return;
	user = host_user();
	c = host_add(r, "subordinate ids shared", "%llu-%llu in %s is another user's too",
		     (unsigned long long)other->start,
		     (unsigned long long)(other->start + other->count - 1), file);
	host_fault(c, HOST_WARN, "containers of both users can touch each other's files and processes",
		   host_sudo("usermod --del-sub%cids %llu-%llu --add-sub%cids %llu-%llu %s", kind,
			     (unsigned long long)ours->start,
			     (unsigned long long)(ours->start + ours->count - 1), kind,
			     (unsigned long long)v->next,
			     (unsigned long long)(v->next + IDS_WANTED - 1), user));
}

void host_check_ids(struct host_report *r)
{
	struct userns_plan plan;
	struct ranges u, g;
	struct fail f = { 0 };
	struct host_check *c;

	load_ranges("/etc/subuid", &u);
	load_ranges("/etc/subgid", &g);
	if (userns_plan(&plan, &f) < 0) {
		c = host_add(r, "subordinate ids", "%s", f.msg);
		host_fault(c, HOST_FAIL, "the ids of containers' users come from there",
			   f.hint[0] ? mem_strdup(f.hint) : add_ids_command(&u, &g));
	} else if (plan.mode == USERNS_SINGLE) {
		c = host_add(r, "subordinate ids", "%llu uids, %llu gids", (unsigned long long)u.width,
			     (unsigned long long)g.width);
		host_fault(c, HOST_WARN, "containers have one single id: programs that change users fail in them",
			   add_ids_command(&u, &g));
	} else {
		uint64_t uids = id_map_count(&plan.uids), gids = id_map_count(&plan.gids);

		c = host_add(r, "subordinate ids", "%llu uids, %llu gids", (unsigned long long)uids,
			     (unsigned long long)gids);
		if (uids < IDS_WANTED || gids < IDS_WANTED)
			host_fault(c, HOST_WARN, "files of images with ids up to 65535 can't all keep their owners",
				   add_ids_command(&u, &g));
	}
	check_overlap(r, &u, "/etc/subuid", 'u');
	check_overlap(r, &g, "/etc/subgid", 'g');
	free(u.v);
	free(g.v);
}

/* Its setuid bit, or the file capability CAP (capabilities(7), "File capabilities"), counts here. */
static bool has_rights(const char *path, unsigned cap)
{
	struct vfs_ns_cap_data data = { 0 };
	struct statvfs fs;
	struct stat st;
	ssize_t n;

	if (stat(path, &st) < 0 || statvfs(path, &fs) < 0 || (fs.f_flag & ST_NOSUID))
		return false;
	if ((st.st_mode & S_ISUID) && st.st_uid == 0)
		return true;
	n = getxattr(path, "security.capability", &data, sizeof(data));
	return n >= (ssize_t)(sizeof(data.magic_etc) + sizeof(data.data[0])) &&
	       (data.magic_etc & VFS_CAP_FLAGS_EFFECTIVE) && (data.data[0].permitted & (1u << cap));
}

static void check_helper(struct host_report *r, const char *name, unsigned cap, const char *cap_name)
{
	auto_free char *path = NULL;
	struct host_check *c;

	if (!spawn_find(name, &path)) {
		c = host_add(r, name, "not found in PATH");
		host_fault(c, HOST_FAIL, "it gives your subordinate ids to containers",
			   host_install("newuidmap"));
		return;
	}
	c = host_add(r, name, "%s", path);
	if (!has_rights(path, cap))
		host_fault(c, HOST_FAIL, "it is neither setuid root nor has the capability that it needs, "
			   "or lies on a nosuid mount", host_sudo("setcap %s+ep %s", cap_name, path));
}

static void check_no_new_privs(struct host_report *r)
{
	struct host_check *c;

	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return;
	c = host_add(r, "no_new_privs", "set on this process");
	host_fault(c, HOST_FAIL, "newuidmap and newgidmap get no rights then",
		   mem_strdup("remove NoNewPrivileges= from the systemd unit, or no-new-privileges from the "
			      "options of the outer container"));
}

/* A file in the store goes to the first subordinate id: 0, or what stands against it. */
static int try_chown(int ns_fd, int dir_fd)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		int fd = fd_open(dir_fd, "owner", O_CREAT | O_WRONLY, 0600);
		int e = fd < 0 ? fd : ns_join(ns_fd, CLONE_NEWUSER);

		if (e == 0 && fchown(fd, 1, 1) < 0)
			e = -errno;
		_exit(e < 0 ? -e : 0);
	}
	status = spawn_wait(pid);
	return status > 0 ? -status : status;
}

static void check_map(const struct host_place *p, const struct userns_plan *plan, struct host_report *r)
{
	struct userns_begun b;
	struct fail f = { 0 };
	auto_fd int ns = -EBADF;
	struct host_check *c;
	int e = userns_begin(plan, 0, &b, &f);

	if (e == 0)
		ns = e = userns_finish(&b, &f);
	c = host_add(r, "id mapping", "%s", e < 0 ? f.msg : "works");
	if (e < 0) {
		host_fault(c, HOST_FAIL, "containers can't get their ids",
			   mem_strdup(f.hint[0] ? f.hint : "see the checks above"));
		return;
	}
	if (p->probe_fd < 0 || plan->mode == USERNS_SINGLE)
		return;
	e = try_chown(ns, p->probe_fd);
	if (e == 0)
		return;
	host_found(c, "works, but not for files of the store: %s", strerror(-e));
	host_fault(c, HOST_FAIL, "the store's file system refuses other owners (network file systems do)",
		   mem_printf("export XDG_DATA_HOME=/var/tmp/$USER   # or another folder on a local disk"));
}

void host_check_mapping(const struct host_place *p, struct host_report *r)
{
	struct userns_plan plan;
	struct fail f = { 0 };

	/* Told by the check of the ids already. */
	if (userns_plan(&plan, &f) < 0)
		return;
	if (plan.mode == USERNS_SUBIDS) {
		check_helper(r, "newuidmap", CAP_SETUID, "cap_setuid");
		check_helper(r, "newgidmap", CAP_SETGID, "cap_setgid");
		check_no_new_privs(r);
	}
	check_map(p, &plan, r);
}
