// SPDX-License-Identifier: Apache-2.0
#include "registry/url.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#include "pkg/util/mem.h"

char *url_resolve(const char *base, const char *location)
{
	CURLU *u = curl_url();
	char *whole = NULL;
	char *out = NULL;

	if (u && location && !curl_url_set(u, CURLUPART_URL, base, 0) &&
	    !curl_url_set(u, CURLUPART_URL, location, 0) &&
	    !curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0) &&
	    /* "https://user:pass@host/" would send an Authorization of the server's choice. */
	    !curl_url_set(u, CURLUPART_USER, NULL, 0) && !curl_url_set(u, CURLUPART_PASSWORD, NULL, 0) &&
	    !curl_url_get(u, CURLUPART_URL, &whole, 0))
		out = mem_strdup(whole);
	curl_free(whole);
	curl_url_cleanup(u);
	return out;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
	char *x = NULL, *y = NULL;
	bool same = !curl_url_get(a, part, &x, CURLU_DEFAULT_PORT) &&
		    !curl_url_get(b, part, &y, CURLU_DEFAULT_PORT) && !strcasecmp(x, y);

	curl_free(x);
	curl_free(y);
	return same;
}

bool url_same_origin(const char *a, const char *b)
{
	CURLU *x = curl_url(), *y = curl_url();
	bool same = x && y && !curl_url_set(x, CURLUPART_URL, a, 0) &&
		    !curl_url_set(y, CURLUPART_URL, b, 0) && same_part(x, y, CURLUPART_SCHEME) &&
		    same_part(x, y, CURLUPART_HOST) && same_part(x, y, CURLUPART_PORT);

	curl_url_cleanup(x);
	curl_url_cleanup(y);
	return same;
}

bool url_is_loopback(const char *url)
{
	const char *host = strstr(url, "://");
	size_t n;

	host = host ? host + 3 : url;
	n = strcspn(host, host[0] == '[' ? "/?#]" : "/?#:");
	if (n == strlen("localhost") && !strncasecmp(host, "localhost", n))
		return true;
	if (!strncmp(host, "[::1]", 5))
		return true;
	return !strncmp(host, "127.", 4) && strspn(host, "0123456789.") == n;
}

char *url_escape(const char *text)
{
	char *out = curl_easy_escape(NULL, text, 0);
	char *copy = mem_strdup(out ? out : "");

	curl_free(out);
	return copy;
}
