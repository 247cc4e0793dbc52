// SPDX-License-Identifier: Apache-2.0
#include "cmd/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pkg/engine/event.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"

struct bar {
	char *id, *what;
	int64_t done, total;
	bool ended;
};

struct progress {
	bool quiet, terminal;
	struct bar *v;
	size_t n;
	size_t drawn;		/* lines on the screen that are ours */
	int64_t drawn_at;
	void (*image)(void *ctx, const char *id, const char *name);
	void *ctx;
	const struct store *store;
	const char *event;	/* written for each image; NULL: none */
};

static void bar_line(struct str *s, const struct bar *b, unsigned width)
{
	char done[SIZE_HUMAN_MAX], total[SIZE_HUMAN_MAX];
	auto_str struct str head = STR_INIT(256), tail = STR_INIT(128);
	size_t room, full;

	str_addf(&head, "%s ", b->what);
	str_add_escaped(&head, b->id);
	if (b->ended)
		str_addf(&tail, " done | %s", size_human((uint64_t)b->done, done));
	else if (b->total > 0)
		str_addf(&tail, " %s / %s", size_human((uint64_t)b->done, done),
			 size_human((uint64_t)b->total, total));
	else
		str_addf(&tail, " %s", size_human((uint64_t)b->done, done));
	room = width > head.len + tail.len + 5 ? width - head.len - tail.len - 5 : 0;
	str_add(s, str_cstr(&head));
	if (room >= 5 && !b->ended && b->total > 0) {
		int64_t shown = b->done < b->total ? b->done : b->total;

		full = (size_t)((double)shown / (double)b->total * (double)room);
		str_add(s, " [");
		for (size_t i = 0; i < room; i++)
			str_addc(s, i < full ? '=' : i == full ? '>' : ' ');
		str_add(s, "]");
	}
	str_add(s, str_cstr(&tail));
}

/* Takes the bars away: what is printed next stands where they were. */
static void erase(struct progress *p)
{
	if (p->drawn)
		fprintf(stderr, "\033[%zuA\033[J", p->drawn);
	p->drawn = 0;
}

static void draw(struct progress *p)
{
	auto_str struct str s = STR_INIT(256 * 1024);
	unsigned width = app_columns(STDERR_FILENO);

	/* One write: a screen half drawn would flicker. */
	if (p->drawn)
		str_addf(&s, "\033[%zuA", p->drawn);
	for (size_t i = 0; i < p->n; i++) {
		bar_line(&s, &p->v[i], width);
		str_add(&s, "\033[K\n");
	}
	fputs(str_cstr(&s), stderr);
	fflush(stderr);
	p->drawn = p->n;
	p->drawn_at = time_monotonic();
}

static struct bar *bar_of(struct progress *p, const char *id, const char *what, bool *ret_new)
{
	struct bar *b;

	*ret_new = false;
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->v[i].id, id))
			return &p->v[i];
	*ret_new = true;
	p->v = mem_resize(p->v, p->n + 1, sizeof(*p->v));
	b = &p->v[p->n++];
	*b = (struct bar){ .id = mem_strdup(id), .what = mem_strdup(what) };
	return b;
}

static void on_progress(void *ctx, const char *id, const char *what, int64_t done, int64_t total)
{
	struct progress *p = ctx;
	struct bar *b;
	bool fresh;

	if (p->quiet)
		return;
	b = bar_of(p, id, what, &fresh);
	b->done = done;
	b->total = total;
	b->ended = total >= 0 && done >= total;
	if (p->terminal) {
		if (fresh || b->ended || time_monotonic() - p->drawn_at > TIME_SECOND / 15)
			draw(p);
	} else if (fresh) {
		auto_str struct str s = STR_INIT(512);

		str_add_escaped(&s, id);
		fprintf(stderr, "%s %s\n", what, str_cstr(&s));
	}
}

static void on_warning(void *ctx, const char *text)
{
	struct progress *p = ctx;

	erase(p);
	app_warn("%s", text);
	if (p->terminal && p->n && !p->quiet)
		draw(p);
}

static void on_note(void *ctx, const char *text)
{
	auto_str struct str s = STR_INIT(16 * 1024);
	struct progress *p = ctx;

	if (p->quiet)
		return;
	erase(p);
	str_add_escaped(&s, text);
	fprintf(stderr, "%s\n", str_cstr(&s));
	if (p->terminal && p->n)
		draw(p);
}

static void on_image(void *ctx, const char *id, const char *name)
{
	struct progress *p = ctx;

	/* The bars stay above what is printed now; the next image gets its own. */
	if (p->terminal && p->n && !p->quiet)
		draw(p);
	p->drawn = 0;
	for (size_t i = 0; i < p->n; i++) {
		free(p->v[i].id);
		free(p->v[i].what);
	}
	p->n = 0;
	if (p->event)
		event_image(p->store, p->event, id, name);
	if (p->image)
		p->image(p->ctx, id, name);
	fflush(stdout);
}

/* What `events` calls it; NULL for what is told elsewhere. */
static const char *event_of(const char *op)
{
	static const char *const words[][2] = { { "pull", "pull" }, { "import", "import" },
						{ "load", "loadfromarchive" } };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (str_eq(op, words[i][0]))
			return words[i][1];
	return NULL;
}

int transfer_show(struct app *app, json_t *request, bool quiet,
		  void (*image)(void *ctx, const char *id, const char *name), void *ctx, struct fail *f)
{
	struct progress p = { .quiet = quiet, .terminal = isatty(STDERR_FILENO), .image = image, .ctx = ctx,
			      .store = &app->engine.store,
			      .event = event_of(json_string_value(json_object_get(request, "op"))) };
	struct transfer_events ev = { .progress = on_progress, .warning = on_warning, .note = on_note,
				      .image = on_image, .ctx = &p };
	const char *term = getenv("TERM");
	auto_json json_t *owned = request;
	int r;

	if (!term || !strcmp(term, "dumb"))
		p.terminal = false;
	json_object_set_new(request, "store", json_string(app->engine.store.path));
	json_object_set_new(request, "userns", json_integer(engine_userns_hint(&app->engine)));
	r = transfer_run(request, &ev, f);
	for (size_t i = 0; i < p.n; i++) {
		free(p.v[i].id);
		free(p.v[i].what);
	}
	free(p.v);
	return r;
}
