/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_PLAN_H
#define RUNTIME_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pkg/util/fail.h"
#include "pkg/util/str.h"
#include "runtime/launch.h"

/*
 * What a launch does, as data: an ordered list of typed operations that launch (OP_NEW to
 * OP_MAP_IDS) and the container's first process (the rest) only interpret. plan_build is pure: it
 * looks nothing up, so that the same list can be shown, judged and compared before anything is done.
 * Strings belong to the launch, which must outlive the plan; only `data` is the plan's.
 */
enum op_kind {
	OP_JOIN,	/* type: namespace; source: its path */
	OP_NEW,		/* type: namespace */
	OP_MAP_IDS,	/* of the new user namespace */
	OP_PROPAGATION,	/* flags: MS_* over all mounts */
	OP_OVERLAY,	/* the root, of launch.rootfs */
	OP_ROOT_DIR,	/* source: a folder used as the root */
	OP_MOUNT,	/* type, target, flags, data: a new file system */
	OP_CGROUP,	/* target, flags: the control groups as the container may see them */
	OP_BIND,	/* source, target, flags, propagation */
	OP_DEVICE,	/* source, target, major:minor: a device of the host's, verified */
	OP_LINK,	/* target: symbolic link to source, unless something is there */
	OP_INIT,	/* source bound read-only to target, an executable */
	OP_LOOPBACK,	/* lo up */
	OP_HOSTNAME,	/* source */
	OP_DOMAINNAME,	/* source */
	OP_SYSCTL,	/* source: as written; data: "path/below/proc/sys=value" */
	OP_USER,	/* look the process's user up; a passwd line when it has none and flags says so */
	OP_CONSOLE,	/* a pty on the container's devpts, bound to /dev/console */
	OP_MASK,	/* target: hidden */
	OP_READONLY,	/* target and all below it */
	OP_CWD,		/* target: made when missing unless there is a source (launch.strict_cwd); entered after the pivot */
	OP_ROOT_READONLY,
	OP_PIVOT,
	OP_READY,	/* tell the parent, wait for its go */
	OP_STDIO,	/* 0, 1, 2 */
	OP_LIMITS,	/* rlimits and umask */
	OP_SECCOMP,	/* launch.seccomp_fd */
	OP_PRIVS,	/* user, groups, capabilities, no_new_privs */
	OP_EXEC,	/* source: args[0] */
	OP_KINDS
};

enum op_flags {
	OP_RECURSIVE = 1 << 0,	/* binds: with what is mounted below */
	OP_COPYUP = 1 << 1,	/* a tmpfs, or a volume at its first use, starts with the image's content of its folder */
	OP_PASSWD = 1 << 2,	/* OP_USER may add a passwd line */
	OP_OPTIONAL = 1 << 7,	/* OP_LINK: an image without the folder goes without the link */
	OP_ON_PROC = 1 << 3,	/* the target must be a file of procfs */
	OP_OWN_DEV = 1 << 4,	/* the target is "/dev/NAME" on a tmpfs that this plan mounts on /dev */
};

struct op {
	enum op_kind kind;
	enum op_flags how;
	const char *source, *target, *type;
	char *data;			/* owned */
	unsigned long flags;		/* MS_* of the mount */
	unsigned long propagation;	/* MS_SHARED, MS_SLAVE ... with MS_REC, or 0 */
	unsigned major, minor;
};

struct plan {
	struct op *v;
	size_t n, cap;
	char **args;		/* what is executed: the process's, after --init's own; owned list */
};

int plan_build(const struct launch *l, struct plan *ret, struct fail *f) MUST_USE;
void plan_done(struct plan *p);
#define auto_plan __attribute__((cleanup(plan_done)))

/* "mount tmpfs on '/dev' (nosuid,strictatime,mode=755)": what errors and explain say. */
void op_describe(const struct op *op, struct str *s);

/* Records "what op does: strerror(ERR)" and returns -ERR. */
int op_fail(const struct op *op, int err, struct fail *f);

/* A spec mount's options: flags, propagation and what is left for the file system (data). */
struct mount_opts {
	unsigned long flags, propagation;
	bool bind, recursive, copyup;
	char *data;	/* owned; NULL when nothing is left */
};
int mount_opts_parse(char *const *options, struct mount_opts *ret, struct fail *f) MUST_USE;

#endif
