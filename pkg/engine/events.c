// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/events.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/engine/event.h"
#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"

enum { WAIT_MS = 1000, BLIND_WAIT_MS = 100, BLOCK = 16 * 1024 };

/* One file, and what was read of a line whose end isn't there yet. */
struct tail {
	int fd;
	struct str rest;
};

struct events {
	struct events_opts o;
	int root_fd, notify_fd;
	/* A writer that had opened the file before it was renamed may still add to it: both are read. */
	struct tail now, before;
	bool over;	/* past --until */
};

/* --- filters --- */

static const char *text(const json_t *event, const char *key)
{
	const char *s = json_string_value(json_object_get(event, key));

	return s ? s : "";
}

static bool is_type(const json_t *event, const char *type)
{
	return str_eq(text(event, "Type"), type);
}

/* The name whole, or the beginning of the id. */
static bool is_called(const json_t *event, const char *value)
{
	return *value && (str_eq(text(event, "Name"), value) || str_starts(text(event, "ID"), value));
}

static bool by_container(const json_t *event, const char *value)
{
	return is_type(event, "container") && is_called(event, value);
}

static bool by_image(const json_t *event, const char *value)
{
	return is_type(event, "image") && is_called(event, value);
}

static bool by_pod(const json_t *event, const char *value)
{
	return is_type(event, "pod") && is_called(event, value);
}

static bool by_volume(const json_t *event, const char *value)
{
	return is_type(event, "volume") && is_called(event, value);
}

static bool by_artifact(const json_t *event, const char *value)
{
	return is_type(event, "artifact") && is_called(event, value);
}

static bool by_event(const json_t *event, const char *value)
{
	/* docker's word */
	return str_eq(text(event, "Status"), str_eq(value, "die") ? "died" : value);
}

static bool by_type(const json_t *event, const char *value)
{
	return is_type(event, value);
}

static bool by_label(const json_t *event, const char *value)
{
	const char *eq = strchr(value, '=');
	auto_free char *key = mem_strndup(value, eq ? (size_t)(eq - value) : strlen(value));
	const char *is = json_string_value(json_object_get(json_object_get(event, "Attributes"), key));

	return is && (!eq || str_eq(is, eq + 1));
}

static const struct {
	const char *key;
	bool (*match)(const json_t *event, const char *value);
} filter_table[] = {
	{ "artifact", by_artifact }, { "container", by_container }, { "event", by_event },
	{ "image", by_image }, { "label", by_label }, { "pod", by_pod }, { "status", by_event },
	{ "type", by_type }, { "volume", by_volume },
};

/* The row of FILTER's key, any case, and where its value begins; -1: there is none. */
static int find_filter(const char *filter, const char **ret_value)
{
	size_t n = strcspn(filter, "=");

	if (!filter[n])
		return -1;
	*ret_value = filter + n + 1;
	for (size_t i = 0; i < ARRAY_LEN(filter_table); i++)
		if (strlen(filter_table[i].key) == n && !strncasecmp(filter, filter_table[i].key, n))
			return (int)i;
	return -1;
}

int events_filter_check(char *const *filters, struct fail *f)
{
	const char *value;

	strv_each(it, filters) {
		auto_free char *key = mem_strndup(*it, strcspn(*it, "="));

		if (find_filter(*it, &value) >= 0)
			continue;
		if (strchr(*it, '='))
			(void)refuse(f, EINVAL, "%.60s is an invalid filter", key);
		else
			(void)refuse(f, EINVAL, "invalid filter \"%.60s\": KEY=VALUE is wanted", *it);
		fail_hint(f, "the filters are artifact, container, event, image, label, pod, status, type, volume");
		return -EINVAL;
	}
	return 0;
}

bool events_filter_match(char *const *filters, const json_t *event)
{
	bool asked[ARRAY_LEN(filter_table)] = { 0 }, hit[ARRAY_LEN(filter_table)] = { 0 };

	strv_each(it, filters) {
		const char *value = NULL;
		int i = find_filter(*it, &value);

		if (i < 0)
			return false;
		asked[i] = true;
		hit[i] = hit[i] || filter_table[i].match(event, value);
	}
	for (size_t i = 0; i < ARRAY_LEN(filter_table); i++)
		if (asked[i] && !hit[i])
			return false;
	return true;
}

/* --- reading --- */

typedef int sink_fn(void *ctx, json_t *event, struct fail *f);

static int pass_line(struct events *ev, const char *s, size_t n, sink_fn *sink, void *ctx, struct fail *f)
{
	struct fail ignored = { 0 };
	auto_json json_t *j = jsonf_parse(s, n, EVENT_LINE_MAX, "an event", &ignored);
	int64_t t;

	/* A line that isn't one (a full disk, another hand): passed over, the rest is still good. */
	if (!j || time_parse(text(j, "Time"), 0, &t) < 0)
		return 0;
	if (ev->o.until && t > ev->o.until) {
		ev->over = true;
		return 0;
	}
	if ((ev->o.since && t < ev->o.since) || !events_filter_match(ev->o.filters, j))
		return 0;
	return sink(ctx, j, f);
}

