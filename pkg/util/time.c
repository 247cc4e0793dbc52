// SPDX-License-Identifier: Apache-2.0
#include "pkg/util/time.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t time_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * TIME_SECOND + t.tv_nsec;
}

int64_t time_monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * TIME_SECOND + t.tv_nsec;
}

static int64_t floor_seconds(int64_t t, long *ret_nano)
{
	int64_t s = t / TIME_SECOND;

	if (t % TIME_SECOND < 0)
		s--;
	*ret_nano = (long)(t - s * TIME_SECOND);
	return s;
}

static const char *format(int64_t t, bool utc, char *buf, size_t size)
{
	long nano;
	time_t s = (time_t)floor_seconds(t, &nano);
	struct tm tm;
	char day[32];
	long off;

	if (utc)
		gmtime_r(&s, &tm);
	else
		localtime_r(&s, &tm);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	off = utc ? 0 : tm.tm_gmtoff / 60;
	if (off == 0)
		snprintf(buf, size, "%s.%09ldZ", day, nano);
	else
		snprintf(buf, size, "%s.%09ld%c%02ld:%02ld", day, nano, off < 0 ? '-' : '+',
			 labs(off) / 60, labs(off) % 60);
	return buf;
}

const char *time_format(int64_t t, char buf[TIME_TEXT_MAX])
{
	return format(t, false, buf, TIME_TEXT_MAX);
}

const char *time_format_utc(int64_t t, char buf[TIME_TEXT_MAX])
{
	return format(t, true, buf, TIME_TEXT_MAX);
}

const char *time_format_nano(int64_t t, char buf[TIME_TEXT_MAX])
{
	size_t n = strlen(time_format_utc(t, buf)) - 1;

	while (buf[n - 1] == '0')
		n--;
	if (buf[n - 1] == '.')
		n--;
	buf[n] = 'Z';
	buf[n + 1] = '\0';
	return buf;
}

const char *time_format_go(int64_t t, char buf[TIME_GO_MAX])
{
	char day[24], zone[24];
	long nano;
	time_t s = (time_t)floor_seconds(t, &nano);
	char frac[12] = "";
	struct tm tm;

	if (!t) {
		snprintf(buf, TIME_GO_MAX, "0001-01-01 00:00:00 +0000 UTC");
		return buf;
	}
	localtime_r(&s, &tm);
	strftime(day, sizeof(day), "%Y-%m-%d %H:%M:%S", &tm);
	strftime(zone, sizeof(zone), "%z %Z", &tm);
	if (nano) {
		size_t n = (size_t)snprintf(frac, sizeof(frac), ".%09ld", nano);

		while (frac[n - 1] == '0')
			frac[--n] = '\0';
	}
	snprintf(buf, TIME_GO_MAX, "%s%s %s", day, frac, zone);
	return buf;
}

int time_parse_span(const char *s, int64_t *ret)
{
	static const struct {
		const char *name;
		double nano;
	} units[] = { { "ns", 1 },	 { "us", 1e3 },	    { "ms", 1e6 },   { "s", 1e9 },
		      { "m", 60e9 }, { "h", 3600e9 }, { "d", 86400e9 } };
	bool minus = *s == '-';
	double total = 0;

	if (minus || *s == '+')
		s++;
	if (!*s)
		return -EINVAL;
	if (!strcmp(s, "0")) {
		*ret = 0;
		return 0;
	}
	while (*s) {
		char *end;
		double v;
		size_t n, i;

		if (!isdigit((unsigned char)*s) && *s != '.')
			return -EINVAL;
		/* Not strtod's exponents and hexadecimal digits. */
		if (strspn(s, "0123456789.") != strcspn(s, "nusmhd"))
			return -EINVAL;
		v = strtod(s, &end);
		n = strspn(end, "nusmhd");
		for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
			if (strlen(units[i].name) == n && !strncmp(end, units[i].name, n))
				break;
		if (end == s || i == sizeof(units) / sizeof(units[0]))
			return -EINVAL;
		total += v * units[i].nano;
		s = end + n;
	}
	if (total > 9.2e18)
		return -ERANGE;
	*ret = minus ? -(int64_t)total : (int64_t)total;
	return 0;
}

static int64_t parse_fraction(const char **p)
{
	int64_t nano = 0, unit = TIME_SECOND / 10;

	if (**p != '.' && **p != ',')
		return 0;
	for ((*p)++; isdigit((unsigned char)**p); (*p)++, unit /= 10)
		nano += (**p - '0') * unit;
	return nano;
}

static int parse_zone(const char *p, struct tm *tm, int64_t *ret)
{
	int hours, minutes, n = 0;

	if (!*p) {
		*ret = mktime(tm);
		return 0;
	}
	if (!strcmp(p, "Z") || !strcmp(p, "z")) {
		*ret = timegm(tm);
		return 0;
	}
	if ((*p != '+' && *p != '-') || sscanf(p + 1, "%2d:%2d%n", &hours, &minutes, &n) != 2 ||
	    p[1 + n])
		return -EINVAL;
	*ret = timegm(tm) - (int64_t)(*p == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return 0;
}

static int parse_date(const char *s, int64_t *ret)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S",
					     "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M",
					     "%Y-%m-%dT%H", "%Y-%m-%d" };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = { .tm_isdst = -1 };
		const char *p = strptime(s, forms[i], &tm);
		int64_t seconds, nano;

		if (!p)
			continue;
		nano = parse_fraction(&p);
		while (*p == ' ')
			p++;
		if (parse_zone(p, &tm, &seconds) < 0)
			continue;
		/* The years 1678 to 2262 are all that nanoseconds in 64 bits hold. */
		if (__builtin_mul_overflow(seconds, TIME_SECOND, &seconds) ||
		    __builtin_add_overflow(seconds, nano, ret))
			return -ERANGE;
		return 0;
	}
	return -EINVAL;
}

