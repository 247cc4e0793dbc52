/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_INSPECT_PART_H
#define PKG_ENGINE_INSPECT_PART_H

#include <jansson.h>
#include <stdint.h>

#include "pkg/engine/container.h"

/*
 * What the files inspect*.c share; nobody else includes this. An object is made of its zero values
 * first, in podman's order (in Go every member has a value: templates may ask for it), and what is
 * known is put in their place.
 */
enum inspect_kind { INSPECT_NUMBER, INSPECT_TEXT, INSPECT_FALSE, INSPECT_NULL, INSPECT_LIST, INSPECT_MAP };
struct inspect_zero {
	const char *key;	/* NULL ends the table */
	enum inspect_kind kind;
};
json_t *inspect_zeros(const struct inspect_zero *table) MUST_USE;

/* Takes VALUE over; NULL: null. */
void inspect_put(json_t *o, const char *key, json_t *value);
/* NULL: "". Text that is no UTF-8 is escaped. */
void inspect_put_str(json_t *o, const char *key, const char *value);
/* RFC 3339; 0 is Go's zero time. */
json_t *inspect_time(int64_t t) MUST_USE;

/* The parts of a container; new references. */
json_t *inspect_state(struct engine *e, const struct container *c) MUST_USE;
json_t *inspect_config(const struct container_config *c) MUST_USE;
json_t *inspect_host_config(struct engine *e, const struct container *c) MUST_USE;
json_t *inspect_mounts(const struct container_config *c) MUST_USE;
json_t *inspect_binds(const struct container_config *c) MUST_USE;
json_t *inspect_tmpfs(const struct container_config *c) MUST_USE;
json_t *inspect_network(const struct container *c) MUST_USE;

/* HostConfig's limits. */
void inspect_limits(json_t *o, const struct container *c);

/* What the smaller groups of options (pkg/engine/groups.h) put into Config and HostConfig. */
void inspect_more_config(json_t *o, const struct container_config *c);
void inspect_more_host(json_t *o, const struct container_config *c);

#endif
