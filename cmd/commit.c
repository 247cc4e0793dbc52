// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>

#include "cmd/commands.h"
#include "cmd/progress.h"
#include "pkg/engine/container.h"
#include "pkg/engine/event.h"
#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

struct commit_opts {
	char *author, *format, *iidfile, *message;
	char **changes;
	enum tri pause;
	bool quiet, squash, volumes;
};

static const struct opt commit_rows[] = {
	OPT_STR('a', "author", struct commit_opts, author, "AUTHOR", "who made it: \"Name <mail>\""),
	OPT_LIST('c', "change", struct commit_opts, changes, "INSTRUCTION",
		 "apply a Dockerfile instruction to the image: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, "
		 "STOPSIGNAL, USER, VOLUME, WORKDIR"),
	OPT_STR('f', "format", struct commit_opts, format, "oci|docker", "the image's format (default oci)"),
	OPT_STR(0, "iidfile", struct commit_opts, iidfile, "FILE", "write the image's id to this file"),
	OPT_FLAG(0, "include-volumes", struct commit_opts, volumes,
		 "the places of the container's mounts become volumes of the image"),
	OPT_STR('m', "message", struct commit_opts, message, "MESSAGE", "the comment in the image's history"),
	OPT_TRI('p', "pause", struct commit_opts, pause, "pause the container meanwhile (default false)"),
	OPT_FLAG('q', "quiet", struct commit_opts, quiet, "show no progress"),
	OPT_FLAG('s', "squash", struct commit_opts, squash, "one layer with all files, instead of one more"),
	OPT_END
};

struct made {
	char *id;
};

static void take_image(void *ctx, const char *id, const char *name)
{
	struct made *m = ctx;

	(void)name;
	mem_replace(&m->id, mem_strdup(id));
}

static void put(json_t *q, const char *key, const char *value)
{
	if (value)
		json_object_set_new(q, key, json_string(value));
}

static json_t *make_request(const struct commit_opts *o, const char *id, const char *reference)
{
	json_t *q = json_pack("{s:s}", "op", "commit");

	put(q, "container", id);
	put(q, "reference", reference);
	put(q, "author", o->author);
	put(q, "message", o->message);
	put(q, "format", o->format);
	json_object_set_new(q, "squash", json_boolean(o->squash));
	json_object_set_new(q, "volumes", json_boolean(o->volumes));
	json_object_set_new(q, "changes", jsonf_strv(o->changes));
	return q;
}

static int check(struct app *app, const struct commit_opts *o, const char *name, struct container *c, struct fail *f)
{
	int r;

	if (o->format && strcmp(o->format, "oci") && strcmp(o->format, "docker"))
		return refuse(f, EINVAL, "unrecognized image format \"%.40s\": oci or docker", o->format);
	r = container_open(&app->engine, name, c, f);
	if (r < 0)
		return r;
	if (o->pause == TRI_TRUE && container_is_running(c) && c->state.status != STATUS_PAUSED) {
		(void)refuse(f, ENOTSUP, "--pause: a running container can't be paused while it is committed yet");
		fail_hint(f, "rbox commit --pause=false, or rbox stop %.100s before", name);
		return -ENOTSUP;
	}
	return 0;
}

static int write_iidfile(const char *path, const char *id, struct fail *f)
{
	auto_fd int fd = fd_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	int r = fd;

	if (r >= 0)
		r = io_write_full(fd, id, strlen(id));
	return r < 0 ? fail(f, -r, "write the image id to '%s'", path) : 0;
}

static int commit(struct app *app, const struct commit_opts *o, const char *name, const char *reference,
		  struct fail *f)
{
	auto_container struct container c = CONTAINER_INIT;
	struct made m = { 0 };
	int r = check(app, o, name, &c, f);

	if (r == 0)
		r = transfer_show(app, make_request(o, c.id, reference), o->quiet, take_image, &m, f);
	if (r == 0 && o->iidfile)
		r = write_iidfile(o->iidfile, m.id, f);
	if (r == 0) {
		event_container(&app->engine.store, &c.config, "commit");
		app_printf("%s\n", m.id);
	}
	mem_free_ptr(&m.id);
	return r;
}

static int commit_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct commit_opts o = { 0 };
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	r = app_need_args(app, argc - first, 1, 2, f);
	/* An empty name is none, as with podman. */
	if (r == 0)
		r = commit(app, &o, argv[first], argc - first > 1 && *argv[first + 1] ? argv[first + 1] : NULL, f);
	opt_done(commit_rows, &o);
	return r;
}

const struct command commit_command = {
	.name = "commit", .args = "[options] CONTAINER [NAME]", .summary = "Make an image of a container's changes",
	.details = "What the container changed becomes a layer on top of its image's, and how it was run (command, "
		   "environment, user, labels ...) how containers of the new image run. Volumes are not part of it. "
		   "A running container goes on meanwhile. Prints the new image's id.",
	.examples = "  rbox commit web web:patched\n"
		    "  rbox commit -c 'CMD [\"nginx\", \"-g\", \"daemon off;\"]' web web:2",
	.needs = NEED_STORE | NEED_SEALED, .opts = commit_rows, .run = commit_run,
};
