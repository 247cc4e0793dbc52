// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/transfer.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/spawn.h"
#include "pkg/util/str.h"
#include "runtime/seal.h"

enum { LINE_MAX_BYTES = 1024 * 1024 };

static char *find_program(struct fail *f)
{
	static const char *const places[] = { "rbox-image", "../libexec/rbox/rbox-image" };
	auto_free char *self = NULL;

	if (seal_exe_path(&self, f) < 0)
		return NULL;
	self[path_base(self) - self] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		auto_free char *path = path_join(self, places[i]);

		if (access(path, X_OK) == 0)
			return mem_take(&path);
	}
	refuse(f, ENOENT, "rbox-image is neither in %s nor in %s../libexec/rbox", self, self);
	fail_hint(f, "install rbox whole: make install");
	return NULL;
}

struct reader {
	const struct transfer_events *ev;
	struct str line;
	bool done;
	struct fail fail;
};

static const char *text(const json_t *j, const char *member)
{
	const char *s = json_string_value(json_object_get(j, member));

	return s ? s : "";
}

static void take_fail(struct reader *r, const json_t *j)
{
	json_int_t code = json_integer_value(json_object_get(j, "code"));

	if (r->fail.code)
		return;
	(void)refuse(&r->fail, code > 0 && code < 4096 ? (int)code : EIO, "%s", text(j, "msg"));
	r->fail.status = (int)json_integer_value(json_object_get(j, "status"));
	if (*text(j, "hint"))
		fail_hint(&r->fail, "%s", text(j, "hint"));
}

static void take_line(struct reader *r, const json_t *j)
{
	const struct transfer_events *ev = r->ev;
	const char *type = text(j, "type");

	if (!strcmp(type, "fail")) {
		take_fail(r, j);
	} else if (!strcmp(type, "progress")) {
		if (ev->progress)
			ev->progress(ev->ctx, text(j, "id"), text(j, "what"),
				     json_integer_value(json_object_get(j, "done")),
				     json_integer_value(json_object_get(j, "total")));
	} else if (!strcmp(type, "warning")) {
		if (ev->warning)
			ev->warning(ev->ctx, text(j, "text"));
	} else if (!strcmp(type, "note")) {
		if (ev->note)
			ev->note(ev->ctx, text(j, "text"));
	} else if (!strcmp(type, "image")) {
		if (ev->image)
			ev->image(ev->ctx, text(j, "id"), json_string_value(json_object_get(j, "name")));
	} else {
		r->done = r->done || !strcmp(type, "done");
		if (ev->other)
			ev->other(ev->ctx, j);
	}
}

static int read_events(int fd, struct reader *r, struct fail *f)
{
	char buf[16 * 1024];
	ssize_t n;

	while ((n = io_read(fd, buf, sizeof(buf))) > 0) {
		for (char *p = buf, *end = buf + n; p < end;) {
			char *nl = memchr(p, '\n', (size_t)(end - p));
			auto_json json_t *j = NULL;

			str_addn(&r->line, p, (size_t)((nl ? nl : end) - p));
			if (!nl)
				break;
			p = nl + 1;
			if (str_failed(&r->line))
				return refuse(f, EPROTO, "rbox-image answers with a line that is too long");
			j = jsonf_parse(str_cstr(&r->line), r->line.len, LINE_MAX_BYTES, "rbox-image's answer", f);
			if (!j)
				return -f->code;
			str_clear(&r->line);
			take_line(r, j);
		}
	}
	return n < 0 ? fail(f, (int)-n, "read rbox-image's answers") : 0;
}

static int start(const json_t *request, int *ret_events, struct fail *f)
{
	auto_free char *program = find_program(f), *body = jsonf_text(request, 0);
	char *argv[] = { (char *)"rbox-image", NULL };
	auto_fd int in = -EBADF, events = -EBADF;
	int to[2] = { -EBADF, -EBADF };
	struct spawn_fd fds[] = { { 0, 0 }, { 1, 1 }, { 2, 2 }, { 0, TRANSFER_REQUEST_FD },
				  { 0, TRANSFER_EVENT_FD } };
	struct spawn s = { .argv = argv, .fds = fds, .n_fds = ARRAY_LEN(fds), .deathsig = SIGTERM };
	pid_t pid;
	int r;

	if (!program)
		return -f->code;
	/* A memfd: the request may be larger than a pipe holds, and nobody has to wait. */
	in = fd_memfd("request", 0);
	r = in < 0 ? in : io_write_full(in, body, strlen(body));
	if (r == 0 && lseek(in, 0, SEEK_SET) < 0)
		r = -errno;
	if (r == 0)
		r = fd_pipe(to);
	if (r < 0)
		return fail(f, -r, "prepare the request to rbox-image");
	events = to[0];
	fds[3].from = in;
	fds[4].from = to[1];
	s.program = program;
	pid = spawn_start(&s, f);
	fd_close(to[1]);
	if (pid > 0)
		*ret_events = fd_take(&events);
	return pid;
}

int transfer_run(const json_t *request, const struct transfer_events *ev, struct fail *f)
{
	struct reader reader = { .ev = ev, .line = STR_INIT(LINE_MAX_BYTES) };
	auto_fd int events = -EBADF;
	pid_t pid = start(request, &events, f);
	int r, status;

	if (pid < 0)
		return pid;
	r = read_events(events, &reader, f);
	str_done(&reader.line);
	events = fd_close(events);
	status = spawn_wait(pid);
	if (r < 0)
		return r;
	if (reader.fail.code) {
		*f = reader.fail;
		return -f->code;
	}
	if (reader.done)
		return 0;
	if (status > 128)
		return refuse(f, ECHILD, "rbox-image was killed by signal %d", status - 128);
	return refuse(f, ECHILD, "rbox-image ended without a word (status %d)", status);
}
