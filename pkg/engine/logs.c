// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/engine/config.h"
#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/time.h"
#include "storage/ctr.h"

enum {
	BLOCK = 64 * 1024,
	/* Before the text; a head is 45 bytes as we write it. */
	HEAD_MAX = 64,
	/* Of another program's log: what is longer comes in pieces. */
	LINE_MAX_BYTES = 1024 * 1024,
	WAIT_MS = 1000, BLIND_WAIT_MS = 100,
};

struct logs {
	struct logs_opts o;
	char id[CTR_ID_LEN + 1];
	char *name;
	int dir_fd, fd, notify_fd;
	bool over;		/* past --until */
	struct str rest;	/* what was read of a line whose end isn't there yet */
	char *block;
};

const char *logs_id(const struct logs *l)
{
	return l->id;
}

const char *logs_name(const struct logs *l)
{
	return l->name;
}

/* --- one line --- */

bool logs_parse(const char *s, size_t n, struct logs_line *ret)
{
	const char *space = memchr(s, ' ', n < HEAD_MAX ? n : HEAD_MAX);
	size_t left;

	if (!space)
		return false;
	*ret = (struct logs_line){ .stamp = s, .stamp_len = (size_t)(space - s) };
	left = n - ret->stamp_len - 1;
	s = space + 1;
	if (left < 9 || (memcmp(s, "stdout ", 7) != 0 && memcmp(s, "stderr ", 7) != 0))
		return false;
	ret->stream = s[3] == 'o' ? 1 : 2;
	if ((s[7] != 'F' && s[7] != 'P') || s[8] != ' ')
		return false;
	ret->partial = s[7] == 'P';
	ret->text = s + 9;
	ret->len = left - 9;
	return true;
}

/* --- the end of a file --- */

static bool ends_a_line(const char *s, size_t n)
{
	struct logs_line l;

	return !logs_parse(s, n, &l) || !l.partial;
}

/*
 * Backwards in blocks. Behind a block lie the first bytes of the one after it, so that the head of
 * a line which begins in the block can be read whole.
 */
off_t logs_tail(int fd, off_t size, int64_t *want)
{
	auto_free char *buf = mem_alloc(BLOCK + HEAD_MAX);
	off_t line_end = -1;	/* of the line whose beginning is looked for */
	size_t behind = 0;

	for (off_t end = size; end > 0;) {
		size_t n = end < BLOCK ? (size_t)end : BLOCK;
		off_t at = end - (off_t)n;

		memmove(buf + n, buf, behind);
		if (lseek(fd, at, SEEK_SET) < 0 || io_read_full(fd, buf, n) != (ssize_t)n)
			return 0;
		for (size_t i = n; i-- > 0;) {
			size_t head = n + behind - i - 1;
			bool starts = buf[i] == '\n' || (at == 0 && i == 0);
			const char *line = buf[i] == '\n' ? buf + i + 1 : buf;

			if (buf[i] == '\n' && line_end < 0) {
				line_end = at + (off_t)i + 1;
				/* A last piece without its end is a line of its own. */
				if (line_end < size)
					--*want;
				continue;
			}
			if (!starts)
				continue;
			if (buf[i] != '\n')
				head++;
			/* A whole line ends at line_end: what is wanted begins there when enough were seen. */
			if (ends_a_line(line, head) && (*want)-- <= 0) {
				*want = 0;
				return line_end;
			}
			line_end = at + (off_t)i + 1;
		}
		behind = n < HEAD_MAX ? n : HEAD_MAX;
		end = at;
	}
	if (*want < 0)
		*want = 0;
	return 0;
}

/* --- which file --- */

