// SPDX-License-Identifier: Apache-2.0
#include "pkg/util/fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_unset(const struct fail *f)
{
#ifdef RBOX_DEBUG
	if (f->code) {
		fprintf(stderr, "BUG: a failure is recorded over '%s'\n", f->msg);
		abort();
	}
#else
	(void)f;
#endif
}

static void PRINTF_LIKE(3, 0) set_msg(struct fail *f, int code, const char *fmt, va_list ap)
{
	check_unset(f);
	f->code = code > 0 ? code : 5 /* EIO: a caller passed no errno */;
	f->status = 0;
	f->hint[0] = '\0';
	vsnprintf(f->msg, sizeof(f->msg), fmt, ap);
}

int fail(struct fail *f, int code, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	set_msg(f, code, fmt, ap);
	va_end(ap);
	n = strlen(f->msg);
	snprintf(f->msg + n, sizeof(f->msg) - n, ": %s", strerror(f->code));
	return -f->code;
}

int refuse(struct fail *f, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_msg(f, code, fmt, ap);
	va_end(ap);
	return -f->code;
}

int fail_in(struct fail *f, int r, const char *fmt, ...)
{
	char context[FAIL_MSG_MAX];
	char whole[2 * FAIL_MSG_MAX + 8];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(context, sizeof(context), fmt, ap);
	va_end(ap);
	snprintf(whole, sizeof(whole), "%s: %s", context, f->msg);
	memcpy(f->msg, whole, sizeof(f->msg) - 1);
	f->msg[sizeof(f->msg) - 1] = '\0';
	return r;
}

void fail_hint(struct fail *f, const char *fmt, ...)
{
	va_list ap;

	if (f->hint[0])
		return;
	va_start(ap, fmt);
	vsnprintf(f->hint, sizeof(f->hint), fmt, ap);
	va_end(ap);
}

int fail_status(const struct fail *f)
{
	if (!f->code)
		return 0;
	return f->status ? f->status : FAIL_EXIT_ENGINE;
}

void fail_clear(struct fail *f)
{
	f->code = 0;
	f->status = 0;
	f->msg[0] = '\0';
	f->hint[0] = '\0';
}
