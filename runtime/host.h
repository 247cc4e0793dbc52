/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_HOST_H
#define RUNTIME_HOST_H

#include <stdbool.h>
#include <stddef.h>

#include "pkg/util/fail.h"
#include "pkg/util/json.h"

/*
 * What this kernel and this host can do for containers, found out by doing it: each probe tries
 * the thing itself in a child of its own and leaves nothing behind. Together they take well below
 * 0.3 s. HOST_FAIL: a plain `rbox run` can't work; HOST_WARN: it works, but with less; each of both
 * says why it matters (`why`) and what mends it (`fix`, a command as one would type it, or a sentence
 * in words where no command can).
 */
enum host_status { HOST_OK, HOST_WARN, HOST_FAIL };
extern const char *const host_status_names[];	/* "ok", "warn", "fail" */

struct host_check {
	char *name;	/* short and stable: scripts select by it */
	int status;	/* enum host_status */
	char *found;	/* what was seen */
	char *why;	/* NULL when ok */
	char *fix;	/* NULL when ok */
};
extern const struct field host_check_fields[];

struct host_report {
	struct host_check *v;
	size_t n;
};
void host_report_done(struct host_report *r);
#define auto_host __attribute__((cleanup(host_report_done)))

/* What the probes need of us. */
struct host_place {
	int store_fd;		/* the store's folder, or -EBADF when it could not be opened */
	const char *store_path;
	int probe_fd;		/* an empty folder in the store, ours; its content is left to the caller */
};

/* All checks, in the order in which they should be mended. */
void host_check_all(const struct host_place *p, struct host_report *ret);

#endif
