/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_UTIL_TIME_H
#define PKG_UTIL_TIME_H

#include <stdint.h>

#include "pkg/util/fail.h"

/* Times are nanoseconds since 1970 in an int64_t; 0 means never. */
#define TIME_SECOND INT64_C(1000000000)

int64_t time_now(void);
int64_t time_monotonic(void);

/* RFC 3339 with nine digits, local offset ("2025-05-27T09:58:34.663942371+02:00"; Z for UTC). */
enum { TIME_TEXT_MAX = 40 };
const char *time_format(int64_t t, char buf[TIME_TEXT_MAX]);
const char *time_format_utc(int64_t t, char buf[TIME_TEXT_MAX]);
/* RFC 3339 in UTC with as many digits as it takes, as Go's RFC3339Nano: "2023-11-14T22:13:20Z". */
const char *time_format_nano(int64_t t, char buf[TIME_TEXT_MAX]);

/* "2025-05-27 09:58:34.663942371 +0200 CEST": how Go prints a time, as podman's templates do. */
enum { TIME_GO_MAX = 64 };
const char *time_format_go(int64_t t, char buf[TIME_GO_MAX]);

/*
 * RFC 3339 (with or without fraction and zone), "2006-01-02", "2006-01-02T15:04[:05]",
 * seconds since 1970 as Go's ParseFloat reads them ("1.5", "-3", "1e9"; what 64 bits can't hold is the end of time),
 * "now", or a span before NOW ("10m", "1h30m"). Without a zone it is the local time, as podman-logs(1) says (its
 * code takes UTC).
 */
int time_parse(const char *s, int64_t now, int64_t *ret) MUST_USE;
/* The same, for an end: a span is one after NOW. */
int time_parse_until(const char *s, int64_t now, int64_t *ret) MUST_USE;
/* Go's duration: "1h15m30.5s", "+300ms", "-1us"; a bare number is refused. */
int time_parse_span(const char *s, int64_t *ret) MUST_USE;

/* The other way round, as Go prints a duration: "1h15m30.5s", "300ms", "1.5µs", "0s". */
enum { TIME_SPAN_MAX = 40 };
const char *time_format_span(int64_t span, char buf[TIME_SPAN_MAX]);

/* "5 seconds", "About a minute", "2 hours", "3 days": docker's words, without "ago". */
enum { TIME_HUMAN_MAX = 32 };
const char *time_human(int64_t span, char buf[TIME_HUMAN_MAX]);

/* "331 MB", "4.86 MB": powers of 1000, three digits, as podman images prints. */
enum { SIZE_HUMAN_MAX = 24 };
const char *size_human(uint64_t bytes, char buf[SIZE_HUMAN_MAX]);

#endif