static bool is_file(const struct logs *l, const char *name)
{
	struct stat a, b;

	return fstatat(l->dir_fd, name, &a, AT_SYMLINK_NOFOLLOW) == 0 && fstat(l->fd, &b) == 0 &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static int open_log(const struct logs *l, const char *name)
{
	return fd_open(l->dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
}

/*
 * The oldest file. A rotation between our two opens would hide what was "log" a moment ago: then
 * there is a "log.1" now.
 */
static int open_first(struct logs *l)
{
	for (int i = 0; i < 5; i++) {
		l->fd = open_log(l, "log.1");
		if (l->fd != -ENOENT)
			return l->fd;
		l->fd = open_log(l, "log");
		if (l->fd < 0 || faccessat(l->dir_fd, "log.1", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			return l->fd;
		l->fd = fd_close(l->fd);
	}
	return -EAGAIN;
}

/* The file after ours: 1 when it was opened, 0 when ours is the one that is written. */
static int open_next(struct logs *l)
{
	int fd;

	if (is_file(l, "log"))
		return 0;
	fd = open_log(l, is_file(l, "log.1") ? "log" : "log.1");
	/* In the middle of a rotation ours was "log.1", and is removed: "log" comes next. */
	if (fd == -ENOENT)
		fd = open_log(l, "log");
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	fd_close(l->fd);
	l->fd = fd;
	return 1;
}

/* Puts the reader where the last lines begin. */
static int seek_tail(struct logs *l)
{
	struct logs last = { .dir_fd = l->dir_fd, .fd = open_log(l, "log") };
	auto_fd int newest = last.fd;
	int64_t want = l->o.tail;
	struct stat st;
	off_t at;

	if (newest < 0)
		return newest == -ENOENT ? 0 : newest;
	if (fstat(newest, &st) < 0)
		return -errno;
	/* None is none: not even a last piece that has no end yet. */
	at = want ? logs_tail(newest, st.st_size, &want) : st.st_size;
	if ((at > 0 || want == 0) || is_file(l, "log")) {
		if (lseek(newest, at, SEEK_SET) < 0)
			return -errno;
		fd_close(l->fd);
		l->fd = fd_take(&newest);
		return 0;
	}
	if (fstat(l->fd, &st) < 0)
		return -errno;
	at = logs_tail(l->fd, st.st_size, &want);
	return lseek(l->fd, at, SEEK_SET) < 0 ? -errno : 0;
}

/* --- reading --- */

typedef int sink_fn(void *ctx, const struct logs_line *line, struct fail *f);

/* 1: pass it on, 0: not wanted. */
static int is_wanted(struct logs *l, const struct logs_line *line)
{
	char stamp[HEAD_MAX + 1];
	int64_t t;

	if (!l->o.since && !l->o.until)
		return 1;
	memcpy(stamp, line->stamp, line->stamp_len);
	stamp[line->stamp_len] = '\0';
	if (time_parse(stamp, 0, &t) < 0)
		return 1;
	if (l->o.until && t > l->o.until)
		l->over = true;
	return (!l->o.since || t >= l->o.since) && !l->over;
}

static int pass_line(struct logs *l, const char *s, size_t n, sink_fn *sink, void *ctx, struct fail *f)
{
	struct logs_line line;

	/* A line that isn't one (a full disk, another hand): passed over, the rest is still good. */
	if (!logs_parse(s, n, &line) || !is_wanted(l, &line))
		return 0;
	return sink(ctx, &line, f);
}

static int pass_block(struct logs *l, const char *s, size_t n, sink_fn *sink, void *ctx, struct fail *f)
{
	while (n && !l->over) {
		const char *end = memchr(s, '\n', n);
		size_t len = end ? (size_t)(end - s) : n;
		int r = 0;

		if (!end || l->rest.len)
			str_addn(&l->rest, s, len);
		if (end && l->rest.len)
			r = pass_line(l, l->rest.s, l->rest.len, sink, ctx, f);
		else if (end)
			r = pass_line(l, s, len, sink, ctx, f);
		if (end)
			str_clear(&l->rest);
		if (r < 0)
			return r;
		s += len + !!end;
		n -= len + !!end;
	}
	return 0;
}

static int read_file(struct logs *l, sink_fn *sink, void *ctx, struct fail *f)
{
	for (;;) {
		ssize_t n = io_read(l->fd, l->block, BLOCK);
		int r;

		if (n < 0)
			return fail(f, (int)-n, "read the log of %s", l->name);
		if (n == 0 || l->over)
			return 0;
		r = pass_block(l, l->block, (size_t)n, sink, ctx, f);
		if (r < 0)
			return r;
	}
}

/* All output is in the log before the end is recorded. */
static bool has_ended(const struct logs *l)
{
	return faccessat(l->dir_fd, "exit", F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	       !file_is_locked(l->dir_fd, "lock.run");
}

int logs_read(struct logs *l, sink_fn *sink, void *ctx, struct fail *f)
{
	/* Asked first: what comes before the end is read after it was seen. */
	bool ended = !l->o.follow || has_ended(l) || (l->o.until && time_now() > l->o.until);
	bool written = false;

	if (l->fd < 0 && (l->fd = open_log(l, "log")) < 0)
		return ended ? 0 : 1;
	for (;;) {
		int r = read_file(l, sink, ctx, f);

		if (r < 0)
			return r;
		if (l->over)
			return 0;
		if (written || is_file(l, "log")) {
			r = open_next(l);
			if (r < 0)
				return fail(f, -r, "open the log of %s", l->name);
			if (r == 0)
				return ended ? 0 : 1;
			str_clear(&l->rest);
			written = false;
			continue;
		}
		/* It was renamed: read once more, for what was written after our last read and before. */
		written = true;
	}
}

void logs_wait(struct logs *const *v, size_t n)
{
	auto_free struct pollfd *p = mem_array(n, sizeof(*p));
	char events[4096];
	int ms = WAIT_MS;

	for (size_t i = 0; i < n; i++) {
		p[i] = (struct pollfd){ .fd = v[i]->notify_fd, .events = POLLIN };
		/* No inotify to be had: its number is limited per user. */
		if (v[i]->notify_fd < 0)
			ms = BLIND_WAIT_MS;
	}
	if (poll(p, n, ms) <= 0)
		return;
	for (size_t i = 0; i < n; i++)
		while (p[i].revents && io_read(p[i].fd, events, sizeof(events)) > 0)
			;
}

/* --- opening --- */

static int open_container(struct logs *l, struct engine *e, const char *name, struct fail *f)
{
	auto_config struct container_config c = { 0 };
	int r = ctr_find(&e->store, name, l->id, f);

	if (r < 0)
		return r;
	l->dir_fd = ctr_open(&e->store, l->id, f);
	if (l->dir_fd < 0)
		return l->dir_fd;
	r = config_load(l->dir_fd, &c, f);
	if (r < 0)
		return r;
	l->name = mem_strdup(c.name ? c.name : l->id);
	if (str_eq(c.life.log_driver, "none"))
		return refuse(f, EINVAL, "this container is using the 'none' log driver, cannot read logs: "
			      "this container is not logging output");
	return 0;
}

static void watch(struct logs *l)
{
	char path[FD_PATH_MAX];

	l->notify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (l->notify_fd >= 0 &&
	    inotify_add_watch(l->notify_fd, fd_path(l->dir_fd, path),
			      IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVE_SELF | IN_DELETE_SELF) < 0)
		l->notify_fd = fd_close(l->notify_fd);
}

int logs_open(struct engine *e, const char *name, const struct logs_opts *o, struct logs **ret,
	      struct fail *f)
{
	struct logs *l = mem_alloc(sizeof(*l));
	int r;

	*l = (struct logs){ .o = *o, .dir_fd = -EBADF, .fd = -EBADF, .notify_fd = -EBADF,
			    .rest = STR_INIT(LINE_MAX_BYTES) };
	l->block = mem_alloc(BLOCK);
	r = open_container(l, e, name, f);
	if (r == 0) {
		/* Watched before it is read: what comes in between wakes us. */
		if (o->follow)
			watch(l);
		r = open_first(l);
		if (r == -ENOENT)
			r = 0;	/* never started */
		else if (r >= 0 && o->tail >= 0)
			r = seek_tail(l);
		if (r < 0)
			(void)fail(f, -r, "open the log of %s", l->name);
	}
	if (r < 0) {
		logs_free(l);
		return r;
	}
	*ret = l;
	return 0;
}

void logs_free(struct logs *l)
{
	if (!l)
		return;
	fd_close(l->dir_fd);
	fd_close(l->fd);
	fd_close(l->notify_fd);
	free(l->name);
	free(l->block);
	str_done(&l->rest);
	free(l);
}
