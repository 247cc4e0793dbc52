// SPDX-License-Identifier: Apache-2.0
#include "registry/http_error.h"

#include <errno.h>
#include <netdb.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/util/mem.h"

/* "host" or "host:port" of URL as an error shows it. Caller frees. */
static char *host_of(const char *url, bool with_port)
{
	const char *start = strstr(url, "://");
	char *all, *colon;

	start = start ? start + 3 : url;
	all = mem_strndup(start, strcspn(start, "/?#"));
	if (with_port)
		return all;
	colon = strrchr(all, ':');
	if (colon && !strchr(colon, ']'))
		*colon = '\0';
	return all;
}

static void hint_tls(struct fail *f, const struct http_tls *tls)
{
	fail_hint(f, "if you trust this registry, put its CA into ~/.config/containers/certs.d/%s/ca.crt "
		     "or pass --tls-verify=false", tls->host);
}

static int explain_verify(CURL *curl, const char *detail, const char *host,
			  const struct http_tls *tls, struct fail *f)
{
	long verdict = 0;
	int r;

	curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &verdict);
	/* libcurl compares the names itself, after a chain that is fine: it leaves no verdict. */
	if (strstr(detail, "subject name"))
		verdict = X509_V_OK;
	switch (verdict) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		r = refuse(f, EKEYEXPIRED, "the TLS certificate of %s has expired", host);
		fail_hint(f, "check this machine's clock; else the registry's owner has to renew it, and "
			     "--tls-verify=false goes on without");
		return r;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		r = refuse(f, EKEYREJECTED, "the TLS certificate of %s is not valid yet", host);
		fail_hint(f, "check this machine's clock");
		return r;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		r = refuse(f, EKEYREJECTED, "the TLS certificate of %s is self-signed", host);
		hint_tls(f, tls);
		return r;
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		r = refuse(f, EKEYREJECTED, "the TLS certificate of %s is signed by an unknown authority",
			   host);
		hint_tls(f, tls);
		return r;
	case X509_V_OK:
		r = refuse(f, EKEYREJECTED, "the TLS certificate of %s is for another host name", host);
		fail_hint(f, "use the name that the certificate was made for, or --tls-verify=false");
		return r;
	default:
		r = refuse(f, EKEYREJECTED, "the TLS certificate of %s is refused: %s", host, detail);
		hint_tls(f, tls);
		return r;
	}
}

/* A name that doesn't exist stays so; a resolver that doesn't answer may come back. */
static int explain_dns(const char *url, enum http_fault *ret_fault, struct fail *f)
{
	auto_free char *host = host_of(url, false);
	struct addrinfo *found = NULL;
	int e = getaddrinfo(host, NULL, NULL, &found);
	int r;

	if (!e)
		freeaddrinfo(found);
	if (e == EAI_NONAME) {
		r = refuse(f, EHOSTUNREACH, "there is no host '%s' (DNS)", host);
		fail_hint(f, "is the registry's name right, and this machine online? 'rbox load -i FILE' needs no network");
		*ret_fault = HTTP_FAULT_FINAL;
		return r;
	}
	r = refuse(f, EHOSTUNREACH, "the name '%s' can't be resolved: %s", host,
		   e ? gai_strerror(e) : "the name server didn't answer");
	fail_hint(f, "check the network and /etc/resolv.conf; behind a proxy set https_proxy");
	*ret_fault = HTTP_FAULT_TRANSIENT;
	return r;
}

/* "Failed to connect to HOST port 80 ...": another host's name there is a proxy's. */
static bool is_of_proxy(const char *detail, const char *url)
{
	auto_free char *host = host_of(url, false);
	size_t n = strlen(host);
	/* libcurl writes an IPv6 address without its brackets. */
	bool bracketed = *host == '[' && host[n - 1] == ']';
	auto_free char *to = mem_printf("connect to %.*s port", (int)(bracketed ? n - 2 : n),
					host + bracketed);

	return strstr(detail, "connect to ") && !strstr(detail, to);
}

static int explain_connect(CURL *curl, const char *detail, const char *url, const char *host,
			   enum http_fault *ret_fault, struct fail *f)
{
	long e = 0;

	curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &e);
	if (is_of_proxy(detail, url)) {
		int r = refuse(f, ECONNREFUSED, "reach %s through a proxy: %s", host, detail);

		fail_hint(f, "the proxy comes from the environment: https_proxy, http_proxy, all_proxy; "
			     "no_proxy names what is reached without");
		*ret_fault = HTTP_FAULT_FINAL;
		return r;
	}
	if (e == ECONNREFUSED) {
		*ret_fault = HTTP_FAULT_NOT_TLS;
		return refuse(f, ECONNREFUSED, "%s refuses the connection: nothing listens there", host);
	}
	*ret_fault = HTTP_FAULT_TRANSIENT;
	if (e)
		return fail(f, (int)e, "connect to %s", host);
	return refuse(f, EHOSTUNREACH, "connect to %s: %s", host, detail);
}

static int explain_handshake(const char *detail, const char *host, enum http_fault *ret_fault,
			     struct fail *f)
{
	int r;

	if (strstr(detail, "wrong version number") || strstr(detail, "packet length too long") ||
	    strstr(detail, "http request") || strstr(detail, "record layer failure")) {
		*ret_fault = HTTP_FAULT_NOT_TLS;
		r = refuse(f, EPROTO, "%s speaks plain http, not TLS", host);
		fail_hint(f, "pass --tls-verify=false, or set insecure = true for it in registries.conf");
		return r;
	}
	/* alert 42 to 48, 116: what is missing or wrong is our certificate. */
	if (strstr(detail, "alert") && strstr(detail, "certificate")) {
		*ret_fault = HTTP_FAULT_FINAL;
		r = refuse(f, EACCES, "%s wants a client certificate: %s", host, detail);
		fail_hint(f, "put client.cert and client.key into ~/.config/containers/certs.d/%s/", host);
		return r;
	}
	*ret_fault = HTTP_FAULT_TRANSIENT;
	return refuse(f, EPROTO, "the TLS handshake with %s failed: %s", host, detail);
}

static bool is_setup_error(CURLcode code)
{
	switch (code) {
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ENGINE_NOTFOUND:
	case CURLE_SSL_CIPHER:
	case CURLE_BAD_FUNCTION_ARGUMENT:
	case CURLE_NOT_BUILT_IN:
	case CURLE_OUT_OF_MEMORY:
		return true;
	default:
		return false;
	}
}

int http_explain(CURL *curl, CURLcode code, const char *detail, const char *url,
		 const struct http_tls *tls, enum http_fault *ret_fault, struct fail *f)
{
	auto_free char *host = host_of(url, true);
	auto_str struct str seen = STR_INIT(4 * CURL_ERROR_SIZE);

	/* It may quote what the server sent: a certificate's names, a header. */
	str_add_escaped(&seen, *detail ? detail : curl_easy_strerror(code));
	detail = str_cstr(&seen);
	*ret_fault = HTTP_FAULT_TRANSIENT;
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return explain_dns(url, ret_fault, f);
	case CURLE_COULDNT_RESOLVE_PROXY:
		*ret_fault = HTTP_FAULT_FINAL;
		return refuse(f, EHOSTUNREACH, "%s (the proxy comes from the environment)", detail);
	case CURLE_COULDNT_CONNECT:
		return explain_connect(curl, detail, url, host, ret_fault, f);
	case CURLE_SSL_CONNECT_ERROR:
		return explain_handshake(detail, host, ret_fault, f);
	case CURLE_PEER_FAILED_VERIFICATION:
		*ret_fault = HTTP_FAULT_FINAL;
		return explain_verify(curl, detail, host, tls, f);
	case CURLE_OPERATION_TIMEDOUT:
		return refuse(f, ETIMEDOUT, "%s doesn't answer in time: %s", host, detail);
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		/* TLS 1.3 tells of a client certificate that it misses only here. */
		if (strstr(detail, "certificate required"))
			return explain_handshake(detail, host, ret_fault, f);
		return refuse(f, ECONNRESET, "the connection to %s broke: %s", host, detail);
	default:
		if (is_setup_error(code))
			*ret_fault = HTTP_FAULT_FINAL;
		return refuse(f, EIO, "transfer from %s: %s", host, detail);
	}
}
