// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/journal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/spawn.h"

enum {
	BLOCK = 64 * 1024,
	/* An entry: a line as long as any, and journald's own fields beside it. */
	ENTRY_MAX = LOGS_LINE_MAX + 64 * 1024,
	ARGS_MAX = 16,
};

/* --- one entry --- */

struct field {
	const char *name, *value;
	size_t name_len, len;
};

static bool is_named(const struct field *fd, const char *name)
{
	return fd->name_len == strlen(name) && !memcmp(fd->name, name, fd->name_len);
}

/* "NAME=text\n", or "NAME\n", the length in 64 bits, the bytes, "\n". Returns as journal_parse. */
static ssize_t parse_field(const char *s, size_t n, struct field *ret)
{
	const char *end = memchr(s, '\n', n), *eq;
	uint64_t len = 0;
	size_t head;

	if (!end)
		return 0;
	head = (size_t)(end - s) + 1;
	eq = memchr(s, '=', head);
	if (eq) {
		*ret = (struct field){ .name = s, .name_len = (size_t)(eq - s), .value = eq + 1,
				       .len = (size_t)(end - eq) - 1 };
		return (ssize_t)head;
	}
	if (n - head < sizeof(len))
		return 0;
	for (size_t i = sizeof(len); i-- > 0;)
		len = len << 8 | (unsigned char)s[head + i];
	if (len > ENTRY_MAX)
		return -EBADMSG;
	*ret = (struct field){ .name = s, .name_len = head - 1, .value = s + head + sizeof(len),
			       .len = (size_t)len };
	head += sizeof(len) + (size_t)len;
	if (n <= head)
		return 0;
	return s[head] == '\n' ? (ssize_t)head + 1 : -EBADMSG;
}

static void take_time(const struct field *fd, struct journal_entry *e)
{
	auto_free char *text = mem_strndup(fd->value, fd->len);
	uint64_t us;

	if (str_to_u64(text, 10, &us) == 0 && us <= INT64_MAX / 1000)
		e->time = (int64_t)us * 1000;
}

static void take_field(const struct field *fd, struct journal_entry *e)
{
	if (is_named(fd, "MESSAGE")) {
		e->text = fd->value;
		e->len = fd->len;
	} else if (is_named(fd, "__CURSOR")) {
		e->cursor = fd->value;
		e->cursor_len = fd->len;
	} else if (is_named(fd, "__REALTIME_TIMESTAMP")) {
		take_time(fd, e);
	} else if (is_named(fd, "PRIORITY")) {
		e->err = fd->len == 1 && *fd->value == '3';
	} else if (is_named(fd, "CONTAINER_PARTIAL_MESSAGE")) {
		e->partial = fd->len == 4 && !memcmp(fd->value, "true", 4);
	}
}

ssize_t journal_parse(const char *s, size_t n, struct journal_entry *ret)
{
	size_t at = 0;

	*ret = (struct journal_entry){ 0 };
	while (at < n) {
		struct field fd;
		ssize_t r;

		if (s[at] == '\n')
			return (ssize_t)at + 1;
		r = parse_field(s + at, n - at, &fd);
		if (r <= 0)
			return r;
		take_field(&fd, ret);
		at += (size_t)r;
	}
	return 0;
}

/* --- journalctl --- */

void journal_init(struct journal *j, const char *id)
{
	*j = (struct journal){ .id = id, .fd = -EBADF, .buf = STR_INIT(ENTRY_MAX + BLOCK),
			       .cursor = STR_INIT(4096) };
}

