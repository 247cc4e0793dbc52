/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_RUN_ROWS_H
#define CMD_RUN_ROWS_H

#include <jansson.h>

#include "cmd/app.h"
#include "pkg/engine/config.h"

/* The rows that run and create share; each group's rows are named after the group. */
extern const struct opt run_rows[], create_rows[];

/* Parses them; the first operand is the image, the rest the command. Release with run_opts_done. */
int run_opts_parse(struct app *app, int argc, char **argv, struct run_opts *ret, struct fail *f) MUST_USE;
void run_opts_done(struct run_opts *o);

/* For struct fetcher: a missing image is pulled with its progress on stderr. */
struct fetch_ctx {
	struct app *app;
	bool quiet;
};
int run_fetch(void *ctx, json_t *request, struct fail *f) MUST_USE;

#endif
