// SPDX-License-Identifier: Apache-2.0
#include "registry/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pkg/util/mem.h"
#include "registry/certs.h"
#include "registry/http_error.h"
#include "registry/sigpipe.h"
#include "registry/url.h"

enum {
	CONNECT_S = 20,		/* until the connection stands */
	STALL_S = 60,		/* without a byte */
	REDIRECTS_MAX = 10,
	POOL_MAX = 16,		/* idle connections' handles kept */
	CHALLENGES_MAX = 8,
	HEADER_MAX = 8192,
	ERROR_BODY_MAX = 64 << 10,
};

/* Each easy handle has its own cache of connections, so a handle is what is reused. */
struct http_pool {
	pthread_mutex_t lock;
	CURL *idle[POOL_MAX];
	size_t n_idle;
};

struct http_pool *http_pool_new(void)
{
	struct http_pool *p = mem_alloc(sizeof(*p));

	/* Counted, and safe among threads from libcurl 7.84 on: see http_pool_new's manual. */
	curl_global_init(CURL_GLOBAL_DEFAULT);
	pthread_mutex_init(&p->lock, NULL);
	return p;
}

void http_pool_free(struct http_pool *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n_idle; i++)
		curl_easy_cleanup(p->idle[i]);
	pthread_mutex_destroy(&p->lock);
	free(p);
	curl_global_cleanup();
}

static CURL *pool_take(struct http_pool *p)
{
	CURL *c = NULL;

	pthread_mutex_lock(&p->lock);
	if (p->n_idle)
		c = p->idle[--p->n_idle];
	pthread_mutex_unlock(&p->lock);
	return c ? c : curl_easy_init();
}

static void pool_give(struct http_pool *p, CURL *c)
{
	curl_easy_reset(c);	/* keeps connections and TLS sessions */
	pthread_mutex_lock(&p->lock);
	if (p->n_idle < POOL_MAX) {
		p->idle[p->n_idle++] = c;
		c = NULL;
	}
	pthread_mutex_unlock(&p->lock);
	curl_easy_cleanup(c);
}

/* What the callbacks of one exchange know. */
struct exchange {
	CURL *curl;
	const struct http_request *q;
	struct http_response *ret;
	struct fail *f;
	uint64_t skip, done;	/* bytes to pass over, bytes passed to the sink */
	bool started, stopped;
	int64_t range_from;
	int r;			/* why a callback stopped it, -errno */
};

static bool is_ok(long status)
{
	return status == 200 || status == 206;
}

