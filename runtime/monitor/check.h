/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_MONITOR_CHECK_H
#define RUNTIME_MONITOR_CHECK_H

#include <stdint.h>
#include <sys/types.h>

#include "pkg/oci/spec.h"
#include "pkg/util/fail.h"
#include "runtime/monitor/core.h"
#include "runtime/monitor/health.h"

/*
 * One command in the container, run beside the monitor's loop: a small process of its own (the runner)
 * joins the container (runtime/join.h), reads what the command writes, waits for it or for the time-out,
 * kills what the command started when that has passed, and reports once. It dies with the monitor.
 */
struct check {
	pid_t pid;			/* the container's first process */
	int pidfd;			/* the same */
	int seccomp_fd;
	int cgroup_fd;			/* the container's own (cgroup_is_given), or none */
	const struct spec_process *process;
	int64_t timeout;		/* ns; <= 0: none */
	rlim_t core;			/* core.h */
	int output_max;			/* bytes of output to report, HEALTH_OUTPUT_MAX at most */
};

struct check_result {
	int64_t start, end;		/* ns since 1970 */
	int exit_code;			/* 0 passed, 1 failed, -1 timed out */
	uint32_t len;
	char output[HEALTH_OUTPUT_MAX];	/* raw */
};

/* Returns the descriptor on which the result comes; *RET_PID is to be ended by check_stop. */
int check_start(const struct check *c, pid_t *ret_pid, struct fail *f) MUST_USE;

/* Takes the result from FD: 1, 0 when it isn't there yet, -errno when the runner has died without one. */
int check_take(int fd, struct check_result *ret) MUST_USE;

/* Kills the runner, and with it the command; waits for it. */
void check_stop(pid_t pid, int fd);

#endif