static int pass_block(struct events *ev, struct tail *t, const char *s, size_t n, sink_fn *sink, void *ctx,
		      struct fail *f)
{
	while (n) {
		const char *end = memchr(s, '\n', n);
		size_t len = end ? (size_t)(end - s) : n;
		int r;

		str_addn(&t->rest, s, len);
		if (end) {
			r = pass_line(ev, str_cstr(&t->rest), t->rest.len, sink, ctx, f);
			str_done(&t->rest);
			t->rest = (struct str)STR_INIT(2 * EVENT_LINE_MAX);
			if (r < 0)
				return r;
		}
		s += len + !!end;
		n -= len + !!end;
	}
	return 0;
}

static int read_tail(struct events *ev, struct tail *t, sink_fn *sink, void *ctx, struct fail *f)
{
	char block[BLOCK];

	while (t->fd >= 0 && !ev->over) {
		ssize_t n = io_read(t->fd, block, sizeof(block));
		int r;

		if (n < 0)
			return fail(f, (int)-n, "read the events");
		if (n == 0)
			return 0;
		r = pass_block(ev, t, block, (size_t)n, sink, ctx, f);
		if (r < 0)
			return r;
	}
	return 0;
}

static int open_file(const struct events *ev, const char *name)
{
	return fd_open(ev->root_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
}

static bool is_file(const struct events *ev, int fd, const char *name)
{
	struct stat a, b;

	return fd >= 0 && fstatat(ev->root_fd, name, &a, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &b) == 0 &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* Moves on to the file after ours: true when there is one. */
static bool next_file(struct events *ev)
{
	const char *name = "events";
	int fd;

	if (is_file(ev, ev->now.fd, "events"))
		return false;
	/* Two rotations since we looked: the one in between comes first. */
	if (ev->now.fd >= 0 && !is_file(ev, ev->now.fd, "events.1"))
		name = "events.1";
	fd = open_file(ev, name);
	if (fd == -ENOENT)
		fd = open_file(ev, "events");
	if (fd < 0)
		return false;
	fd_close(ev->before.fd);
	str_done(&ev->before.rest);
	ev->before = ev->now;
	ev->now = (struct tail){ fd, STR_INIT(2 * EVENT_LINE_MAX) };
	return true;
}

int events_read(struct events *ev, sink_fn *sink, void *ctx, struct fail *f)
{
	/* Asked first: what comes up to then is read after it. */
	bool ended = !ev->o.follow || (ev->o.until && time_now() > ev->o.until);
	int r;

	do {
		r = read_tail(ev, &ev->before, sink, ctx, f);
		if (r == 0)
			r = read_tail(ev, &ev->now, sink, ctx, f);
	} while (r == 0 && !ev->over && next_file(ev));
	return r < 0 ? r : !ended && !ev->over;
}

bool events_wait(struct events *ev)
{
	struct pollfd p[2] = { { ev->notify_fd, POLLIN, 0 }, { STDOUT_FILENO, 0, 0 } };
	int ms = ev->notify_fd < 0 ? BLIND_WAIT_MS : WAIT_MS;
	char notes[4096];

	if (ev->o.until) {
		int64_t left = ev->o.until - time_now();

		if (left < ms * (TIME_SECOND / 1000))
			ms = left < 0 ? 0 : (int)(left / 1000000) + 1;
	}
	if (poll(p, 2, ms) <= 0)
		return true;
	while (p[0].revents && io_read(ev->notify_fd, notes, sizeof(notes)) > 0)
		;
	return !(p[1].revents & (POLLERR | POLLNVAL));
}

int events_open(const struct store *s, const struct events_opts *o, struct events **ret, struct fail *f)
{
	char path[FD_PATH_MAX];
	struct events *ev;
	int r = events_filter_check(o->filters, f);

	if (r < 0)
		return r;
	ev = mem_alloc(sizeof(*ev));
	*ev = (struct events){ .o = *o, .root_fd = s->root_fd, .notify_fd = -EBADF,
			       .now = { -EBADF, STR_INIT(2 * EVENT_LINE_MAX) },
			       .before = { -EBADF, STR_INIT(2 * EVENT_LINE_MAX) } };
	/* Watched before it is read: what comes in between wakes us. Their number is limited per user. */
	ev->notify_fd = o->follow ? inotify_init1(IN_CLOEXEC | IN_NONBLOCK) : -EBADF;
	if (ev->notify_fd >= 0 && inotify_add_watch(ev->notify_fd, fd_path(s->root_fd, path),
						     IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0)
		ev->notify_fd = fd_close(ev->notify_fd);
	if (o->from_start)
		ev->now.fd = open_file(ev, "events.1");
	if (ev->now.fd < 0)
		ev->now.fd = open_file(ev, "events");
	if (ev->now.fd >= 0 && !o->from_start)
		(void)lseek(ev->now.fd, 0, SEEK_END);
	*ret = ev;
	return 0;
}

void events_free(struct events *ev)
{
	if (!ev)
		return;
	fd_close(ev->notify_fd);
	fd_close(ev->now.fd);
	fd_close(ev->before.fd);
	str_done(&ev->now.rest);
	str_done(&ev->before.rest);
	free(ev);
}
