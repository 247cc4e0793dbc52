// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/wait.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "storage/ctr.h"

/* A monitor that is killed says nothing: looked at again after so long. */
enum { WAIT_MS = 500, BLIND_WAIT_MS = 50 };

static const struct { const char *word; unsigned mask; } conditions[] = {
	{ "configured", 1 << STATUS_CONFIGURED },
	{ "created", 1 << STATUS_CONFIGURED },
	{ "initialized", 1 << STATUS_CREATING | 1 << STATUS_CREATED },
	{ "running", 1 << STATUS_RUNNING },
	{ "paused", 1 << STATUS_PAUSED },
	{ "stopping", 1 << STATUS_STOPPING },
	{ "stopped", 1 << STATUS_STOPPED },
	{ "exited", 1 << STATUS_STOPPED },
	{ "removing", 1 << STATUS_REMOVING },
};

static int condition_mask(const char *word, unsigned *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(conditions); i++) {
		if (str_eq(word, conditions[i].word)) {
			*ret |= conditions[i].mask;
			return 0;
		}
	}
	return -EINVAL;
}

int wait_conditions(char *const *words, unsigned *ret_mask, struct fail *f)
{
	*ret_mask = 0;
	strv_each(it, words) {
		if (str_eq(*it, "healthy") || str_eq(*it, "unhealthy"))
			return refuse(f, EOPNOTSUPP, "condition '%s': health checks are not there yet", *it);
		if (condition_mask(*it, ret_mask) < 0)
			return refuse(f, EINVAL, "invalid container state: %.80s", *it);
	}
	if (!*ret_mask)
		*ret_mask = 1 << STATUS_STOPPED;
	return 0;
}

static int watch(int dir_fd)
{
	char path[FD_PATH_MAX];
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd >= 0 && inotify_add_watch(fd, fd_path(dir_fd, path),
					 IN_MOVED_TO | IN_CREATE | IN_MOVE_SELF | IN_DELETE_SELF) < 0)
		return fd_close(fd);
	return fd;
}

static void sleep_on(int notify_fd)
{
	struct pollfd p = { .fd = notify_fd, .events = POLLIN };
	char events[4096];

	/* No inotify to be had (its number is limited per user): looked at more often. */
	if (poll(&p, 1, notify_fd < 0 ? BLIND_WAIT_MS : WAIT_MS) <= 0)
		return;
	while (io_read(notify_fd, events, sizeof(events)) > 0)
		;
}

/* 1 when the state is one of MASK. */
static int look(int dir_fd, unsigned mask, int *ret_code, struct fail *f)
{
	struct state s = { 0 };
	int code, r;

	*ret_code = -1;
	/* Written before state.json, and still there when a container with --rm is on its way out. */
	if ((mask & 1 << STATUS_STOPPED) && state_load_exit(dir_fd, &code, NULL) == 0) {
		*ret_code = code;
		return 1;
	}
	r = state_load(dir_fd, &s, f);
	if (r < 0)
		return r;
	r = !!(mask & 1U << s.status);
	if (r && s.status == STATUS_STOPPED)
		*ret_code = s.exit_code;
	state_done(&s);
	return r;
}

int engine_wait(struct engine *e, const char *name, unsigned mask, int *ret_code, struct fail *f)
{
	char id[CTR_ID_LEN + 1];
	auto_fd int dir = -EBADF, notify = -EBADF;
	int r = ctr_find(&e->store, name, id, f);

	if (r < 0)
		return r;
	dir = ctr_open(&e->store, id, f);
	if (dir < 0)
		return dir;
	notify = watch(dir);
	while ((r = look(dir, mask, ret_code, f)) == 0) {
		/* A folder without a link is a container that was removed. */
		if (faccessat(dir, "config.json", F_OK, 0) < 0)
			return refuse(f, ENOENT, "container %.12s was removed while it was waited for", id);
		sleep_on(notify);
	}
	if (r > 0 && *ret_code >= 0)
		(void)state_settle(dir);
	return r < 0 ? r : 0;
}
