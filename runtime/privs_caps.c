// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "runtime/privs.h"
#include "runtime/privs_caps.h"

/* capabilities(7); the index is the bit. Fixed width: no relocation for each name. */
static const char names[][24] = {
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
	"CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER",
	"CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT",
	"CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL",
	"CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
};

#define CAP(name) (UINT64_C(1) << CAP_##name)

/* podman's default. */
static const uint64_t default_caps =
	CAP(CHOWN) | CAP(DAC_OVERRIDE) | CAP(FOWNER) | CAP(FSETID) | CAP(KILL) | CAP(NET_BIND_SERVICE) |
	CAP(SETFCAP) | CAP(SETGID) | CAP(SETPCAP) | CAP(SETUID) | CAP(SYS_CHROOT);

const char *privs_cap_name(unsigned bit)
{
	return bit < ARRAY_LEN(names) ? names[bit] : NULL;
}

uint64_t privs_cap_known(void)
{
	uint64_t all = 0;

	/* The bounding set of a new user namespace is full: what the kernel knows. */
	for (unsigned bit = 0; bit < 64 && prctl(PR_CAPBSET_READ, bit, 0, 0, 0) >= 0; bit++)
		all |= UINT64_C(1) << bit;
	return all;
}

int privs_caps_own(uint64_t *ret)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	*ret = data[0].effective | (uint64_t)data[1].effective << 32;
	return 0;
}

int privs_cap_parse(const char *name, uint64_t *ret_mask, struct fail *f)
{
	const char *bare = strncasecmp(name, "CAP_", 4) ? name : name + 4;

	if (!strcasecmp(name, "ALL")) {
		*ret_mask = privs_cap_known();
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!strcasecmp(bare, names[i] + 4)) {
			*ret_mask = UINT64_C(1) << i;
			return 0;
		}
	}
	refuse(f, EINVAL, "unknown capability '%.60s'", name);
	fail_hint(f, "capabilities(7) lists them: NET_ADMIN, SYS_PTRACE, ..., or ALL");
	return -EINVAL;
}

int privs_cap_mask(char *const *list, uint64_t *ret_mask, struct fail *f)
{
	uint64_t mask = 0, one;

	strv_each(it, list)
	{
		int r = privs_cap_parse(*it, &one, f);

		if (r < 0)
			return r;
		mask |= one;
	}
	*ret_mask = mask;
	return 0;
}

static bool has_all(char *const *list)
{
	strv_each(it, list)
		if (!strcasecmp(*it, "ALL"))
			return true;
	return false;
}

/* As podman: a capability both added and dropped is refused, whatever the order. */
static int merge(char *const *add, char *const *drop, uint64_t *ret, struct fail *f)
{
	bool add_all = has_all(add), drop_all = has_all(drop);
	uint64_t plus = 0, minus = 0, both;

	if (add_all && drop_all)
		return refuse(f, EINVAL, "adding all capabilities and dropping all is a contradiction");
	if (privs_cap_mask(add, &plus, f) < 0 || privs_cap_mask(drop, &minus, f) < 0)
		return -f->code;
	both = add_all || drop_all ? 0 : plus & minus;
	if (both)
		return refuse(f, EINVAL, "capability %s is both added and dropped",
			      names[__builtin_ctzll(both)]);
	if (drop_all)
		*ret = plus;
	else
		*ret = (default_caps | plus) & ~minus;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int privs_caps_build(char *const *add, char *const *drop, bool privileged, char ***ret,
		     struct fail *f)
{
	uint64_t mask = privs_cap_known(), wanted = 0;
	char **list = NULL;
	int r = merge(add, drop, &wanted, f);

	if (r < 0)
		return r;
	if (!privileged && (wanted & ~mask))
		return refuse(f, ENOTSUP, "this kernel has no capability %s",
			      names[__builtin_ctzll(wanted & ~mask)]);
	if (!privileged)
		mask = wanted;
	for (unsigned bit = 0; bit < ARRAY_LEN(names); bit++)
		if (mask & (UINT64_C(1) << bit))
			strv_add(&list, names[bit]);
	if (list)
		qsort(list, strv_len(list), sizeof(*list), by_name);
	else
		list = mem_alloc(sizeof(*list));
	*ret = list;
	return 0;
}
