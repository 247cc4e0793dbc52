/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_RETRY_H
#define REGISTRY_RETRY_H

#include <stdbool.h>

#include "registry/http.h"

/*
 * When to try again: after a fault of the network, 408, and 5xx with a delay that doubles;
 * after 429, and where a server says Retry-After, only by its word, and not when it asks
 * for more than a minute.
 */
enum { RETRIES_DEFAULT = 3, RETRY_AFTER_MAX_S = 60 };
#define RETRY_DELAY_DEFAULT (2 * INT64_C(1000000000))

struct retry {
	int left, done;
	int64_t delay;		/* ns, of the next wait */
	void (*warn)(void *ctx, const char *text);
	void *ctx;
};

/*
 * True after having waited, false when it is over. R and F are what the attempt returned
 * (R >= 0: an answer, told by RESP); F is cleared when it will be tried again.
 */
bool retry_wait(struct retry *t, int r, const struct http_response *resp, const char *what,
		struct fail *f);

/* True when an answer of this status may be another one later. */
bool retry_is_transient(const struct http_response *resp);

#endif
