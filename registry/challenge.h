/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_CHALLENGE_H
#define REGISTRY_CHALLENGE_H

/*
 * What a registry's 401 asks for: WWW-Authenticate (RFC 9110, 11.6.1) with docker's token
 * protocol, Bearer realm="URL",service="NAME",scope="repository:NAME:pull".
 */
enum auth_scheme { AUTH_SCHEME_NONE, AUTH_SCHEME_BASIC, AUTH_SCHEME_BEARER };

struct challenge {
	enum auth_scheme scheme;
	char *realm, *service, *scope;	/* NULL when not said */
};

/*
 * Reads the values of all WWW-Authenticate headers (a NULL-terminated list) and keeps the
 * best scheme known here: Bearer before Basic. What can't be read is passed over.
 * Release with challenge_done.
 */
void challenge_parse(char *const *values, struct challenge *ret);
void challenge_done(struct challenge *c);

#endif
