/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_URL_H
#define REGISTRY_URL_H

#include <stdbool.h>

#include "pkg/util/fail.h"

/* Web addresses, read by libcurl's own parser so that we mean what it will connect to. */

/*
 * The absolute address that LOCATION means when it comes from BASE, without a user, a
 * password or a fragment; NULL when it means none. Caller frees.
 */
char *url_resolve(const char *base, const char *location) MUST_USE;
/* True when two absolute addresses have scheme, host and port in common; false when one is none. */
bool url_same_origin(const char *a, const char *b);
/* True when the host is this machine: localhost, 127.x.y.z, [::1]. */
bool url_is_loopback(const char *url);
/* TEXT percent-encoded as a query's value. Caller frees. */
char *url_escape(const char *text) MUST_USE;

#endif
