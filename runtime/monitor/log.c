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

/* "2025-05-27T09:58:34.663942371+02:00 stdout F " */
enum { HEAD_MAX = 64 };

static int open_file(struct log *l)
{
	struct stat st;

	l->fd = fd_open(l->dir_fd, l->name, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK |
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

int log_open(int dir_fd, const char *name, int64_t max_size, struct log *ret, struct fail *f)
{
	int r;

	*ret = (struct log){ .dir_fd = dir_fd, .name = mem_strdup(name), .fd = -EBADF,
			     .max_size = max_size, .second = -1,
			     .batch = STR_INIT(LOG_BATCH + LOG_PIECE_MAX + HEAD_MAX) };
	r = open_file(ret);
	if (r < 0) {
		log_done(ret);
		return fail(f, -r, "open the log '%s'", name);
	}
	return 0;
}

static void flush(struct log *l)
{
	int r;

	if (!l->batch.len)
		return;
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

static void rotate(struct log *l)
{
	auto_free char *old = mem_printf("%s.1", l->name);
	int r;

	flush(l);
	/*
	 * Removed first: ext4 writes a file out to the disk when it is renamed over another
	 * (auto_da_alloc), and a container that writes fast would wait for that at each rotation.
	 */
	(void)unlinkat(l->dir_fd, old, 0);
	if (renameat(l->dir_fd, l->name, l->dir_fd, old) < 0) {
		if (!l->error)
			l->error = errno;
		l->max_size = 0; /* one file that grows is better than a try at each line */
		return;
	}
	l->fd = fd_close(l->fd);
	r = open_file(l);
	if (r < 0 && !l->error)
		l->error = -r;
	if (r < 0)
		l->size = 0;
}

/* The text of a second is made once: a fast writer has a million lines in it. */
static void set_second(struct log *l, time_t second)
{
	struct tm tm;
	long off;

	if (l->second == second)
		return;
	l->second = second;
	localtime_r(&second, &tm);
	strftime(l->stamp, sizeof(l->stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	off = tm.tm_gmtoff / 60;
	/* UTC is +00:00 here, not Z: the width is fixed, as readers of this format expect. */
	snprintf(l->zone, sizeof(l->zone), "%c%02ld:%02ld", off < 0 ? '-' : '+', labs(off) / 60 % 100,
		 labs(off) % 60);
}

static size_t make_head(struct log *l, int stream, int64_t now, char head[HEAD_MAX])
{
	set_second(l, (time_t)(now / TIME_SECOND));
	return (size_t)snprintf(head, HEAD_MAX, "%s.%09lld%s %s F ", l->stamp,
				(long long)(now % TIME_SECOND), l->zone, stream == 2 ? "stderr" : "stdout");
}

void log_write(struct log *l, int stream, const char *data, size_t n, int64_t now)
{
	char head[HEAD_MAX];
	size_t head_len;

	if (!l->name)
		return;
	head_len = make_head(l, stream, now, head);
	while (n) {
		size_t most = n < LOG_PIECE_MAX ? n : LOG_PIECE_MAX;
		const char *end = memchr(data, '\n', most);
		size_t len = end ? (size_t)(end - data) : most;
		size_t line = head_len + len + 1;

		if (l->max_size > 0 && l->size + (int64_t)(l->batch.len + line) > l->max_size &&
		    l->size + (int64_t)l->batch.len > 0)
			rotate(l);
		head[head_len - 2] = end ? 'F' : 'P';
		str_addn(&l->batch, head, head_len);
		str_addn(&l->batch, data, len);
		str_addc(&l->batch, '\n');
		if (l->batch.len >= LOG_BATCH)
			flush(l);
		data += len + !!end;
		n -= len + !!end;
	}
	flush(l);
}

void log_done(struct log *l)
{
	l->fd = fd_close(l->fd);
	mem_replace(&l->name, NULL);
	str_done(&l->batch);
}
