/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_CONF_H
#define REGISTRY_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "pkg/oci/ref.h"
#include "pkg/util/fail.h"
#include "pkg/util/json.h"

/*
 * registries.conf, version 2 (containers-registries.conf(5)).
 *
 * Read are $CONTAINERS_REGISTRIES_CONF alone, else ~/.config/containers/registries.conf,
 * else /etc/containers/registries.conf; over it, in the order of their names, the files of
 * /etc/containers/registries.conf.d and then ~/.config/containers/registries.conf.d
 * (none of them with the variable). A later [[registry]] of the same prefix replaces the
 * earlier, aliases are merged.
 *
 * Short names: an alias, else docker.io, and never a prompt. unqualified-search-registries
 * and short-name-mode are read and have no effect, so that a name means the same everywhere.
 */
struct registry_conf {
	json_t *registries;	/* prefix -> its [[registry]] */
	json_t *aliases;	/* short name -> name */
};

struct endpoint {
	char *host;	/* "host[:port]" as in a name; docker.io stays docker.io */
	char *repo;
	bool insecure;	/* plain http and any certificate will do */
	bool mirror;
};

struct endpoints {
	struct endpoint *v;
	size_t n;
};

int conf_load(struct registry_conf *ret, struct fail *f) MUST_USE;
void conf_done(struct registry_conf *c);
/* Adds one file's content over what C has. WHAT names it in errors. */
int conf_merge(struct registry_conf *c, const char *text, size_t len, const char *what,
	       struct fail *f) MUST_USE;

/* Where to look for REF, in that order: mirrors, then the place itself. Refused when blocked. */
int conf_endpoints(const struct registry_conf *c, const struct ref *ref, struct endpoints *ret,
		   struct fail *f) MUST_USE;
void endpoints_done(struct endpoints *e);

/* ref_parse, with aliases: release RET with ref_done. */
int conf_resolve(const struct registry_conf *c, const char *text, struct ref *ret,
		 struct fail *f) MUST_USE;

#endif
