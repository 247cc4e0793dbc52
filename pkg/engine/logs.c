// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/engine/container.h"
#include "pkg/engine/journal.h"
#include "pkg/engine/logopt.h"
#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/time.h"

enum { BLOCK = 128 * 1024, STAMP_MAX = 64, WAIT_MS = 1000, BLIND_WAIT_MS = 100,
       GRACE_MS = 100 };

struct logs {
	struct logs_opts o;
	char id[CTR_ID_LEN + 1];
	char *name;
	int dir_fd;		/* the container's folder */
	int log_dir;		/* where FILE lies: the same, or that of --log-opt path */
	char *file;
	int max_file;
	bool json;
	/* The files that aren't read to their end, oldest first; the last is the newest that we know. */
	int held[LOGS_HELD_MAX];
	size_t n_held;
	bool lost;
	int notify_fd;
	bool over;		/* past --until */
	struct str rest;	/* what was read of a line whose end isn't there yet */
	struct str text;	/* of a line of json-file */
	char *block;
	size_t at, len;		/* of BLOCK: what wasn't passed on yet */
	/* The driver journald: what was there is read first, then journalctl follows, then comes the rest. */
	bool in_journal, begun, last;
	bool grace;		/* the container has ended, journald may be a moment behind */
	struct journal journal;
	int64_t skip;		/* lines before those of --tail */
	bool skipping, inside;	/* the line that we are in is one of them; its end is to come */
};

const char *logs_id(const struct logs *l)
{
	return l->id;
}

const char *logs_name(const struct logs *l)
{
	return l->name;
}

bool logs_has_lost(const struct logs *l)
{
	return l->lost;
}

/* --- which files --- */

