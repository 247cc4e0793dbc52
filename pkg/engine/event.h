/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_EVENT_H
#define PKG_ENGINE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "pkg/engine/config.h"
#include "storage/store.h"

/*
 * What happened, for `rbox events`: a line of JSON per event in the store's file `events`, in podman's form
 * (podman-events(1)). Written where a thing has just been done, by whoever did it:
 *
 *	event_container(&e->store, &c->config, "remove");
 *	event_ended(&e->store, &c->config, "died", exit_code);
 *	event_image(&e->store, "tag", id_hex, "localhost/web:latest");
 *	event_volume(&e->store, "create", name);
 *	event_write(&e->store, &(struct event){ .type = "network", .status = "connect", ... });
 *
 * It never fails and never waits: a full disk loses the event, not the command. One write of a whole line
 * to a file opened with O_APPEND, so any number of processes may write at once; no fsync. May be
 * called in the monitor too (open the store by its path first, as start.c's callbacks do).
 *
 * Past EVENT_FILE_MAX the file becomes `events.1` (the one before goes). A writer whose file was taken
 * away twice while it wrote sees that (no link left) and writes again.
 *
 * The words (STATUS) are podman's: container attach cleanup commit create died exec exec_died export
 * health_status init kill mount pause prune remove rename restart restore start stop sync unmount unpause
 * update; image loadfromarchive import pull push remove save tag untag mount unmount; volume create
 * remove prune; network connect disconnect create remove; secret create remove; system prune refresh.
 */
enum { EVENT_FILE_MAX = 1024 * 1024, EVENT_LINE_MAX = 4096 };

struct event {
	const char *type, *status;	/* "container", "died" */
	const char *id, *name, *image;	/* each may be NULL */
	const char *network;		/* type network: its name; ID is the container's then */
	const char *health_status;	/* "healthy", with status health_status */
	const char *error;
	char *const *attributes;	/* "KEY=VALUE" list: a container's labels; left out when too long */
	bool has_exit_code;		/* died, exec_died: EXIT_CODE is said even when it is 0 */
	int exit_code;
};

void event_write(const struct store *s, const struct event *ev);

/* The common ones. ID of an image: 64 hex digits, may be NULL. */
void event_container(const struct store *s, const struct container_config *c, const char *status);
void event_ended(const struct store *s, const struct container_config *c, const char *status, int exit_code);
void event_image(const struct store *s, const char *status, const char *id, const char *name);
void event_volume(const struct store *s, const char *status, const char *name);

/* The line of EV at time NOW (UTC), with its newline; caller frees. Pure. */
char *event_line(const struct event *ev, int64_t now) MUST_USE;

#endif
