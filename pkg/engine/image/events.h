/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_IMAGE_EVENTS_H
#define PKG_ENGINE_IMAGE_EVENTS_H

#include <pthread.h>
#include <stdint.h>

#include "pkg/util/fail.h"

/* rbox-image's answers (pkg/engine/transfer.h has the protocol): a line each, from any thread. */
struct events {
	int fd;
	pthread_mutex_t lock;
};
void events_init(struct events *e, int fd);

void event_progress(struct events *e, const char *id, const char *what, int64_t done, int64_t total);
void event_warning(struct events *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* What goes on, for a person: "Trying to pull ...". */
void event_note(struct events *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* NAME may be NULL. */
void event_image(struct events *e, const char *id, const char *name);
void event_fail(struct events *e, const struct fail *f);
void event_done(struct events *e);

#endif
