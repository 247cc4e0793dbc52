// SPDX-License-Identifier: Apache-2.0
#include "runtime/monitor/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/time.h"

enum {
	/* Before the text: "2025-05-27T09:58:34.663942371+02:00 stdout F " */
	HEAD_MAX = 64,
	/* A piece in JSON: six characters for a byte at worst (\u0000), and what stands around it. */
	LINE_MAX_BYTES = 6 * LOG_PIECE_MAX + 128,
};

static int open_file(struct log *l)
{
	struct stat st;

	l->fd = fd_open(l->o.dir_fd, l->o.name, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK |
			O_NOCTTY, 0600);
	if (l->fd < 0)
		return l->fd;
	if (fstat(l->fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		l->fd = fd_close(l->fd);
		return -EINVAL;
	}
	l->size = st.st_size;
	return 0;
}

static char *numbered(const struct log *l, int number)
{
	return number ? mem_printf("%s.%d", l->o.name, number) : mem_strdup(l->o.name);
}

/* What the last run left beyond the limit, for somebody who was reading it. */
static int find_highest(const struct log *l)
{
	int n = l->o.max_file - 1;

	for (; n < l->o.max_file + LOG_LAG_FILES; n++) {
		auto_free char *name = numbered(l, n + 1);

		if (faccessat(l->o.dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			break;
	}
	return n;
}

int log_open(const struct log_opts *o, struct log *ret, struct fail *f)
{
	int r;

	*ret = (struct log){ .o = *o, .fd = -EBADF, .second = -1,
			     .batch = STR_INIT(LOG_BATCH + LINE_MAX_BYTES) };
	if (o->driver == LOG_NONE || o->driver == LOG_PASSTHROUGH) {
		ret->o.name = NULL;
		return 0;
	}
	if (o->driver == LOG_JOURNALD) {
		ret->patience = LOG_JOURNAL_PATIENCE;
		ret->fd = log_journal_open(o->socket ? o->socket : LOG_JOURNAL_SOCKET, f);
		return ret->fd < 0 ? ret->fd : 0;
	}
	r = open_file(ret);
	ret->highest = find_highest(ret);
	return r < 0 ? fail(f, -r, "open the log '%s'", o->name) : 0;
}

/* It couldn't be opened (no room, no descriptor): that passes, and is tried again once a second. */
static void reopen(struct log *l)
{
	int64_t now = time_monotonic();

	if (now < l->retry)
		return;
	if (open_file(l) < 0)
		l->retry = now + TIME_SECOND;
}

static void flush(struct log *l)
{
	int r;

	if (!l->batch.len)
		return;
	if (l->fd < 0)
		reopen(l);
	r = l->fd < 0 ? l->fd : io_write_full(l->fd, l->batch.s, l->batch.len);
	if (r == 0) {
		l->size += (int64_t)l->batch.len;
	} else {
		/* Half a line would garble the next one: back to the last whole one. */
		if (l->fd >= 0)
			(void)!ftruncate(l->fd, l->size);
		if (!l->error)
			l->error = -r;
	}
	str_clear(&l->batch);
}

/* --- rotation --- */

/*
 * FROM becomes FROM + 1; 0 is the log itself. What isn't there is no failure: not yet, or, as for the log
 * itself, somebody deleted or moved it. A new one is begun then.
 */
static int shift(const struct log *l, int from)
{
	auto_free char *a = numbered(l, from), *b = numbered(l, from + 1);

	return renameat(l->o.dir_fd, a, l->o.dir_fd, b) < 0 && errno != ENOENT ? -errno : 0;
}

/* Somebody who follows has a lock on each file that he hasn't read to its end. */
static bool is_read(const struct log *l, const char *name)
{
	auto_fd int fd = fd_open(l->o.dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fd >= 0 && fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

/*
 * The files from number KEEP on go, the oldest first, but for what is being read and all that is newer.
 * Returns the highest number that is left (-1: none), or -errno - 1.
 */
static int remove_old(const struct log *l, int keep)
{
	int last = l->highest > keep ? l->highest : keep;

	for (; last >= keep; last--) {
		auto_free char *name = numbered(l, last);

		if (last + 1 < l->o.max_file + LOG_LAG_FILES && is_read(l, name))
			break;
		/*
		 * Removed, not renamed over: ext4 writes a file out to the disk then (auto_da_alloc), and a
		 * container that writes fast would wait for that at each rotation.
		 */
		if (unlinkat(l->o.dir_fd, name, 0) < 0 && errno != ENOENT)
			return -errno - 1;
	}
	return last;
}

static int shift_all(struct log *l)
{
	int last = remove_old(l, l->o.max_file - 1), r = 0;

	if (last < -1)
		return last + 1;
	for (int i = last; i >= 0 && r == 0; i--)
		r = shift(l, i);
	l->highest = last + 1;
	return r;
}

static void rotate(struct log *l)
{
	int r;

	flush(l);
	if (l->fd < 0)
		return; /* there is no log to shift, and each try would push an old one out */
	r = shift_all(l);
	if (r < 0) {
		if (!l->error)
			l->error = -r;
		l->o.max_size = 0; /* one file that grows is better than a try at each line */
		return;
	}
	l->fd = fd_close(l->fd);
	l->size = 0;
	l->retry = 0;
	reopen(l);
	if (l->fd < 0 && !l->error)
		l->error = -l->fd;
}

/* Room for a line of N bytes: what is there already stays below the limit with it, or goes first. */
static void make_room(struct log *l, size_t n)
{
	int64_t there = l->size + (int64_t)l->batch.len;

	if (l->o.max_size > 0 && there > 0 && there + (int64_t)n > l->o.max_size)
		rotate(l);
}

/* --- one line --- */

/* The text of a second is made once: a fast writer has a million lines in it. */
static void set_second(struct log *l, time_t second)
{
	bool utc = l->o.driver == LOG_JSON_FILE;
	struct tm tm;
	long off;

	if (l->second == second)
		return;
	l->second = second;
	if (utc)
		gmtime_r(&second, &tm);
	else
		localtime_r(&second, &tm);
	strftime(l->stamp, sizeof(l->stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	off = tm.tm_gmtoff / 60;
	/* UTC is +00:00 in k8s-file, not Z: the width is fixed, as readers of this format expect. */
	if (utc)
		snprintf(l->zone, sizeof(l->zone), "Z");
	else
		snprintf(l->zone, sizeof(l->zone), "%c%02ld:%02ld", off < 0 ? '-' : '+',
			 labs(off) / 60 % 100, labs(off) % 60);
}

/* What a line needs besides its text; made once for all that was read together. */
struct frame {
	char head[HEAD_MAX];	/* k8s-file: up to the text; json-file: "\",\"stream\" ..." behind it */
	size_t len;
};

static void make_frame(struct log *l, int stream, int64_t now, struct frame *ret)
{
	const char *name = stream == 2 ? "stderr" : "stdout";
	int n;

	set_second(l, (time_t)(now / TIME_SECOND));
	if (l->o.driver == LOG_JSON_FILE)
		n = snprintf(ret->head, HEAD_MAX, "\",\"stream\":\"%s\",\"time\":\"%s.%09lld%s\"}\n", name,
			     l->stamp, (long long)(now % TIME_SECOND), l->zone);
	else
		n = snprintf(ret->head, HEAD_MAX, "%s.%09lld%s %s F ", l->stamp,
			     (long long)(now % TIME_SECOND), l->zone, name);
	ret->len = (size_t)n;
}

static void add_k8s(struct log *l, struct frame *fr, const char *text, size_t n, bool whole)
{
	make_room(l, fr->len + n + 1);
	fr->head[fr->len - 2] = whole ? 'F' : 'P';
	str_addn(&l->batch, fr->head, fr->len);
	str_addn(&l->batch, text, n);
	str_addc(&l->batch, '\n');
}

static void add_json_char(struct str *s, const char *text, size_t n)
{
	unsigned char c = (unsigned char)*text;

	if (n > 1)
		str_addn(s, text, n);
	else if (c == '"' || c == '\\')
		str_addf(s, "\\%c", c);
	else if (c == '\t')
		str_add(s, "\\t");
	else if (c == '\r')
		str_add(s, "\\r");
	else if (c >= 0x80)
		str_add(s, "\\ufffd");
	else
		str_addf(s, "\\u%04x", c);
}

static void add_json_text(struct str *s, const char *text, size_t n)
{
	while (n) {
		size_t plain = 0, one;

		while (plain < n && (unsigned char)text[plain] >= 0x20 && (unsigned char)text[plain] < 0x7f &&
		       text[plain] != '"' && text[plain] != '\\')
			plain++;
		str_addn(s, text, plain);
		text += plain;
		n -= plain;
		if (!n)
			return;
		one = str_utf8(text, n, NULL);
		add_json_char(s, text, one);
		text += one ? one : 1;
		n -= one ? one : 1;
	}
}

static void add_json(struct log *l, const struct frame *fr, const char *text, size_t n, bool whole)
{
	size_t before = l->batch.len, line;

	/* Its length isn't known before it is made: made behind the others, and moved when it must rotate. */
	str_add(&l->batch, "{\"log\":\"");
	add_json_text(&l->batch, text, n);
	str_add(&l->batch, whole ? "\\n" : "");
	str_addn(&l->batch, fr->head, fr->len);
	line = l->batch.len - before;
	if (l->o.max_size > 0 && l->size + (int64_t)before > 0 &&
	    l->size + (int64_t)l->batch.len > l->o.max_size) {
		auto_free char *moved = mem_dup(l->batch.s + before, line);

		l->batch.len = before;
		rotate(l);
		str_addn(&l->batch, moved, line);
	}
}

/* --- pieces --- */

/* How many bytes at the end of TEXT begin a character that isn't whole. */
static size_t unfinished(const char *text, size_t n)
{
	for (size_t back = 1; back <= 3 && back <= n; back++) {
		unsigned char c = (unsigned char)text[n - back];
		size_t want = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 0;

		if (c >= 0x80 && c < 0xc0)
			continue;
		return want > back ? back : 0;
	}
	return 0;
}

static void add_line(struct log *l, int stream, struct frame *fr, const char *text, size_t n, bool whole)
{
	int r;

	switch (l->o.driver) {
	case LOG_JSON_FILE:
		add_json(l, fr, text, n, whole);
		break;
	case LOG_JOURNALD:
		r = log_journal_line(l, stream, text, n, whole);
		if (r < 0 && !l->error)
			l->error = -r;
		return;
	default:
		add_k8s(l, fr, text, n, whole);
	}
	if (l->batch.len >= LOG_BATCH)
		flush(l);
}

static void write_pieces(struct log *l, int stream, const char *data, size_t n, int64_t now)
{
	size_t *n_held = &l->n_held[stream == 2];
	struct frame fr;

	make_frame(l, stream, now, &fr);
	while (n) {
		size_t most = n < LOG_PIECE_MAX ? n : LOG_PIECE_MAX;
		const char *end = memchr(data, '\n', most);
		size_t len = end ? (size_t)(end - data) : most;
		size_t cut = !end && l->o.driver == LOG_JSON_FILE ? unfinished(data, len) : 0;

		if (cut && len == n) {
			*n_held = cut;
			memcpy(l->held[stream == 2], data + len - cut, cut);
			n -= cut;
		}
		len -= cut;
		if (len || end)
			add_line(l, stream, &fr, data, len, end != NULL);
		data += len + !!end;
		n -= len + !!end;
	}
	flush(l);
}

void log_write(struct log *l, int stream, const char *data, size_t n, int64_t now)
{
	size_t *n_held = &l->n_held[stream == 2], before = *n_held;
	auto_free char *joined = NULL;

	if (!l->o.name)
		return;
	if (!before) {
		write_pieces(l, stream, data, n, now);
		return;
	}
	/* A character that was cut in two by our read. */
	joined = mem_array(n + before, 1);
	memcpy(joined, l->held[stream == 2], before);
	memcpy(joined + before, data, n);
	*n_held = 0;
	write_pieces(l, stream, joined, n + before, now);
}

void log_hurry(struct log *l)
{
	if (!l->n_lost)
		l->patience = LOG_JOURNAL_PATIENCE;
	l->last = true;
}

void log_settle(struct log *l)
{
	bool is_file = l->o.driver == LOG_K8S_FILE || l->o.driver == LOG_JSON_FILE;

	if (l->o.name && is_file && l->highest >= l->o.max_file)
		l->highest = remove_old(l, l->o.max_file);
	for (int i = 0; i < 2; i++) {
		struct frame fr;

		if (!l->o.name || !l->n_held[i])
			continue;
		make_frame(l, i + 1, time_now(), &fr);
		add_line(l, i + 1, &fr, l->held[i], l->n_held[i], false);
		flush(l);
		l->n_held[i] = 0;
	}
	if (l->o.name && l->o.driver == LOG_JOURNALD)
		(void)!log_journal_tell_lost(l);
	l->last = false;
}

void log_done(struct log *l)
{
	log_settle(l);
	l->fd = fd_close(l->fd);
	l->o.name = NULL;
	str_done(&l->batch);
}
