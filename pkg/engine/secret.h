/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_SECRET_H
#define PKG_ENGINE_SECRET_H

#include <jansson.h>

#include "pkg/engine/engine.h"
#include "storage/secret.h"

struct secret_opts {
	char *driver, **driver_opts, **labels;
	bool env, replace, ignore;
};

/*
 * Makes secret NAME of the content of FILE ("-": stdin; with o->env the name of an environment variable) and gives its id. IGNORE: a
 * name that is taken is no failure, its id comes back.
 */
int engine_secret_create(struct engine *e, const struct secret_opts *o, const char *name, const char *file,
			 char ret_id[SECRET_ID_LEN + 1], struct fail *f) MUST_USE;

/* Rows with ID, Name, Driver, CreatedAt and UpdatedAt (in words), Labels. Filters: name (regular
 * expression), id (its beginning). A new reference. */
int engine_secrets(struct engine *e, char *const *filters, json_t **ret, struct fail *f) MUST_USE;

/* As podman's `secret inspect` has it; SHOW: with SecretData. A new reference. */
int engine_secret_inspect(struct engine *e, const char *text, bool show, json_t **ret, struct fail *f) MUST_USE;

#endif
