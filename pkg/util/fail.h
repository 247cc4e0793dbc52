/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_UTIL_FAIL_H
#define PKG_UTIL_FAIL_H

/*
 * The one error idiom of rbox.
 *
 * A function that can fail returns 0 (or a descriptor, or a count) on success and
 * -errno on failure, and describes the failure in a struct fail that its caller owns.
 * The text is made where the system call failed, gets the user's words for it on the
 * way up, and is printed once, in cmd/main.c. A struct fail is flat: nothing to free,
 * and it fits one datagram, so a child can send it to its parent whole.
 *
 *	fd = fd_open(dir, "config.json", O_RDONLY, 0);
 *	if (fd < 0)
 *		return fail(f, -fd, "open the config of container %.12s", id);
 *	...
 *	r = container_load(...);
 *	if (r < 0)
 *		return fail_in(f, r, "start container '%s'", name);
 *
 * Messages: lower case, no full stop, the action first, names in '...'. A caller that
 * recovers from a failure calls fail_clear() before it goes on: recording a second
 * failure over a first one is a bug, and aborts in debug builds.
 */

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

enum {
	FAIL_MSG_MAX = 1200,
	FAIL_HINT_MAX = 600,
	/* Exit statuses that a script may see instead of 125 (podman-run(1)). */
	FAIL_EXIT_ENGINE = 125,
	FAIL_EXIT_NOEXEC = 126,
	FAIL_EXIT_NOTFOUND = 127,
};

struct fail {
	int code;		   /* the errno value, > 0 once a failure is recorded */
	int status;		   /* the exit status wanted; 0 means 125 */
	char msg[FAIL_MSG_MAX];	   /* what failed: step, object, why */
	char hint[FAIL_HINT_MAX];  /* what mends it: a command or a flag; may be empty */
};

/* Records "FMT: strerror(code)" and returns -CODE. CODE is an errno value, > 0. */
int fail(struct fail *f, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The same without the errno text: for rbox's own verdicts. */
int refuse(struct fail *f, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Puts "FMT: " before a failure already recorded, and returns R. */
int fail_in(struct fail *f, int r, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Says how to mend it. The first hint stands: the one nearest the fault knows most. */
void fail_hint(struct fail *f, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The exit status that this failure has to end the program with. */
int fail_status(const struct fail *f);

void fail_clear(struct fail *f);

#endif
