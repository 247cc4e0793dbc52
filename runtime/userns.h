/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_USERNS_H
#define RUNTIME_USERNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "pkg/util/fail.h"
#include "pkg/util/str.h"

/*
 * The user's namespace U: uid 0 inside is the caller, 1.. are the caller's subordinate ids.
 * Containers' own namespaces are made inside it; unpacking and removing trees need it.
 */
struct id_extent { uint32_t inside, outside, count; };
enum { ID_EXTENTS_MAX = 64 };
struct id_map {
	struct id_extent v[ID_EXTENTS_MAX];
	size_t n;
};

enum userns_mode {
	USERNS_SUBIDS,	/* the normal case: caller + subordinate ranges */
	USERNS_SINGLE,	/* no subordinate ids: only uid 0 = the caller */
	USERNS_CURRENT,	/* we are in a user namespace with capabilities and enough ids: used as it is */
	USERNS_ROOT,	/* real root: root's subordinate range, else identity */
};

struct userns_plan {
	enum userns_mode mode;
	struct id_map uids, gids;
	char note[200];	/* a warning worth one line ("no subordinate ids for ...: single-user mode ..."), or "" */
};

/* Reads getsubids' answer (libsubid's or /etc/subuid and /etc/subgid; nsswitch "subid:" other than
 * files is asked by running getsubids) and /proc/self/uid_map. No id at all is not an error: SINGLE. */
int userns_plan(struct userns_plan *ret, struct fail *f) MUST_USE;

/*
 * Makes U in two halves so that newuidmap and newgidmap (5 ms, side by side) overlap with other
 * work. HINT_PID (0: none): a process believed to live in U (a running monitor); when its
 * namespace has the very maps wanted and is ours (NS_GET_OWNER_UID), it is joined instead and
 * nothing is forked. begin starts; finish waits and returns a namespace descriptor, or -errno.
 * A missing or failing newuidmap: the message says the command that mends it (apt install uidmap ...).
 */
struct userns_begun {
	pid_t holder;		/* a child keeping the new namespace alive until finish; 0 when joined */
	pid_t helpers[2];	/* newuidmap, newgidmap */
	int holder_fd;		/* closed to let the holder go */
	int helper_out;		/* what the helpers say */
	int ns_fd;
	const struct userns_plan *plan;
};
int userns_begin(const struct userns_plan *plan, pid_t hint_pid, struct userns_begun *ret, struct fail *f) MUST_USE;
int userns_finish(struct userns_begun *b, struct fail *f) MUST_USE;
void userns_begun_done(struct userns_begun *b);

/*
 * Joins U for good: setns, setgroups(0), setresgid(0), setresuid(0). HOW: dumpable afterwards too; with the login's
 * supplementary groups, which have no names inside but give their rights (--group-add keep-groups).
 */
enum userns_enter_flags { USERNS_DUMPABLE = 1 << 0, USERNS_KEEP_GROUPS = 1 << 1 };
int userns_enter(int ns_fd, unsigned how, struct fail *f) MUST_USE;

/*
 * The same with the login's supplementary groups, for who copies the user's own files: without them
 * those that he reads by a group alone are out of reach. Never for what runs a container. Not dumpable.
 */
int userns_enter_with_groups(pid_t hint_pid, struct fail *f) MUST_USE;

/* All of the above in one, for programs that only want to be in U (unpack, reaper). */
int userns_enter_default(struct fail *f) MUST_USE;
/* The same, joining the namespace of HINT_PID if it is the right one. */
int userns_enter_hinted(pid_t hint_pid, struct fail *f) MUST_USE;

/* What is in /proc/PID/uid_map; -EINVAL for what isn't a map, -E2BIG past ID_EXTENTS_MAX. */
int id_map_parse(const char *text, struct id_map *ret) MUST_USE;
/* "INSIDE OUTSIDE COUNT\n" for each extent: what the kernel takes. */
void id_map_format(const struct id_map *m, struct str *s);
bool id_map_eq(const struct id_map *a, const struct id_map *b);
uint64_t id_map_count(const struct id_map *m);

/*
 * Ranges of "name:start:count" lines (subuid(5)) that belong to NAME or UID, put after the
 * caller's own id ID as 1.. inside. False when there are none. Lines that make no sense and ranges
 * that overlap an earlier one are passed over.
 */
bool id_map_from_subids(const char *text, const char *name, uid_t uid, uint32_t id, struct id_map *ret);

/* Writes the maps of a new user namespace's first process PID; one needs the rights for them. */
int userns_write_maps(pid_t pid, const struct id_map *uids, const struct id_map *gids, bool deny_setgroups,
		      struct fail *f) MUST_USE;

/* Why this host refuses user namespaces to users, as a hint: sysctls, AppArmor; nothing when it can't tell. */
void userns_hint(struct fail *f, int err);

/* "0 0 1\n1 1 65536\n": identity over every id mapped in our own namespace, one line per extent. */
int userns_identity(struct id_map *ret_uids, struct id_map *ret_gids, struct fail *f) MUST_USE;

#endif
