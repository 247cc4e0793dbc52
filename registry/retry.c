// SPDX-License-Identifier: Apache-2.0
#include "registry/retry.h"

#include <errno.h>
#include <time.h>

#include "pkg/util/mem.h"
#include "pkg/util/time.h"

bool retry_is_transient(const struct http_response *resp)
{
	return resp->status == 408 || resp->status == 429 || resp->status == 500 ||
	       resp->status == 502 || resp->status == 503 || resp->status == 504;
}

/* Nanoseconds to wait, or -1: don't try again. */
static int64_t wait_of(const struct retry *t, int r, const struct http_response *resp)
{
	if (t->left <= 0)
		return -1;
	if (r < 0)
		return resp->fault == HTTP_FAULT_TRANSIENT ? t->delay : -1;
	if (!retry_is_transient(resp))
		return -1;
	if (resp->retry_after > 0)
		return resp->retry_after <= RETRY_AFTER_MAX_S ? resp->retry_after * TIME_SECOND : -1;
	/* Trying into a limit makes it worse. */
	return resp->status == 429 ? -1 : t->delay;
}

static void tell(const struct retry *t, int64_t wait, int r, const struct http_response *resp,
		 const char *what, const struct fail *f)
{
	int64_t tenths = wait / (TIME_SECOND / 10);
	auto_free char *why = r < 0 ? mem_strdup(f->msg) :
				      mem_printf("the registry answers %ld", resp->status);
	auto_free char *text = mem_printf("%s: %s; trying again in %lld.%lld s (%d of %d)", what, why,
					  (long long)tenths / 10, (long long)tenths % 10, t->done + 1,
					  t->done + t->left);

	if (t->warn)
		t->warn(t->ctx, text);
}

bool retry_wait(struct retry *t, int r, const struct http_response *resp, const char *what,
		struct fail *f)
{
	int64_t wait = wait_of(t, r, resp);
	struct timespec ts;

	if (wait < 0)
		return false;
	tell(t, wait, r, resp, what, f);
	if (r < 0)
		fail_clear(f);
	ts.tv_sec = (time_t)(wait / TIME_SECOND);
	ts.tv_nsec = (long)(wait % TIME_SECOND);
	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &ts) == EINTR)
		;
	t->left--;
	t->done++;
	t->delay *= 2;
	return true;
}
