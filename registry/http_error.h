/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_HTTP_ERROR_H
#define REGISTRY_HTTP_ERROR_H

#include <curl/curl.h>

#include "registry/http.h"

/*
 * Says in a sentence why a transfer failed with CODE (DETAIL: libcurl's own text), gives
 * the way out as a hint, and sorts it: returns -errno and sets RET_FAULT.
 */
int http_explain(CURL *curl, CURLcode code, const char *detail, const char *url,
		 const struct http_tls *tls, enum http_fault *ret_fault, struct fail *f) MUST_USE;

#endif
