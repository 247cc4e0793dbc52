// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/wait.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "pkg/engine/container.h"
#include "pkg/engine/health.h"
#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

/* A monitor that is killed says nothing: looked at again after so long. */
enum { WAIT_MS = 500, BLIND_WAIT_MS = 50 };

/* In the mask, beside 1 << enum status: WAIT_HEALTH << enum health_status. */
enum { WAIT_HEALTH = 1 << 16, WAIT_ANY_HEALTH = WAIT_HEALTH << HEALTH_HEALTHY | WAIT_HEALTH << HEALTH_UNHEALTHY };

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
	{ "healthy", WAIT_HEALTH << HEALTH_HEALTHY },
	{ "unhealthy", WAIT_HEALTH << HEALTH_UNHEALTHY },
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
		if (condition_mask(*it, ret_mask) < 0)
			return refuse(f, EINVAL, "unknown container state: %.80s: invalid argument", *it);
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

struct waiting {
	int dir_fd;
	unsigned mask;
	bool seen;
	int restarts;	/* when it was first seen */
};

/* The end of a run counts, whether or not there will be another (as in podman). */
static bool run_has_ended(struct waiting *w, const struct state *s, int *ret_code)
{
	/* It was over and done with between two looks: the next run is there already. */
	if (w->seen && s->restarts > w->restarts) {
		*ret_code = s->last_code;
		return true;
	}
	w->seen = true;
	w->restarts = s->restarts;
	if (s->status != STATUS_RESTARTING && s->status != STATUS_STOPPED)
		return false;
	*ret_code = s->exit_code;
	return true;
}

static int look_at(struct waiting *w, const struct state *s, int *ret_code, struct fail *f)
{
	bool wants_end = w->mask & 1 << STATUS_STOPPED;

	/* There is no run whose end could come: as podman and docker, with 0 or what its start failed with. */
	if (wants_end && s->status == STATUS_CONFIGURED) {
		*ret_code = s->exit_code;
		return 1;
	}
	if (wants_end && run_has_ended(w, s, ret_code))
		return 1;
	if (w->mask & 1U << s->status || w->mask & (unsigned)WAIT_HEALTH << s->health)
		return 1;
	/* What has ended won't become healthy, and nothing else is waited for. */
	if (s->status == STATUS_STOPPED && !(w->mask & ~(unsigned)WAIT_ANY_HEALTH))
		return refuse(f, ESRCH, "container is stopped");
	return 0;
}

/* 1 when the state is one of the mask. */
static int look(struct waiting *w, int *ret_code, struct fail *f)
{
	struct state s = { 0 };
	int code, r;

	*ret_code = -1;
	/* Written before state.json, and still there when a container with --rm is on its way out. */
	if ((w->mask & 1 << STATUS_STOPPED) && state_load_exit(w->dir_fd, &code, NULL) == 0) {
		*ret_code = code;
		return 1;
	}
	r = state_load(w->dir_fd, &s, f);
	if (r < 0)
		return r;
	r = look_at(w, &s, ret_code, f);
	state_done(&s);
	return r;
}

/* One without a check would never be what is waited for. */
static int check_health(int dir_fd, unsigned mask, const char *id, struct fail *f)
{
	auto_config struct container_config c = { 0 };
	int r = mask & WAIT_ANY_HEALTH ? config_load(dir_fd, &c, f) : 0;

	if (r < 0 || !(mask & WAIT_ANY_HEALTH) || health_args(&c.health.check, NULL))
		return r;
	return refuse(f, EINVAL, "cannot use condition \"%s\": container %s has no healthcheck",
		      mask & WAIT_HEALTH << HEALTH_HEALTHY ? "healthy" : "unhealthy", id);
}

int engine_wait(struct engine *e, const char *name, unsigned mask, int *ret_code, struct fail *f)
{
	char id[CTR_ID_LEN + 1];
	auto_fd int dir = -EBADF, notify = -EBADF;
	struct waiting w = { .mask = mask };
	int r = container_find(e, name, id, f);

	if (r < 0)
		return r;
	dir = ctr_open(&e->store, id, f);
	if (dir < 0)
		return dir;
	r = check_health(dir, mask, id, f);
	if (r < 0)
		return r;
	w.dir_fd = dir;
	notify = watch(dir);
	while ((r = look(&w, ret_code, f)) == 0) {
		/* A folder without a link is a container that was removed. */
		if (faccessat(dir, "config.json", F_OK, 0) < 0)
			return refuse(f, ENOENT, "container %.12s was removed while it was waited for", id);
		sleep_on(notify);
	}
	if (r > 0 && *ret_code >= 0)
		(void)state_settle(dir);
	return r < 0 ? r : 0;
}

/* RUN is over, and what its end was for has come about. */
static bool is_over(const struct state *s, const struct state *run, bool next)
{
	switch (s->status) {
	case STATUS_RUNNING:
	case STATUS_PAUSED:
		return s->started_at != run->started_at;
	case STATUS_RESTARTING:
		return !next || s->restarts > run->restarts;
	case STATUS_STOPPED:
	case STATUS_REMOVING:
		return true;
	default:
		return false;
	}
}

void wait_run_over(int dir_fd, const struct state *run, bool next)
{
	auto_fd int notify = watch(dir_fd);
	bool over = false;

	for (;;) {
		struct state s = { 0 };
		struct fail ignored = { 0 };

		/* A folder without a record is a container that was removed. */
		over = state_load(dir_fd, &s, &ignored) < 0 || is_over(&s, run, next);
		state_done(&s);
		if (over)
			return;
		sleep_on(notify);
	}
}
