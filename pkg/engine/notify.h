/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_NOTIFY_H
#define PKG_ENGINE_NOTIFY_H

#include "pkg/engine/config.h"
#include "pkg/engine/engine.h"

/*
 * --sdnotify (sd_notify(3), for units of Type=notify): "conmon" tells systemd, once the container's process runs, that
 * the unit is ready and its main process is the monitor; "ignore" tells nothing. "container" (the process
 * inside says it itself) and "healthy" are refused where there is a $NOTIFY_SOCKET to tell; without one they mean
 * nothing, as with podman.
 */
int notify_check(const struct notify_group *g, struct fail *f) MUST_USE;
void notify_started(struct engine *e, const struct container_config *c, pid_t monitor);

#endif
