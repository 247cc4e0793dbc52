// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/image/events.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pkg/util/io.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

void events_init(struct events *e, int fd)
{
	e->fd = fd;
	pthread_mutex_init(&e->lock, NULL);
}

/* Takes J. A line that can't be written is dropped: the reader is gone, and will not miss it. */
static void emit(struct events *e, json_t *j)
{
	auto_json json_t *owned = j;
	auto_free char *text = j ? jsonf_text(j, 0) : NULL;
	auto_str struct str line = STR_INIT(64 * 1024);

	if (!text)
		return;
	str_addf(&line, "%s\n", text);
	if (str_failed(&line))
		return;
	pthread_mutex_lock(&e->lock);
	(void)!io_write_full(e->fd, line.s, line.len);
	pthread_mutex_unlock(&e->lock);
}

/* Text of archives and registries may be any bytes; JSON takes UTF-8 only. */
static json_t *text_of(const char *s)
{
	auto_str struct str shown = STR_INIT(16 * 1024);
	json_t *j = json_string(s);

	if (j)
		return j;
	str_add_escaped(&shown, s);
	return json_string(str_cstr(&shown));
}

void event_progress(struct events *e, const char *id, const char *what, int64_t done, int64_t total)
{
	emit(e, json_pack("{s:s, s:s, s:s, s:I, s:I}", "type", "progress", "id", id, "what", what, "done",
			  (json_int_t)done, "total", (json_int_t)total));
}

__attribute__((format(printf, 3, 0)))
static void emit_text(struct events *e, const char *type, const char *fmt, va_list ap)
{
	char text[2048];

	vsnprintf(text, sizeof(text), fmt, ap);
	emit(e, json_pack("{s:s, s:o}", "type", type, "text", text_of(text)));
}

void event_warning(struct events *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit_text(e, "warning", fmt, ap);
	va_end(ap);
}

void event_note(struct events *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit_text(e, "note", fmt, ap);
	va_end(ap);
}

void event_image(struct events *e, const char *id, const char *name)
{
	json_t *j = json_pack("{s:s, s:s}", "type", "image", "id", id);

	if (j && name)
		json_object_set_new(j, "name", text_of(name));
	emit(e, j);
}

void event_fail(struct events *e, const struct fail *f)
{
	emit(e, json_pack("{s:s, s:i, s:i, s:o, s:o}", "type", "fail", "code", f->code, "status", f->status,
			  "msg", text_of(f->msg), "hint", text_of(f->hint)));
}

void event_done(struct events *e)
{
	emit(e, json_pack("{s:s}", "type", "done"));
}