static int open_log(const struct logs *l, int number)
{
	auto_free char *name = number ? mem_printf("%s.%d", l->file, number) : mem_strdup(l->file);

	return fd_open(l->log_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
}

static bool is_same(int a, int b)
{
	struct stat x, y;

	return a >= 0 && b >= 0 && fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_ino == y.st_ino &&
	       x.st_dev == y.st_dev;
}

static int newest(const struct logs *l)
{
	return l->n_held ? l->held[l->n_held - 1] : -EBADF;
}

/* True when the newest file that we know is the one that is written. */
static bool is_up_to_date(const struct logs *l)
{
	struct stat a, b;

	return l->n_held && fstatat(l->log_dir, l->file, &a, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstat(newest(l), &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* The rotation leaves it as long as we have it open (runtime/monitor/log.h). */
static void keep(int fd)
{
	struct flock whole = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	(void)fcntl(fd, F_OFD_SETLK, &whole);
}

/*
 * Opens every file that is newer than those we know. From the newest to the oldest: a rotation meanwhile
 * only moves a file to a higher number, where it is still to come or stands a second time. In the middle of
 * one a number is missing for a moment.
 */
static int extend(struct logs *l)
{
	int found[LOGS_HELD_MAX];
	size_t n = 0, room = LOGS_HELD_MAX - l->n_held;
	bool met = !l->n_held;
	int r = 0, missing = 0;

	if (is_up_to_date(l) || !room)
		return 0;
	for (int i = 0; i < l->max_file + LOG_LAG_FILES + 1 && n < room; i++) {
		int fd = open_log(l, i);

		if (fd == -ENOENT && ++missing < 2)
			continue;
		if (fd == -ENOENT)
			break;
		missing = 0;
		if (fd < 0) {
			r = fd;
			break;
		}
		if (n && is_same(fd, found[n - 1])) {
			fd_close(fd);
			continue;
		}
		if (is_same(fd, newest(l))) {
			fd_close(fd);
			met = true;
			break;
		}
		if (l->o.follow)
			keep(fd);
		found[n++] = fd;
	}
	while (n && r == 0)
		l->held[l->n_held++] = found[--n];
	while (n)
		fd_close(found[--n]);
	l->lost |= r == 0 && !met;
	return r;
}

static void drop_first(struct logs *l)
{
	fd_close(l->held[0]);
	l->n_held--;
	memmove(l->held, l->held + 1, l->n_held * sizeof(l->held[0]));
	str_clear(&l->rest);
}

/* Puts the reader where the last lines begin: what is older isn't held any more. */
static int seek_tail(struct logs *l)
{
	int64_t want = l->o.tail;

	for (size_t i = l->n_held; i-- > 0;) {
		struct stat st;
		off_t at;

		if (fstat(l->held[i], &st) < 0)
			return -errno;
		/* None is none: not even a last piece that has no end yet. */
		if (!want)
			at = st.st_size;
		else if (l->json)
			at = logs_tail_json(l->held[i], st.st_size, &want);
		else
			at = logs_tail(l->held[i], st.st_size, i + 1 == l->n_held, &want);
		if (lseek(l->held[i], at, SEEK_SET) < 0)
			return -errno;
		if (at == 0 && want)
			continue;
		while (i-- > 0)
			drop_first(l);
		return 0;
	}
	return 0;
}

/* --- reading --- */

/* 1: pass it on, 0: not wanted. */
static int is_wanted(struct logs *l, const struct logs_line *line)
{
	char stamp[STAMP_MAX + 1];
	int64_t t;

	if (!l->o.since && !l->o.until)
		return 1;
	if (line->stamp_len > STAMP_MAX)
		return 1;
	memcpy(stamp, line->stamp, line->stamp_len);
	stamp[line->stamp_len] = '\0';
	if (time_parse(stamp, 0, &t) < 0)
		return 1;
	if (l->o.until && t > l->o.until)
		l->over = true;
	return (!l->o.since || t >= l->o.since) && !l->over;
}

static int pass_line(struct logs *l, const char *s, size_t n, logs_sink *sink, void *ctx, struct fail *f)
{
	struct logs_line line;

	/* A line that isn't one (a full disk, another hand): passed over, the rest is still good. */
	if (l->json ? !logs_parse_json(s, n, &l->text, &line) : !logs_parse(s, n, &line))
		return 0;
	if (!is_wanted(l, &line))
		return 0;
	return sink(ctx, &line, f);
}

/* Passes on what is in the block; the result of the sink ends it. */
static int pass_block(struct logs *l, logs_sink *sink, void *ctx, struct fail *f)
{
	while (l->at < l->len && !l->over) {
		const char *s = l->block + l->at, *end = memchr(s, '\n', l->len - l->at);
		size_t len = end ? (size_t)(end - s) : l->len - l->at;
		int r = 0;

		l->at += len + !!end;
		if (!end || l->rest.len)
			str_addn(&l->rest, s, len);
		if (end && l->rest.len)
			r = pass_line(l, l->rest.s, l->rest.len, sink, ctx, f);
		else if (end)
			r = pass_line(l, s, len, sink, ctx, f);
		if (end)
			str_clear(&l->rest);
		if (r)
			return r;
	}
	return 0;
}

/* The oldest file that we hold, to its end. */
static int read_file(struct logs *l, logs_sink *sink, void *ctx, struct fail *f)
{
	for (;;) {
		ssize_t n = io_read(l->held[0], l->block, BLOCK);
		int r;

		if (n < 0)
			return fail(f, (int)-n, "read the log of %s", l->name);
		if (n == 0 || l->over)
			return 0;
		l->at = 0;
		l->len = (size_t)n;
		r = pass_block(l, sink, ctx, f);
		if (r > 0)
			return r;
		/* What is passed on may have made us wait, and the log goes on meanwhile. */
		if (r == 0 && l->o.follow)
			r = extend(l);
		if (r < 0)
			return f->code ? r : fail(f, -r, "open the log of %s", l->name);
	}
}

/* All output is in the log before the end is recorded. */
static bool has_ended(const struct logs *l)
{
	return faccessat(l->dir_fd, "exit", F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	       !file_is_locked(l->dir_fd, "lock.run");
}

static int read_files(struct logs *l, bool ended, logs_sink *sink, void *ctx, struct fail *f)
{
	for (;;) {
		int r = l->o.follow ? extend(l) : 0;

		if (r < 0)
			return fail(f, -r, "open the log of %s", l->name);
		if (!l->n_held)
			return !ended;
		/* A file that is not the newest is whole: it was renamed after the last line was written. */
		r = read_file(l, sink, ctx, f);
		if (r)
			return r;
		if (l->over)
			return 0;
		if (l->n_held > 1)
			drop_first(l);
		else if (!l->o.follow || is_up_to_date(l) || extend(l) < 0 || l->n_held < 2)
			return !ended;
	}
}

/* --- the journal --- */

static int start_journal(struct logs *l, bool follow, struct fail *f)
{
	/* The lines of --tail are counted over all of them. */
	return journal_start(&l->journal, follow, l->o.tail < 0 ? l->o.since : 0, f);
}

/* How many lines are there before the last ones: pieces count as one, with an end or none yet. */
static int count_journal(struct logs *l, struct fail *f)
{
	struct logs_line line;
	bool inside = false;
	int64_t n = 0;
	int r = start_journal(l, false, f);

	while (r == 0 && (r = journal_next(&l->journal, &line, f)) > 0) {
		n += !inside;
		inside = line.partial;
		r = 0;
	}
	str_clear(&l->journal.cursor);
	l->skip = n > l->o.tail ? n - l->o.tail : 0;
	return r;
}

static int pass_entry(struct logs *l, const struct logs_line *line, logs_sink *sink, void *ctx, struct fail *f)
{
	if (!l->inside) {
		l->skipping = l->skip > 0;
		l->skip -= l->skipping;
	}
	l->inside = line->partial;
	return l->skipping || !is_wanted(l, line) ? 0 : sink(ctx, line, f);
}

/* Nothing more comes from this journalctl: the next one, 0: that was all. */
static int next_journal(struct logs *l, struct fail *f)
{
	int r;

	journal_stop(&l->journal);
	if (!l->o.follow || l->last)
		return 0;
	r = start_journal(l, true, f);
	return r < 0 ? r : 1;
}

static int read_journal(struct logs *l, bool ended, logs_sink *sink, void *ctx, struct fail *f)
{
	int r = l->begun ? 1 : start_journal(l, false, f);

	/* None is none, but the end of it has to be found. */
	if (!l->begun && !l->o.tail)
		l->skip = INT64_MAX;
	if (!l->begun)
		l->last = ended;
	l->begun = true;
	while (r >= 0) {
		struct logs_line line;

		r = journal_next(&l->journal, &line, f);
		if (r > 0) {
			r = pass_entry(l, &line, sink, ctx, f);
			if (r || l->over)
				return r;
		} else if (r == 0) {
			l->skip = 0;
			l->skipping = false;
			r = next_journal(l, f);
			if (r == 0)
				return 0;
		} else if (r == -EAGAIN) {
			if (!ended || !l->grace) {
				l->grace = ended;
				return 1;
			}
			/* It may not have come to the end yet: this one does. */
			l->last = true;
			journal_stop(&l->journal);
			r = start_journal(l, false, f);
		}
	}
	return r;
}

int logs_read(struct logs *l, logs_sink *sink, void *ctx, struct fail *f)
{
	int r = pass_block(l, sink, ctx, f);
	bool ended;

	if (r == 0) {
		/* Asked first: what comes before the end is read after it was seen. */
		ended = !l->o.follow || has_ended(l) || (l->o.until && time_now() > l->o.until);
		r = l->over ? 0 : l->in_journal ? read_journal(l, ended, sink, ctx, f) :
		    read_files(l, ended, sink, ctx, f);
	}
	return r;
}

bool logs_wait(struct logs *const *v, size_t n)
{
	auto_free struct pollfd *p = mem_array(2 * n + 1, sizeof(*p));
	char events[4096];
	int ms = WAIT_MS;

	for (size_t i = 0; i < n; i++) {
		int64_t left = v[i]->o.until ? v[i]->o.until - time_now() : INT64_MAX;

		p[i] = (struct pollfd){ .fd = v[i]->notify_fd, .events = POLLIN };
		p[n + 1 + i] = (struct pollfd){ .fd = v[i]->in_journal ? v[i]->journal.fd : -EBADF,
						.events = POLLIN };
		/* No inotify to be had: its number is limited per user. */
		if (v[i]->notify_fd < 0 && ms > BLIND_WAIT_MS)
			ms = BLIND_WAIT_MS;
		if (v[i]->grace && ms > GRACE_MS)
			ms = GRACE_MS;
		if (left / 1000000 < ms)
			ms = left < 0 ? 0 : (int)(left / 1000000) + 1;
	}
	p[n] = (struct pollfd){ .fd = STDOUT_FILENO };
	if (poll(p, 2 * n + 1, ms) <= 0)
		return true;
	for (size_t i = 0; i < n; i++)
		while (p[i].revents && io_read(p[i].fd, events, sizeof(events)) > 0)
			;
	return !(p[n].revents & (POLLERR | POLLNVAL));
}

/* --- opening --- */

static int find_log(struct logs *l, const struct container_config *c, struct fail *f)
{
	struct log_plan p;
	const char *file;
	int r = logopt_parse(c->life.log_driver, c->life.log_opt, &p, f);

	if (r < 0)
		return r;
	if (!p.readable)
		return refuse(f, EINVAL, "this container is using the '%s' log driver, cannot read logs: "
			      "this container is not logging output", c->life.log_driver);
	l->in_journal = p.driver == LOG_JOURNALD;
	if (l->in_journal)
		return 0;
	l->json = p.driver == LOG_JSON_FILE;
	l->max_file = p.max_file;
	r = logopt_place(&p, &l->log_dir, &file, f);
	if (r == 0)
		l->file = mem_strdup(file);
	if (r == 0 && l->log_dir < 0) {
		l->log_dir = fd_dup(l->dir_fd);
		if (l->log_dir < 0)
			return fail(f, -l->log_dir, "open the folder of the log");
	}
	return r;
}

static int open_container(struct logs *l, struct engine *e, const char *name, struct fail *f)
{
	auto_config struct container_config c = { 0 };
	int r = container_find(e, name, l->id, f);

	if (r < 0)
		return r;
	l->dir_fd = ctr_open(&e->store, l->id, f);
	if (l->dir_fd < 0)
		return l->dir_fd;
	r = config_load(l->dir_fd, &c, f);
	if (r < 0)
		return r;
	l->name = mem_strdup(c.name ? c.name : l->id);
	return find_log(l, &c, f);
}

static void watch(struct logs *l)
{
	const uint32_t what = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVE_SELF | IN_DELETE_SELF;
	char path[FD_PATH_MAX];

	l->notify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (l->notify_fd >= 0 && (inotify_add_watch(l->notify_fd, fd_path(l->dir_fd, path), what) < 0 ||
				  (l->log_dir >= 0 &&
				   inotify_add_watch(l->notify_fd, fd_path(l->log_dir, path), what) < 0)))
		l->notify_fd = fd_close(l->notify_fd);
}

int logs_open(struct engine *e, const char *name, const struct logs_opts *o, struct logs **ret,
	      struct fail *f)
{
	struct logs *l = mem_alloc(sizeof(*l));
	int r;

	*l = (struct logs){ .o = *o, .dir_fd = -EBADF, .log_dir = -EBADF, .notify_fd = -EBADF,
			    .rest = STR_INIT(LOGS_LINE_MAX), .text = STR_INIT(LOGS_LINE_MAX) };
	l->block = mem_alloc(BLOCK);
	journal_init(&l->journal, l->id);
	r = open_container(l, e, name, f);
	/* Watched before it is read: what comes in between wakes us. */
	if (r == 0 && o->follow)
		watch(l);
	if (r == 0 && l->in_journal && o->tail > 0) {
		r = count_journal(l, f);
	} else if (r == 0 && !l->in_journal) {
		r = extend(l);
		if (r == 0 && o->tail >= 0)
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
	while (l->n_held)
		drop_first(l);
	journal_done(&l->journal);
	fd_close(l->dir_fd);
	fd_close(l->log_dir);
	fd_close(l->notify_fd);
	free(l->name);
	free(l->file);
	free(l->block);
	str_done(&l->rest);
	str_done(&l->text);
	free(l);
}
