/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_PRIVS_H
#define RUNTIME_PRIVS_H

#include <stdbool.h>

#include "pkg/oci/spec.h"
#include "pkg/util/fail.h"

/*
 * From the full rights of a new namespace down to those of the process. Order in the child:
 * privs_limits, then privs_user_lookup (root in place), then privs_apply: bounding set, securebits
 * keepcaps, groups, gid, uid, capability sets, ambient, no_new_privs; seccomp is loaded by the caller
 * between (before dropping CAP_SYS_ADMIN unless no_new_privs is wanted).
 */

/* Rlimits; a hard limit above our own is clamped to it (rootless), never refused. */
int privs_limits(const struct spec_process *p, struct fail *f) MUST_USE;

struct privs_user {
	uint32_t uid, gid;
	uint32_t groups[256];
	size_t n_groups, n_listed;	/* the first n_listed: the image's /etc/group has them; one that isn't mapped is left out */
	bool keep_groups;	/* those of whoever starts it stay: group_add has "keep-groups" */
	char home[256];		/* from passwd; "/" when there is none */
	char name[64];		/* "" when the uid has no passwd line */
};
/*
 * Looks up p->user in /etc/passwd and /etc/group below ROOT_FD (content of an image: opened with
 * path_open_in_root, bounded at 1 MiB, lines that make no sense passed over). An unknown name is
 * refused as podman does: "unable to find user x: no matching entries in passwd file" (125; of a launch 126).
 */
int privs_user_lookup(int root_fd, const struct spec_user *u, struct privs_user *ret, struct fail *f) MUST_USE;

/* Whether /etc/passwd (/etc/group) below ROOT_FD has WHO, a name or an id. Read as above. */
bool privs_has_user(int root_fd, const char *who);
bool privs_has_group(int root_fd, const char *which);

int privs_apply(const struct spec_process *p, const struct privs_user *u, struct fail *f) MUST_USE;

/* Capability names: "CAP_NET_RAW", "net_raw", "ALL" -> bit mask; the name of a bit. */
int privs_cap_parse(const char *name, uint64_t *ret_mask, struct fail *f) MUST_USE;
/* Default 11, + add, - drop ("ALL" first), sorted list of names. Caller frees. */
int privs_caps_build(char *const *add, char *const *drop, bool privileged, char ***ret, struct fail *f) MUST_USE;

#endif
