/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_PROCS_H
#define RUNTIME_PROCS_H

#include <stdint.h>
#include <sys/types.h>

#include "pkg/util/fail.h"
#include "runtime/userns.h"

/*
 * The processes of a running container, read from the host's /proc: those in the pid namespace of its first
 * process or in one below it. Nothing is run in the container and nothing that it can change is believed
 * but a process's own name and arguments. A process that ends meanwhile is left out.
 */
enum proc_caps { PROC_CAPINH, PROC_CAPPRM, PROC_CAPEFF, PROC_CAPBND, PROC_CAPAMB, PROC_CAPS };

struct proc {
	pid_t hpid, hppid;		/* as we see it */
	pid_t pid, ppid, pgid;		/* as the container does; 0: a parent outside */
	char state;			/* R S D Z T ... (proc(5)) */
	int nice, threads, seccomp;
	unsigned tty;			/* device number, 0: none */
	int64_t cpu;			/* ns, user and system, of its own */
	int64_t cpu_children;		/* ns of those it has waited for */
	int64_t start;			/* ns since boot */
	uint64_t vsz, rss;		/* bytes */
	uint32_t uid, ruid, gid, rgid;	/* as we see them; procs_id gives the container's */
	uint32_t *groups;
	size_t n_groups;
	uint64_t caps[PROC_CAPS];
	char *comm, *args;		/* owned; args: blanks between, "[comm]" when there are none */
	char *label;			/* owned: of SELinux or AppArmor, NULL when there is none */
};

struct procs {
	struct proc *v;			/* by pid */
	size_t n;
	struct id_map uids, gids;	/* of the first process's user namespace */
	int64_t now;			/* ns since boot at which they were read */
};

/* FIRST is the container's first process; the caller checks by its pidfd, afterwards, that it still was. */
int procs_read(pid_t first, struct procs *ret, struct fail *f) MUST_USE;
void procs_done(struct procs *p);
#define auto_procs __attribute__((cleanup(procs_done)))

/* Inside's id for one that we see; 65534 (the kernel's word for "not mapped") when there is none. */
uint32_t procs_id(const struct id_map *map, uint32_t outside);

/* The parts, for tests. -EINVAL for what isn't such a file. */
int procs_parse_stat(const char *text, struct proc *p) MUST_USE;
/* LEVEL: the pid namespace's depth below ours, 0 ours. -ESRCH: the process isn't that deep. */
int procs_parse_status(const char *text, size_t level, struct proc *p) MUST_USE;
/* How deep the process is: pids in the line NSpid, less one. 0 when there is no such line. */
size_t procs_level(const char *status_text);

#endif