int journal_start(struct journal *j, bool follow, int64_t since, struct fail *f)
{
	auto_free char *match = mem_printf("CONTAINER_ID_FULL=%s", j->id);
	auto_free char *after = mem_printf("--after-cursor=%s", str_cstr(&j->cursor));
	auto_free char *from = mem_printf("--since=@%lld", (long long)(since / TIME_SECOND));
	char *argv[ARGS_MAX] = { (char *)"journalctl", (char *)"--quiet", (char *)"--no-pager",
				 (char *)"--output=export",
				 (char *)"--output-fields=MESSAGE,PRIORITY,CONTAINER_PARTIAL_MESSAGE", match };
	size_t n = 6;
	auto_fd int out = -EBADF;
	int p[2], r = fd_pipe(p);

	if (r < 0)
		return fail(f, -r, "make a pipe");
	j->fd = p[0];
	out = p[1];
	/* One of them at most: journalctl refuses both. */
	if (j->cursor.len)
		argv[n++] = after;
	else if (since > 0)
		argv[n++] = from;
	if (follow) {
		argv[n++] = (char *)"--follow";
		argv[n++] = (char *)"--lines=all";
		r = fd_set_nonblock(j->fd, 1);
		if (r < 0)
			return fail(f, -r, "set up a pipe");
	}
	str_clear(&j->buf);
	j->at = 0;
	const struct spawn_fd fds[] = { { .from = out, .to = 1 } };
	const struct spawn s = { .program = "journalctl", .argv = argv, .fds = fds, .n_fds = 1,
				 .deathsig = SIGTERM };

	j->pid = spawn_start(&s, f);
	if (j->pid > 0)
		return 0;
	r = (int)j->pid;
	j->pid = 0;
	fail_hint(f, "the log is in the journal, and journalctl of systemd reads it");
	return r;
}

/* The end of its output: 0 when all went well. */
static int finish(struct journal *j, struct fail *f)
{
	int r;

	if (!j->pid)
		return 0;
	j->fd = fd_close(j->fd);
	r = spawn_wait(j->pid);
	j->pid = 0;
	if (r == 0 && j->at == j->buf.len)
		return 0;
	if (r < 0)
		return fail(f, -r, "wait for journalctl");
	(void)refuse(f, EIO, r ? "journalctl ended with status %d" : "journalctl ended within an entry", r);
	fail_hint(f, "read as a member of the group systemd-journal, or keep the journal on disk "
		  "(/var/log/journal), where each user has his own");
	return -EIO;
}

static int read_more(struct journal *j, struct fail *f)
{
	auto_free char *block = NULL;
	ssize_t n;

	if (j->at) {
		memmove(j->buf.s, j->buf.s + j->at, j->buf.len - j->at);
		j->buf.len -= j->at;
		j->at = 0;
	}
	if (j->fd < 0)
		return 0;
	block = mem_alloc(BLOCK);
	n = io_read(j->fd, block, BLOCK);
	if (n == -EAGAIN)
		return -EAGAIN;
	if (n < 0)
		return fail(f, (int)-n, "read from journalctl");
	str_addn(&j->buf, block, (size_t)n);
	if (str_failed(&j->buf))
		return refuse(f, EMSGSIZE, "an entry of the journal is larger than %d bytes", ENTRY_MAX);
	return n > 0;
}

int journal_next(struct journal *j, struct logs_line *line, struct fail *f)
{
	for (;;) {
		struct journal_entry e;
		ssize_t n = journal_parse(str_cstr(&j->buf) + j->at, j->buf.len - j->at, &e);
		int r;

		if (n < 0)
			return fail(f, EBADMSG, "understand what journalctl says");
		if (n == 0) {
			r = read_more(j, f);
			if (r == 0)
				return finish(j, f);
			if (r < 0)
				return r;
			continue;
		}
		j->at += (size_t)n;
		if (!e.text)
			continue;
		if (e.cursor) {
			str_clear(&j->cursor);
			str_addn(&j->cursor, e.cursor, e.cursor_len);
		}
		time_format(e.time, j->stamp);
		*line = (struct logs_line){ .stream = e.err ? 2 : 1, .partial = e.partial, .stamp = j->stamp,
					    .stamp_len = strlen(j->stamp), .text = e.text, .len = e.len };
		return 1;
	}
}

void journal_stop(struct journal *j)
{
	j->fd = fd_close(j->fd);
	if (j->pid) {
		(void)kill(j->pid, SIGTERM);
		(void)!spawn_wait(j->pid);
	}
	j->pid = 0;
}

void journal_done(struct journal *j)
{
	journal_stop(j);
	str_done(&j->buf);
	str_done(&j->cursor);
}
