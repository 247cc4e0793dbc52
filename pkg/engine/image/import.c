// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "pkg/engine/image/change.h"
#include "pkg/engine/image/manifest.h"
#include "pkg/engine/image/serve.h"
#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/time.h"
#include "storage/unpack/blob_writer.h"

/* rbox import: the tar of a root file system becomes an image of one layer, kept as it came. */
enum { CHUNK = 256 * 1024 };

static int tar_source_fd(void *ctx, size_t i, blob_sink *sink, void *sink_ctx, struct fail *f)
{
	auto_free char *buf = mem_alloc(CHUNK);
	int fd = *(int *)ctx;
	ssize_t n;

	(void)i;
	while ((n = io_read(fd, buf, CHUNK)) > 0) {
		int r = sink(sink_ctx, buf, (size_t)n);

		if (r < 0)
			return r;
	}
	return n < 0 ? fail(f, (int)-n, "read the tar") : 0;
}

int xfer_platform(struct xfer *x, struct image_config *c, struct fail *f)
{
	struct platform here = { 0 };
	int r = platform_parse(NULL, &here, f);
	const char *arch = xfer_text(x, "arch"), *os = xfer_text(x, "os"), *variant = xfer_text(x, "variant");

	if (r == 0) {
		c->arch = mem_strdup(arch ? arch : here.arch);
		c->os = mem_strdup(os ? os : here.os);
		c->variant = mem_strdup(variant ? variant : arch ? NULL : here.variant);
	}
	platform_done(&here);
	return r;
}

static int config_make(struct xfer *x, struct incoming *in, int64_t *ret_size, struct fail *f)
{
	const char *message = xfer_text(x, "message");
	char when[TIME_TEXT_MAX], diff[DIGEST_TEXT_MAX];
	auto_json json_t *j = NULL;
	auto_free char *text = NULL;
	struct image_config c = { 0 };
	const json_t *change;
	size_t i;
	int r = xfer_platform(x, &c, f);

	c.created = mem_strdup(time_format_utc(xfer_created(), when));
	c.rootfs.type = mem_strdup("layers");
	strv_add(&c.rootfs.diff_ids, digest_format(&in->layers.v[0].got_diff, diff));
	c.history = mem_alloc(sizeof(*c.history));
	c.n_history = 1;
	c.history[0].created = mem_strdup(c.created);
	c.history[0].comment = mem_strdup(message ? message : "imported from tarball");
	json_array_foreach(json_object_get(x->request, "changes"), i, change)
		if (r == 0)
			r = image_change(&c.config, json_string_value(change) ? json_string_value(change) : "", f);
	if (r == 0) {
		j = jsonf_write(image_config_fields, &c);
		text = jsonf_text(j, 0);
		*ret_size = (int64_t)strlen(text);
		r = blob_add(&x->temp, text, strlen(text), NULL, &in->config, f);
	}
	jsonf_done(image_config_fields, &c);
	return r;
}

static int import_fd(struct xfer *x, int fd, const struct ref *name, struct fail *f)
{
	auto_incoming struct incoming in = { 0 };
	auto_free char *full = name ? ref_format(name) : NULL;
	int64_t config_size = 0;
	struct stat st;
	int r;

	in.layers = (struct layer_set){ .temp = &x->temp, .events = &x->events, .n = 1,
					.userns_hint = xfer_userns_hint(x),
					.v = mem_array(1, sizeof(*in.layers.v)),
					.source = tar_source_fd, .source_ctx = &fd };
	in.layers.v[0].blob_size = -1;
	memcpy(in.layers.v[0].id, "tar", 4);
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		return refuse(f, EISDIR, "a folder, no tar");
	r = layers_fetch(&in.layers, f);
	if (r == 0)
		r = config_make(x, &in, &config_size, f);
	if (r == 0)
		r = manifest_make(x, &in, MEDIA_OCI_CONFIG, config_size, f);
	if (r == 0)
		r = incoming_save(x, &in, name, name ? 1 : 0, f);
	if (r == 0)
		event_image(&x->events, in.config.hex, full);
	return r;
}

int import_serve(struct xfer *x, struct fail *f)
{
	const char *path = xfer_text(x, "input"), *text = xfer_text(x, "reference");
	auto_free char *full = text && ref_is_short(text) ? mem_printf("localhost/%s", text) :
							    mem_strdup(text);
	struct image_config probe = { 0 };
	auto_ref struct ref name = { 0 };
	const json_t *change;
	auto_fd int fd = -EBADF;
	size_t i;
	int r = 0;

	if (path && (str_starts(path, "http://") || str_starts(path, "https://"))) {
		(void)refuse(f, ENOTSUP, "import reads files and stdin, no URLs");
		fail_hint(f, "curl -L %.300s | rbox import -", path);
		return -ENOTSUP;
	}
	/* A change that makes no sense is said before a long unpack, not after. */
	json_array_foreach(json_object_get(x->request, "changes"), i, change)
		if (r == 0)
			r = image_change(&probe.config, json_string_value(change) ? json_string_value(change) : "", f);
	jsonf_done(image_config_fields, &probe);
	if (r == 0 && full)
		r = ref_parse(full, &name, f);
	if (r < 0)
		return r;
	fd = xfer_input(path, f);
	if (fd < 0)
		return fd;
	r = import_fd(x, fd, full ? &name : NULL, f);
	return r < 0 ? fail_in(f, r, "import '%s'", path ? path : "stdin") : 0;
}
