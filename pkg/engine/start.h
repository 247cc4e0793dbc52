/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_START_H
#define PKG_ENGINE_START_H

#include "pkg/engine/container.h"
#include "pkg/engine/keepfd.h"

/*
 * Starts a container that exists: its monitor is forked and the process has exec'd when this
 * returns. ATTACH: a connected attach socket comes back (runtime/monitor/attach.h), which the caller
 * hands to attach_run; else 0. USERNS was begun by the caller (engine_userns_begin), early.
 */
struct start_opts {
	bool attach;
	bool prepare;		/* all but its command, which engine_start_again lets run */
	struct userns_begun *userns;
	const struct userns_plan *plan;
	const char *rmi;	/* the image to be removed at the very end, by the monitor; or NULL */
	const struct keepfds *keep;	/* NULL: none */
	int bind_fd;		/* bind_open's for --bind-to, opened early; below 3: opened here */
};
int engine_start(struct engine *e, const struct container_config *c, const struct start_opts *o,
		 struct fail *f) MUST_USE;

#endif
