/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_HOST_CHECK_H
#define RUNTIME_HOST_CHECK_H

#include "runtime/host.h"

/* Between the host_*.c files and cgroup_site.c: the parts of host_check_all, and how they write their findings. */

/* A new row, ok so far; FMT is what was found. The pointer holds until the next row. */
struct host_check *host_add(struct host_report *r, const char *name, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
/* Makes it a warning or a failure, and says why and how to mend it. FIX is taken over. */
void host_fault(struct host_check *c, enum host_status status, const char *why, char *fix);
/* Replaces what was found. */
void host_found(struct host_check *c, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* "sudo CMD", or "CMD" for root; the caller frees. */
char *host_sudo(const char *fmt, ...) PRINTF_LIKE(1, 2) MUST_USE;
/* The command that installs TOOL (newuidmap, slirp4netns, fuse-overlayfs) on this distribution. */
char *host_install(const char *tool) MUST_USE;
/* The first line of a small file of /proc or /sys, without its newline; NULL when unreadable. */
char *host_line(const char *path) MUST_USE;
/* The user's login name, or the number. */
char *host_user(void) MUST_USE;
/* systemd is process 1 here (sd_booted(3)): it arranges sessions and cgroups. */
bool host_has_systemd(void);

void host_check_kernel(struct host_report *r);
void host_check_userns(struct host_report *r);
void host_check_ids(struct host_report *r);
void host_check_mapping(const struct host_place *p, struct host_report *r);
void host_check_store(const struct host_place *p, struct host_report *r);
void host_check_overlay(const struct host_place *p, struct host_report *r);
void host_check_rundir(struct host_report *r);
void host_check_network(struct host_report *r);
void host_check_cgroup(struct host_report *r);
void host_check_session(struct host_report *r);

#endif
