// SPDX-License-Identifier: Apache-2.0
#include "runtime/privs.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "runtime/privs_caps.h"

struct masks {
	uint64_t bounding, effective, inheritable, permitted, ambient;
};

static int read_masks(const struct spec_caps *c, struct masks *m, struct fail *f)
{
	int r = privs_cap_mask(c->bounding, &m->bounding, f);

	if (r == 0)
		r = privs_cap_mask(c->effective, &m->effective, f);
	if (r == 0)
		r = privs_cap_mask(c->inheritable, &m->inheritable, f);
	if (r == 0)
		r = privs_cap_mask(c->permitted, &m->permitted, f);
	if (r == 0)
		r = privs_cap_mask(c->ambient, &m->ambient, f);
	return r;
}

static int drop_bounding(uint64_t keep, struct fail *f)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		int has = prctl(PR_CAPBSET_READ, bit, 0, 0, 0);
		const char *name = privs_cap_name(bit);

		if (has < 0)
			return 0;	/* past the kernel's last */
		if (has == 0 || (keep & (UINT64_C(1) << bit)))
			continue;
		if (prctl(PR_CAPBSET_DROP, bit, 0, 0, 0) < 0)
			return fail(f, errno, "drop %s from the bounding set",
				    name ? name : "a capability");
	}
	return 0;
}

/* In a namespace with one id, setgroups(2) is denied for good: the login's groups stay. */
static bool setgroups_denied(void)
{
	auto_fd int fd = fd_open(AT_FDCWD, "/proc/self/setgroups", O_RDONLY, 0);
	char text[8] = "";

	return fd >= 0 && io_read_full(fd, text, sizeof(text) - 1) >= 4 && !strncmp(text, "deny", 4);
}

/* Those that are mapped here. Only what the image lists may be missing; what was asked for is an error. */
static int set_mapped_groups(const struct privs_user *u, struct fail *f)
{
	gid_t mapped[sizeof(u->groups) / sizeof(*u->groups)];
	size_t n = 0;

	for (size_t i = 0; i < u->n_groups; i++) {
		if (setgroups(1, &u->groups[i]) == 0)
			mapped[n++] = u->groups[i];
		else if (i >= u->n_listed)
			return refuse(f, EINVAL, "group %u is not mapped in this container", u->groups[i]);
	}
	return setgroups(n, mapped) < 0 ? fail(f, errno, "set %zu supplementary groups", n) : 0;
}

static int set_groups(const struct privs_user *u, struct fail *f)
{
	bool none = true;
	int err;

	if (u->keep_groups || setgroups(u->n_groups, u->groups) == 0)
		return 0;
	err = errno;
	for (size_t i = u->n_listed; i < u->n_groups; i++)
		none = none && u->groups[i] == u->gid;
	if (err == EPERM && none && setgroups_denied())
		return 0;
	if (err == EINVAL)
		return set_mapped_groups(u, f);
	fail(f, err, "set %zu supplementary groups", u->n_groups);
	if (err == EPERM && setgroups_denied())
		fail_hint(f, "only one id is mapped here: without subordinate ids (/etc/subgid) there are "
			     "no further groups");
	return -err;
}

static int not_mapped(int err, const char *what, uint32_t id, struct fail *f)
{
	if (err != EINVAL)
		return fail(f, err, "become %s %u", what, id);
	refuse(f, err, "%s %u is not mapped in this container", what, id);
	fail_hint(f, "/proc/self/%s_map inside shows what is: more subordinate ids (/etc/sub%s) "
		     "or another --userns make room", *what == 'u' ? "uid" : "gid",
		  *what == 'u' ? "uid" : "gid");
	return -err;
}

static int set_ids(const struct privs_user *u, struct fail *f)
{
	/* Else leaving uid 0 clears the permitted set that capset must still draw on. */
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return fail(f, errno, "keep capabilities while the uid changes");
	if (setresgid(u->gid, u->gid, u->gid) < 0)
		return not_mapped(errno, "gid", u->gid, f);
	if (setresuid(u->uid, u->uid, u->uid) < 0)
		return not_mapped(errno, "uid", u->uid, f);
	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
		return fail(f, errno, "keep no capabilities past the next change of uid");
	return 0;
}

static int set_caps(const struct masks *m, struct fail *f)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	int err;

	for (int i = 0; i < 2; i++) {
		data[i].effective = (uint32_t)(m->effective >> (32 * i));
		data[i].permitted = (uint32_t)(m->permitted >> (32 * i));
		data[i].inheritable = (uint32_t)(m->inheritable >> (32 * i));
	}
	if (syscall(SYS_capset, &head, data) == 0)
		return 0;
	err = errno;
	for (int i = 0; i < 2; i++)
		data[i] = (struct __user_cap_data_struct){ 0 };
	if (err == EPERM && syscall(SYS_capget, &head, data) == 0) {
		uint64_t have = data[0].permitted | (uint64_t)data[1].permitted << 32;
		uint64_t lack = m->permitted & ~have;

		if (lack)
			return refuse(f, err, "capability %s can't be had here",
				      privs_cap_name((unsigned)__builtin_ctzll(lack)));
	}
	return fail(f, err, "set the capabilities");
}

static int set_ambient(uint64_t ambient, struct fail *f)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return fail(f, errno, "clear the ambient capabilities");
	for (unsigned bit = 0; bit < 64; bit++)
		if ((ambient & (UINT64_C(1) << bit)) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, bit, 0, 0) < 0)
			return fail(f, errno, "raise the ambient capability %s",
				    privs_cap_name(bit));
	return 0;
}

int privs_apply(const struct spec_process *p, const struct privs_user *u, struct fail *f)
{
	struct masks m;
	int r = read_masks(&p->caps, &m, f);

	if (r == 0)
		r = drop_bounding(m.bounding, f);
	if (r == 0)
		r = set_groups(u, f);
	if (r == 0)
		r = set_ids(u, f);
	if (r == 0)
		r = set_caps(&m, f);
	if (r == 0)
		r = set_ambient(m.ambient, f);
	if (r < 0)
		return r;
	(void)umask(p->user.umask & 0777);
	if (p->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail(f, errno, "set no_new_privs");
	return 0;
}