/* Seconds since 1970: exact when they are written plainly. */
static int parse_seconds(const char *s, int64_t *ret)
{
	char *end;
	double v;

	if (isdigit((unsigned char)*s)) {
		long long seconds = strtoll(s, &end, 10);
		const char *p = end;
		int64_t nano = parse_fraction(&p);

		if (!*p && seconds < INT64_MAX / TIME_SECOND) {
			*ret = seconds * TIME_SECOND + nano;
			return 0;
		}
	}
	if (!*s || strspn(s, "0123456789+-.eE") != strlen(s))
		return -EINVAL;
	v = strtod(s, &end) * (double)TIME_SECOND;
	if (*end)
		return -EINVAL;
	*ret = v >= 9.2e18 ? INT64_MAX : v <= -9.2e18 ? INT64_MIN : (int64_t)v;
	return 0;
}

int time_parse(const char *s, int64_t now, int64_t *ret)
{
	int64_t span;

	if (!strcmp(s, "now")) {
		*ret = now;
		return 0;
	}
	if (parse_seconds(s, ret) == 0)
		return 0;
	if (time_parse_span(s, &span) == 0)
		return __builtin_sub_overflow(now, span, ret) ? -ERANGE : 0;
	return parse_date(s, ret);
}

int time_parse_until(const char *s, int64_t now, int64_t *ret)
{
	int64_t span;

	if (strcmp(s, "0") && time_parse_span(s, &span) == 0)
		return __builtin_add_overflow(now, span, ret) ? -ERANGE : 0;
	return time_parse(s, now, ret);
}

const char *time_human(int64_t span, char buf[TIME_HUMAN_MAX])
{
	int64_t s = span / TIME_SECOND, m = s / 60, h = (m + 30) / 60;

	/* The steps are docker's (go-units HumanDuration), which scripts and eyes know. */
	if (s < 1)
		snprintf(buf, TIME_HUMAN_MAX, "Less than a second");
	else if (s == 1)
		snprintf(buf, TIME_HUMAN_MAX, "1 second");
	else if (s < 60)
		snprintf(buf, TIME_HUMAN_MAX, "%lld seconds", (long long)s);
	else if (m == 1)
		snprintf(buf, TIME_HUMAN_MAX, "About a minute");
	else if (m < 60)
		snprintf(buf, TIME_HUMAN_MAX, "%lld minutes", (long long)m);
	else if (h == 1)
		snprintf(buf, TIME_HUMAN_MAX, "About an hour");
	else if (h < 48)
		snprintf(buf, TIME_HUMAN_MAX, "%lld hours", (long long)h);
	else if (h < 24 * 7 * 2)
		snprintf(buf, TIME_HUMAN_MAX, "%lld days", (long long)h / 24);
	else if (h < 24 * 30 * 2)
		snprintf(buf, TIME_HUMAN_MAX, "%lld weeks", (long long)h / 24 / 7);
	else if (h < 24 * 365 * 2)
		snprintf(buf, TIME_HUMAN_MAX, "%lld months", (long long)h / 24 / 30);
	else
		snprintf(buf, TIME_HUMAN_MAX, "%lld years", (long long)h / 24 / 365);
	return buf;
}

const char *size_human(uint64_t bytes, char buf[SIZE_HUMAN_MAX])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double v = (double)bytes;
	size_t i = 0;

	/* 999.6 would be printed as 1e+03. */
	while (v >= 999.5 && i + 1 < sizeof(units) / sizeof(units[0])) {
		v /= 1000.0;
		i++;
	}
	snprintf(buf, SIZE_HUMAN_MAX, "%.3g %s", v, units[i]);
	return buf;
}

/* N units of which PER are one of UNIT, without zeros at the end. */
static int add_fraction(char *buf, size_t size, uint64_t n, uint64_t per, const char *unit)
{
	uint64_t rest = n % per;
	int digits = 0;

	for (uint64_t p = per; p > 1; p /= 10)
		digits++;
	if (!rest)
		return snprintf(buf, size, "%llu%s", (unsigned long long)(n / per), unit);
	for (; rest % 10 == 0; rest /= 10)
		digits--;
	return snprintf(buf, size, "%llu.%0*llu%s", (unsigned long long)(n / per), digits,
			(unsigned long long)rest, unit);
}

const char *time_format_span(int64_t span, char buf[TIME_SPAN_MAX])
{
	uint64_t n = span < 0 ? 0 - (uint64_t)span : (uint64_t)span, second = (uint64_t)TIME_SECOND;
	size_t at = 0;

	if (!n) {
		snprintf(buf, TIME_SPAN_MAX, "0s");
		return buf;
	}
	if (span < 0)
		buf[at++] = '-';
	if (n < second) {
		uint64_t per = n < 1000 ? 1 : n < 1000000 ? 1000 : 1000000;

		(void)add_fraction(buf + at, TIME_SPAN_MAX - at, n, per, per == 1 ? "ns" : per == 1000 ? "µs" : "ms");
		return buf;
	}
	if (n >= 3600 * second)
		at += (size_t)snprintf(buf + at, TIME_SPAN_MAX - at, "%lluh", (unsigned long long)(n / (3600 * second)));
	if (n >= 60 * second)
		at += (size_t)snprintf(buf + at, TIME_SPAN_MAX - at, "%llum",
				       (unsigned long long)(n / (60 * second) % 60));
	(void)add_fraction(buf + at, TIME_SPAN_MAX - at, n % (60 * second), second, "s");
	return buf;
}
