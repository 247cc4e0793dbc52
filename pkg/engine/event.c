// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/event.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/time.h"

enum { WRITE_TRIES = 8 };

/* --- the line --- */

static void put(json_t *j, const char *key, const char *value)
{
	/* Not JSON's to hold: a name that is no UTF-8 is left out. */
	if (value && *value)
		(void)json_object_set_new(j, key, json_string(value));
}

static json_t *line_json(const struct event *ev, int64_t now, bool with_attributes)
{
	char stamp[TIME_TEXT_MAX];
	json_t *j = json_object();

	if (ev->has_exit_code)
		(void)json_object_set_new(j, "ContainerExitCode", json_integer(ev->exit_code));
	put(j, "ID", ev->id);
	put(j, "Image", ev->image);
	put(j, "Name", ev->name);
	put(j, "network", ev->network);
	put(j, "Status", ev->status);
	put(j, "Time", time_format_utc(now, stamp));
	put(j, "Type", ev->type);
	put(j, "health_status", ev->health_status);
	put(j, "error", ev->error);
	(void)json_object_set_new(j, "Attributes", with_attributes && ev->attributes ?
				  jsonf_map(ev->attributes) : json_null());
	return j;
}

char *event_line(const struct event *ev, int64_t now)
{
	for (int i = 0;; i++) {
		auto_json json_t *j = line_json(ev, now, i == 0);
		auto_free char *text = jsonf_text(j, 0);
		struct event short_ev;

		/* Never longer than one write that nobody can come between, on any file system. */
		if (strlen(text) + 1 < EVENT_LINE_MAX)
			return mem_printf("%s\n", text);
		if (i < 1)
			continue;
		short_ev = (struct event){ .type = ev->type, .status = ev->status, .id = ev->id,
					   .has_exit_code = ev->has_exit_code, .exit_code = ev->exit_code };
		return event_line(&short_ev, now);
	}
}

/* --- the file --- */

/* The one before goes first: ext4 writes a file out when another is renamed over it. */
static void rotate(int root_fd)
{
	auto_fd int lock = file_lock(root_fd, "lock.events", LOCK_WAIT);
	struct stat st;

	if (lock < 0)
		return;
	/* Somebody else may have done it while we waited. */
	if (fstatat(root_fd, "events", &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_size <= EVENT_FILE_MAX)
		return;
	(void)unlinkat(root_fd, "events.1", 0);
	(void)!renameat(root_fd, "events", root_fd, "events.1");
}

/* 1: written, 0: into a file that is nobody's any more. */
static int write_line(int root_fd, const char *line, size_t len)
{
	auto_fd int fd = fd_open(root_fd, "events", O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK |
				 O_NOCTTY, 0600);
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return fd;
	n = io_write(fd, line, len);
	if (n < 0)
		return (int)n;
	/* A full disk took half of it: the next line is to begin on its own. */
	if ((size_t)n < len)
		return io_write(fd, "\n", 1) == 1 ? 1 : -ENOSPC;
	if (fstat(fd, &st) < 0)
		return 1;
	if (st.st_nlink == 0)
		return 0;
	if (st.st_size > EVENT_FILE_MAX)
		rotate(root_fd);
	return 1;
}

void event_write(const struct store *s, const struct event *ev)
{
	auto_free char *line = event_line(ev, time_now());
	size_t len = strlen(line);

	for (int i = 0; i < WRITE_TRIES && write_line(s->root_fd, line, len) == 0; i++)
		;
}

/* --- the common ones --- */

static struct event of_container(const struct container_config *c, const char *status)
{
	return (struct event){ .type = "container", .status = status, .id = c->id, .name = c->name,
			       .image = c->image_name, .attributes = c->labels };
}

void event_container(const struct store *s, const struct container_config *c, const char *status)
{
	const struct event ev = of_container(c, status);

	event_write(s, &ev);
}

void event_ended(const struct store *s, const struct container_config *c, const char *status, int exit_code)
{
	struct event ev = of_container(c, status);

	ev.has_exit_code = true;
	ev.exit_code = exit_code;
	event_write(s, &ev);
}

void event_image(const struct store *s, const char *status, const char *id, const char *name)
{
	event_write(s, &(struct event){ .type = "image", .status = status, .id = id, .name = name });
}

void event_volume(const struct store *s, const char *status, const char *name)
{
	event_write(s, &(struct event){ .type = "volume", .status = status, .name = name });
}
