/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_LOGOPT_H
#define PKG_ENGINE_LOGOPT_H

#include <stdbool.h>
#include <stdint.h>

#include "pkg/engine/config.h"
#include "runtime/monitor/log.h"

/*
 * --log-driver and --log-opt, checked and with every default filled in. Options: path=FILE (absolute, for
 * k8s-file and json-file), max-size=SIZE (10m; -1, 0: never rotated), max-file=N (3), tag=TEXT (journald).
 * What a driver has no use for is accepted where podman's users pass it along (max-size with journald),
 * an unknown option is refused.
 */
struct log_plan {
	enum log_driver driver;
	bool readable;		/* `logs` has something to read */
	const char *path;	/* borrowed; NULL: "log" in the container's folder */
	const char *tag;	/* borrowed; may be NULL */
	int64_t max_size;	/* <= 0: never rotated */
	int max_file;
};

enum { LOG_MAX_FILE_DEFAULT = 3 };
#define LOG_MAX_SIZE_DEFAULT (INT64_C(10) * 1000 * 1000)

/* DRIVER NULL: the default one. PLAN borrows from OPTS. Pure. */
int logopt_parse(const char *driver, char *const *opts, struct log_plan *ret, struct fail *f) MUST_USE;
/* The same, and that it can be had on this machine: before anything is made. */
int logopt_check(const char *driver, char *const *opts, struct fail *f) MUST_USE;

/* The folder of the log and its name there; *RET_DIR is the caller's to close, -EBADF: the container's. */
int logopt_place(const struct log_plan *p, int *ret_dir, const char **ret_name, struct fail *f) MUST_USE;

#endif
