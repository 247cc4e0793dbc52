/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_AUTH_H
#define REGISTRY_AUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "pkg/util/fail.h"
#include "pkg/util/json.h"

/*
 * Credentials (containers-auth.json(5)). Searched in this order: --creds; then AUTHFILE,
 * else $REGISTRY_AUTH_FILE, alone; else the files $XDG_RUNTIME_DIR/containers/auth.json
 * (/run/containers/UID/auth.json without that variable), ~/.config/containers/auth.json,
 * $DOCKER_CONFIG/config.json or ~/.docker/config.json, ~/.dockercfg, until one has a key
 * that fits. In a file the most specific key wins: host/ns/repo, host/ns, host; docker.io
 * is also spelled https://index.docker.io/v1/.
 *
 * credHelpers of a file are asked before its "auths", as podman does; credsStore after them. A helper that is named
 * for the very registry and is missing or fails is a failure; a missing credsStore is only told to WARN.
 */
struct auth {
	char *user, *password;
	char *identity_token;	/* instead of a password, from an OAuth2 login */
	char *source;		/* the file, or "--creds", for messages */
	bool explicit_creds;	/* from --creds: never to be dropped in silence */
};

struct auth_opts {
	const char *authfile, *creds;	/* NULL: not given */
	void (*warn)(void *ctx, const char *text);	/* may be NULL */
	void *warn_ctx;
};

/*
 * The credentials for repository REPO ("a/b", or NULL) of REGISTRY ("host[:port]").
 * Returns 1 and RET (release with auth_done), 0 when there are none, or -errno: a named
 * authfile that is missing, a file that can't be read or parsed.
 */
int auth_find(const struct auth_opts *o, const char *registry, const char *repo, struct auth *ret,
	      struct fail *f) MUST_USE;
void auth_done(struct auth *a);

/* The part of auth_find that reads one file's JSON; as in auth_find. LEGACY: ~/.dockercfg. */
int auth_lookup(const json_t *file, bool legacy, const char *registry, const char *repo,
		struct auth *ret, struct fail *f) MUST_USE;

/* "user:password" in base64, as the Basic scheme wants it. Caller frees. */
char *auth_basic(const struct auth *a) MUST_USE;

#endif