static bool is_redirect(long status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static void keep(char **to, const char *value)
{
	mem_replace(to, mem_strndup(value, HEADER_MAX));
}

static void on_header(struct exchange *x, const char *name, const char *value)
{
	struct http_response *ret = x->ret;

	if (!strcasecmp(name, "content-type")) {
		keep(&ret->content_type, value);
	} else if (!strcasecmp(name, "docker-content-digest")) {
		keep(&ret->digest, value);
	} else if (!strcasecmp(name, "location")) {
		keep(&ret->location, value);
	} else if (!strcasecmp(name, "link")) {
		keep(&ret->link, value);
	} else if (!strcasecmp(name, "ratelimit-remaining")) {
		keep(&ret->ratelimit, value);
	} else if (!strcasecmp(name, "www-authenticate")) {
		if (strv_len(ret->challenges) < CHALLENGES_MAX)
			strv_add_take(&ret->challenges, mem_strndup(value, HEADER_MAX));
	} else if (!strcasecmp(name, "content-range")) {
		unsigned long long from;

		x->range_from = sscanf(value, "bytes %llu-", &from) == 1 ? (int64_t)from : -1;
	}
}

static size_t header_cb(char *data, size_t size, size_t n, void *ctx)
{
	struct exchange *x = ctx;
	auto_free char *line = mem_strndup(data, size * n);
	char *colon = strchr(line, ':');
	char *value;

	if (str_starts(line, "HTTP/")) {
		/* A new status line: what came before belongs to a 1xx answer or a proxy. */
		strv_free_ptr(&x->ret->challenges);
		mem_free_ptr(&x->ret->location);
		x->range_from = -1;
		return size * n;
	}
	if (!colon)
		return size * n;
	*colon = '\0';
	value = colon + 1 + strspn(colon + 1, " \t");
	value[strcspn(value, "\r\n")] = '\0';
	on_header(x, line, value);
	return size * n;
}

static int stop(struct exchange *x, int r, enum http_fault fault)
{
	x->r = r;
	x->stopped = true;
	x->ret->fault = fault;
	return r;
}

/* Once per exchange, before the first byte of a good answer's body. */
static int start_body(struct exchange *x)
{
	uint64_t from = x->ret->status == 206 ? (uint64_t)x->range_from : 0;
	curl_off_t length = -1;

	x->started = true;
	if (x->ret->status == 206 && (x->range_from < 0 || from > x->q->offset))
		return stop(x, refuse(x->f, EPROTO, "the server sends another range than was asked for"),
			    HTTP_FAULT_FINAL);
	x->skip = x->q->offset - from;
	curl_easy_getinfo(x->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (length > 0 && (uint64_t)length > x->q->max - (from < x->q->max ? from : x->q->max))
		return stop(x, refuse(x->f, EFBIG, "the server sends %llu bytes where at most %llu are due",
				      (unsigned long long)length + from, (unsigned long long)x->q->max),
			    HTTP_FAULT_FINAL);
	return 0;
}

static int on_body(struct exchange *x, const char *data, size_t n)
{
	size_t over = x->skip < n ? (size_t)x->skip : n;
	int r = 0;

	x->skip -= over;
	data += over;
	n -= over;
	if (!n)
		return 0;
	if (n > x->q->max - x->q->offset - x->done)
		return stop(x, refuse(x->f, EFBIG, "the server sends more than the %llu bytes due",
				      (unsigned long long)x->q->max), HTTP_FAULT_FINAL);
	x->done += n;
	if (x->q->sink) {
		r = x->q->sink(x->q->ctx, data, n);
		if (r < 0)
			return stop(x, refuse(x->f, -r, "the transfer was stopped"), HTTP_FAULT_STOPPED);
		return 0;
	}
	str_addn(&x->ret->body, data, n);
	return 0;
}

static size_t write_cb(char *data, size_t size, size_t n, void *ctx)
{
	struct exchange *x = ctx;
	int r = 0;

	n *= size;
	curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &x->ret->status);
	if (!is_ok(x->ret->status)) {
		size_t room = ERROR_BODY_MAX - x->ret->body.len;

		str_addn(&x->ret->body, data, n < room ? n : room);
		if (n < room)
			return n;
		x->stopped = true;	/* an endless complaint is as good as a long one */
		return 0;
	}
	if (!x->started)
		r = start_body(x);
	if (r >= 0)
		r = on_body(x, data, n);
	return r < 0 ? 0 : n;
}

static void set_protocols(CURL *c)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(c, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static void set_tls(CURL *c, const struct http_tls *tls, bool own_origin)
{
	const struct certs *certs = tls->certs;

	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (!tls->verify) {
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (!certs)
		return;
	if (certs->ca_text) {
		struct curl_blob blob = { .data = certs->ca_text, .len = strlen(certs->ca_text),
					  .flags = CURL_BLOB_NOCOPY };

		curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &blob);
	} else if (certs->ca_file) {
		curl_easy_setopt(c, CURLOPT_CAINFO, certs->ca_file);
	}
	if (certs->ca_path)
		curl_easy_setopt(c, CURLOPT_CAPATH, certs->ca_path);
	if (certs->cert && own_origin) {
		curl_easy_setopt(c, CURLOPT_SSLCERT, certs->cert);
		curl_easy_setopt(c, CURLOPT_SSLKEY, certs->key);
	}
}

/* As Go's programs do: what runs on this machine is never reached by a proxy. */
static void set_proxy(CURL *c, const char *url)
{
	if (url_is_loopback(url))
		curl_easy_setopt(c, CURLOPT_PROXY, "");
}

static void set_limits(CURL *c, const struct http_request *q)
{
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)STALL_S);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)q->timeout_s);
	curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 256L << 10);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "rbox/" RBOX_VERSION);
	set_protocols(c);
}

static void add_header(struct curl_slist **list, const char *name, const char *value)
{
	auto_free char *line = value ? mem_printf("%s: %s", name, value) : NULL;

	if (line)
		*list = curl_slist_append(*list, line);
}

static struct curl_slist *set_request(struct exchange *x, const char *url, const char *authorization)
{
	struct curl_slist *headers = NULL;
	CURL *c = x->curl;

	curl_easy_setopt(c, CURLOPT_URL, url);
	add_header(&headers, "Accept", x->q->accept);
	add_header(&headers, "Authorization", authorization);
	if (x->q->offset) {
		auto_free char *range = mem_printf("bytes=%llu-", (unsigned long long)x->q->offset);

		add_header(&headers, "Range", range);
	}
	if (x->q->form) {
		curl_easy_setopt(c, CURLOPT_POST, 1L);
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, x->q->form);
	}
	if (x->q->head)
		curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, header_cb);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, write_cb);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, x);
	return headers;
}

static void read_result(struct exchange *x)
{
	curl_off_t wait = 0;

	curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &x->ret->status);
	/* Seconds or a date: libcurl knows both. */
	curl_easy_getinfo(x->curl, CURLINFO_RETRY_AFTER, &wait);
	x->ret->retry_after = wait;
}

