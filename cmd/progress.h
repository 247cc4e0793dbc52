/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include <jansson.h>
#include <stdbool.h>

#include "cmd/app.h"
#include "pkg/engine/transfer.h"

/*
 * Runs a transfer and shows how it goes, on stderr: a bar per layer on a terminal, else a
 * line per layer when it begins, as podman does; with QUIET only warnings. The store of APP is
 * added to REQUEST, which is taken over. IMAGE is called for each image that came in (NAME may be NULL);
 * bars are gone by then.
 */
int transfer_show(struct app *app, json_t *request, bool quiet,
		  void (*image)(void *ctx, const char *id, const char *name), void *ctx, struct fail *f) MUST_USE;

#endif
