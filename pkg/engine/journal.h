/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_JOURNAL_H
#define PKG_ENGINE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pkg/engine/logs.h"
#include "pkg/util/time.h"

/*
 * The lines of one container in journald's journal, read by journalctl(1) in its export format
 * (https://systemd.io/JOURNAL_EXPORT_FORMATS/): text and binary values of any size, as they were sent. What
 * the user may read is journalctl's matter: his own messages, or all of them in the group systemd-journal.
 *
 *	journal_init(&j, id);
 *	r = journal_start(&j, false, 0, f);
 *	while ((r = journal_next(&j, &line, f)) > 0)
 *		...
 *	journal_stop(&j);
 *
 * A second start goes on behind the last line that was given.
 */
struct journal {
	const char *id;		/* borrowed */
	pid_t pid;		/* 0: none runs */
	int fd;			/* its stdout, not blocking when it follows; -EBADF: none runs */
	struct str buf;		/* what was read, from AT on not yet used */
	size_t at;
	struct str cursor;	/* of the last line given */
	char stamp[TIME_TEXT_MAX];
};

/* What we use of an entry, borrowed from its text. TEXT NULL: it has no MESSAGE. */
struct journal_entry {
	const char *text, *cursor;
	size_t len, cursor_len;
	int64_t time;		/* ns, when journald received it */
	bool err, partial;
};

void journal_init(struct journal *j, const char *id);
/* SINCE: nothing older is wanted (ns; 0: no bound). */
int journal_start(struct journal *j, bool follow, int64_t since, struct fail *f) MUST_USE;
/* 1: LINE, good until the next call; 0: that was all; -EAGAIN: nothing yet; else it failed. */
int journal_next(struct journal *j, struct logs_line *line, struct fail *f) MUST_USE;
/* Ends journalctl; may be called at any time after journal_init. */
void journal_stop(struct journal *j);
void journal_done(struct journal *j);

/* One entry at S: how long it is with its end, 0: not whole yet, -EBADMSG: it is none. Pure. */
ssize_t journal_parse(const char *s, size_t n, struct journal_entry *ret);

#endif