/* One request to one URL. OWN: it is of the origin that the caller named. */
static int perform(struct exchange *x, const char *url, bool own, struct fail *f)
{
	char detail[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers;
	CURLcode code;

	/* Options stick to a handle: a redirect starts from none. */
	curl_easy_reset(x->curl);
	headers = set_request(x, url, own ? x->q->authorization : NULL);
	set_limits(x->curl, x->q);
	set_proxy(x->curl, url);
	set_tls(x->curl, x->q->tls, own);
	curl_easy_setopt(x->curl, CURLOPT_ERRORBUFFER, detail);
	x->range_from = -1;
	code = curl_easy_perform(x->curl);
	curl_easy_setopt(x->curl, CURLOPT_ERRORBUFFER, NULL);
	read_result(x);
	curl_slist_free_all(headers);
	if (x->stopped && x->r < 0)
		return x->r;
	if (code != CURLE_OK && !x->stopped)
		return http_explain(x->curl, code, detail, url, x->q->tls, &x->ret->fault, f);
	return 0;
}

/* Sets *URL to where the answer points, when that may be followed. */
static int follow(struct exchange *x, char **url, bool *own, struct fail *f)
{
	auto_free char *next = url_resolve(*url, x->ret->location);
	auto_str struct str seen = STR_INIT(1024);
	auto_free char *cut = mem_strndup(x->ret->location ? x->ret->location : "", 200);
	bool plain = next && !strncasecmp(next, "http:", 5);

	str_add_escaped(&seen, cut);
	x->ret->fault = HTTP_FAULT_FINAL;
	if (!next || (!plain && strncasecmp(next, "https:", 6)))
		return refuse(f, EPROTO, "the server redirects to '%s', which is no web address",
			      str_cstr(&seen));
	if (x->q->form)
		return refuse(f, EPROTO, "the server redirects a login to '%s'", str_cstr(&seen));
	if (plain && x->q->tls->verify && strncasecmp(*url, "http:", 5))
		return refuse(f, EPROTO, "the server redirects from TLS to plain http: '%s'",
			      str_cstr(&seen));
	*own = *own && url_same_origin(*url, next);
	x->ret->elsewhere = !*own;
	mem_replace(url, mem_take(&next));
	x->ret->fault = HTTP_FAULT_NONE;
	return 0;
}

static int fetch(struct exchange *x, struct fail *f)
{
	auto_free char *url = mem_strdup(x->q->url);
	bool own = true;

	for (int hop = 0; hop <= REDIRECTS_MAX; hop++) {
		int r = perform(x, url, own, f);

		if (r < 0)
			return r;
		if (!is_redirect(x->ret->status))
			return 0;
		r = follow(x, &url, &own, f);
		if (r < 0)
			return r;
		str_clear(&x->ret->body);
		x->stopped = false;
	}
	x->ret->fault = HTTP_FAULT_FINAL;
	return refuse(f, ELOOP, "the server redirects more than %d times", REDIRECTS_MAX);
}

int http_fetch(struct http_pool *p, const struct http_request *q, struct http_response *ret,
	       struct fail *f)
{
	struct exchange x = { .q = q, .ret = ret, .f = f };
	struct sigpipe_state old;
	int r;

	*ret = (struct http_response){ 0 };
	if (q->offset > q->max) {
		ret->fault = HTTP_FAULT_FINAL;
		return refuse(f, EINVAL, "the offset lies beyond the end");
	}
	ret->body.max = q->max > ERROR_BODY_MAX ? q->max : ERROR_BODY_MAX;
	x.curl = pool_take(p);
	if (!x.curl) {
		ret->fault = HTTP_FAULT_FINAL;
		return refuse(f, ENOMEM, "libcurl can't be started");
	}
	/* libcurl leaves SIGPIPE to us (CURLOPT_NOSIGNAL), and OpenSSL writes without MSG_NOSIGNAL. */
	sigpipe_block(&old);
	r = fetch(&x, f);
	sigpipe_restore(&old);
	/* An answer without a body never got to start_body: an empty rest is none. */
	if (!r && q->sink && is_ok(ret->status) && q->offset + x.done < q->max) {
		ret->fault = HTTP_FAULT_TRANSIENT;
		r = refuse(f, ECONNRESET, "the server sent %llu of %llu bytes",
			   (unsigned long long)(q->offset + x.done), (unsigned long long)q->max);
	}
	pool_give(p, x.curl);
	return r;
}

void http_response_done(struct http_response *r)
{
	free(r->content_type);
	free(r->digest);
	free(r->location);
	free(r->ratelimit);
	free(r->link);
	strv_free(r->challenges);
	str_done(&r->body);
	*r = (struct http_response){ 0 };
}
