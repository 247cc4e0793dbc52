// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/image/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/time.h"

enum { REQUEST_MAX = 1024 * 1024 };

const char *xfer_text(const struct xfer *x, const char *member)
{
	return json_string_value(json_object_get(x->request, member));
}

bool xfer_flag(const struct xfer *x, const char *member)
{
	return json_is_true(json_object_get(x->request, member));
}

int64_t xfer_created(void)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	int64_t s;

	if (epoch && str_to_i64(epoch, &s) == 0 && s >= 0 && s < INT64_MAX / TIME_SECOND)
		return s * TIME_SECOND;
	return time_now();
}

pid_t xfer_userns_hint(const struct xfer *x)
{
	return (pid_t)json_integer_value(json_object_get(x->request, "userns"));
}

int xfer_input(const char *path, struct fail *f)
{
	int fd;

	if (!path || !strcmp(path, "-"))
		fd = fd_dup(0);
	else
		fd = fd_open(AT_FDCWD, path, O_RDONLY, 0);
	return fd < 0 ? fail(f, -fd, "open '%s'", path ? path : "stdin") : fd;
}

void incoming_done(struct incoming *in)
{
	free(in->layers.v);
	in->layers.v = NULL;
	in->layers.n = 0;
}

int incoming_from_config(struct xfer *x, const struct image_config *c, struct incoming *in, struct fail *f)
{
	size_t n = strv_len(c->rootfs.diff_ids);

	if (n > IMAGE_LAYERS_MAX)
		return refuse(f, E2BIG, "the image has %zu layers, more than %d", n, IMAGE_LAYERS_MAX);
	in->layers = (struct layer_set){ .temp = &x->temp, .events = &x->events, .n = n,
					 .userns_hint = xfer_userns_hint(x),
					 .v = mem_array(n + 1, sizeof(*in->layers.v)) };
	for (size_t i = 0; i < n; i++) {
		struct layer_want *w = &in->layers.v[i];
		int r = digest_parse(c->rootfs.diff_ids[i], &w->diff_id, f);

		if (r < 0)
			return fail_in(f, r, "rootfs.diff_ids[%zu] of the image's config", i);
		w->blob_size = -1;
		snprintf(w->id, sizeof(w->id), "%.12s", w->diff_id.hex);
	}
	return 0;
}

/* The same image or name with another manifest (other compression): nobody may need the one before. */
static void note_waste(struct xfer *x, const struct incoming *in, const struct ref *names, size_t n)
{
	auto_image struct image before = { 0 };
	struct digest id, manifest;
	struct fail ignored = { 0 };

	if (image_load(&x->store, &in->config, &before, &ignored) == 0)
		x->has_waste = x->has_waste || !digest_equal(&before.manifest, &in->manifest) ||
			       !digest_equal(&before.index, &in->index);
	for (size_t i = 0; i < n; i++) {
		fail_clear(&ignored);
		if (image_name_get(&x->store, &names[i], &id, &manifest, &ignored) == 0)
			x->has_waste = x->has_waste || !digest_equal(&manifest, &in->manifest);
	}
}

int incoming_save(struct xfer *x, const struct incoming *in, const struct ref *names, size_t n, struct fail *f)
{
	auto_free struct image_layer *layers = mem_array(in->layers.n + 1, sizeof(*layers));
	struct image image = { .id = in->config, .manifest = in->manifest, .index = in->index,
			       .layers = layers, .n_layers = in->layers.n, .added = time_now() };
	int r;

	for (size_t i = 0; i < in->layers.n; i++) {
		const struct layer_want *w = &in->layers.v[i];

		layers[i] = (struct image_layer){ .diff_id = w->got_diff, .key = w->key, .blob = w->got_blob,
						  .media_type = (char *)w->media_type, .blob_size = w->got_size };
		image.size += w->unpacked;
	}
	note_waste(x, in, names, n);
	r = image_save(&x->store, &image, f);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = image_name_set(&x->store, &names[i], &in->config, &in->manifest, f);
	return r;
}

static int dispatch(struct xfer *x, struct fail *f)
{
	static const struct { const char *op; int (*serve)(struct xfer *x, struct fail *f); } ops[] = {
		{ "load", load_serve }, { "import", import_serve }, { "pull", pull_serve },
		{ "commit", commit_serve }, { "cp", cp_serve },
	};
	const char *op = xfer_text(x, "op");
	int r = store_open(xfer_text(x, "store"), &x->store, f);

	if (r == 0)
		r = store_temp_new(&x->store, &x->temp, f);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_LEN(ops); i++)
		if (str_eq(op, ops[i].op))
			return ops[i].serve(x, f);
	return refuse(f, EINVAL, "rbox-image knows no request '%s'", op ? op : "");
}

static json_t *read_request(int fd, struct fail *f)
{
	auto_str struct str s = STR_INIT(REQUEST_MAX);
	int r = io_read_all(fd, &s);

	if (r < 0) {
		fail(f, -r, "read the request");
		return NULL;
	}
	return jsonf_parse(str_cstr(&s), s.len, REQUEST_MAX, "the request", f);
}

int image_serve(int request_fd, int event_fd)
{
	struct xfer x = { .store.root_fd = -EBADF, .temp = { .dir_fd = -EBADF, .lock_fd = -EBADF } };
	struct fail f = { 0 };
	auto_json json_t *request = read_request(request_fd, &f);
	int r = request ? 0 : -f.code;

	(void)signal(SIGPIPE, SIG_IGN);
	events_init(&x.events, event_fd);
	x.request = request;
	if (r == 0)
		r = dispatch(&x, &f);
	/* What a failure fetched is pinned by the folder alone. */
	if (x.temp.dir_fd >= 0 && (r < 0 || x.has_waste))
		store_temp_leave(&x.temp);
	else if (x.temp.dir_fd >= 0)
		store_temp_done(&x.temp);
	if (x.store.root_fd >= 0)
		store_done(&x.store);
	if (r < 0) {
		if (!f.code)
			(void)fail(&f, -r, "rbox-image");
		event_fail(&x.events, &f);
		return fail_status(&f);
	}
	event_done(&x.events);
	return 0;
}
