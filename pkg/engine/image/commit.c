// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/engine/image/change.h"
#include "pkg/engine/image/commit_layer.h"
#include "pkg/engine/image/manifest.h"
#include "pkg/engine/image/serve.h"
#include "pkg/engine/tag.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "storage/unpack/blob_writer.h"

/* rbox commit: a container becomes an image: its writable layer on top of its own image's. */
struct commit {
	struct xfer *x;
	struct engine e;	/* only its store and warn are used */
	struct container ctr;
	struct image base;	/* without layers: a --rootfs, or all in one */
	struct image_config config;	/* what it becomes */
	struct commit_layer layer;
	bool squash, docker;
};

static void commit_done(struct commit *c)
{
	container_done(&c->ctr);
	image_done(&c->base);
	jsonf_done(image_config_fields, &c->config);
}

/* --- the config --- */

/* What the engine itself has put into the environment means nothing in an image. */
static bool is_engines(const char *entry)
{
	return str_starts(entry, "container=") || str_starts(entry, "HOSTNAME=") || str_starts(entry, "HOME=") ||
	       !strcmp(entry, "TERM=xterm");
}

static void take_env(struct image_run_config *rc, const struct container_config *cc)
{
	strv_each(it, cc->env)
		if (!is_engines(*it))
			strv_env_set(&rc->env, *it);
}

static void add_missing(char ***v, const char *s)
{
	if (!strv_has(*v, s))
		strv_add(v, s);
}

static void replace_list(char ***v, char *const *by)
{
	strv_free(*v);
	*v = strv_dup(by);
}

/* How the container was run becomes how containers of the image run. */
static void take_container(struct commit *c)
{
	const struct container_config *cc = &c->ctr.config;
	struct image_run_config *rc = &c->config.config;
	const char *user = cc->process.user, *dir = cc->process.workdir;

	take_env(rc, cc);
	replace_list(&rc->entrypoint, cc->entrypoint);
	replace_list(&rc->cmd, cc->cmd);
	replace_list(&rc->labels, cc->labels);
	if (user && *user)
		mem_replace(&rc->user, mem_strdup(user));
	if (dir && (strcmp(dir, "/") || rc->working_dir))
		mem_replace(&rc->working_dir, mem_strdup(dir));
	strv_each(it, cc->exposed_ports) {
		auto_free char *port = mem_printf("%s%s", *it, strchr(*it, '/') ? "" : "/tcp");

		add_missing(&rc->exposed_ports, port);
	}
	if (xfer_flag(c->x, "volumes"))
		for (size_t i = 0; i < cc->n_mounts; i++)
			add_missing(&rc->volumes, cc->mounts[i].destination);
}

static int apply_changes(const struct xfer *x, struct image_run_config *rc, struct fail *f)
{
	const json_t *change;
	size_t i;
	int r = 0;

	json_array_foreach(json_object_get(x->request, "changes"), i, change)
		if (r == 0)
			r = image_change(rc, json_string_value(change) ? json_string_value(change) : "", f);
	return r;
}

static void add_history(struct commit *c)
{
	struct image_config *ic = &c->config;
	const char *author = xfer_text(c->x, "author"), *message = xfer_text(c->x, "message");
	struct image_history *h;

	ic->history = mem_resize(ic->history, ic->n_history + 1, sizeof(*h));
	h = &ic->history[ic->n_history++];
	*h = (struct image_history){
		.created = mem_strdup(ic->created),
		.created_by = strv_join(c->ctr.config.args, " "),
		.author = mem_strdup(author),
		.comment = mem_strdup(message),
	};
	/* What podman writes into every one. */
	if ((!message || !*message) && c->ctr.config.image_name)
		mem_replace(&h->comment, mem_printf("FROM %s", c->ctr.config.image_name));
	if (author)
		mem_replace(&ic->author, mem_strdup(author));
	if (message && c->docker)
		mem_replace(&ic->comment, mem_strdup(message));
}

/* The layers below are gone into one: their history would speak of layers that aren't there. */
static void forget_layers(struct image_config *ic)
{
	for (size_t i = 0; i < ic->n_history; i++) {
		free(ic->history[i].created);
		free(ic->history[i].created_by);
		free(ic->history[i].author);
		free(ic->history[i].comment);
	}
	ic->n_history = 0;
	strv_free_ptr(&ic->rootfs.diff_ids);
}

static int make_config(struct commit *c, struct fail *f)
{
	char when[TIME_TEXT_MAX], diff[DIGEST_TEXT_MAX];
	struct image_config *ic = &c->config;
	int r = 0;

	if (!ic->os)
		r = xfer_platform(c->x, ic, f);
	if (r < 0)
		return r;
	if (c->squash)
		forget_layers(ic);
	mem_replace(&ic->created, mem_strdup(time_format_utc(xfer_created(), when)));
	if (!ic->rootfs.type)
		ic->rootfs.type = mem_strdup("layers");
	strv_add(&ic->rootfs.diff_ids, digest_format(&c->layer.diff_id, diff));
	take_container(c);
	r = apply_changes(c->x, &ic->config, f);
	add_history(c);
	return r;
}

/* --- into the store --- */

/* All blobs are there: none is ever asked for. */
static int no_source(void *ctx, size_t i, blob_sink *sink, void *sink_ctx, struct fail *f)
{
	(void)ctx;
	(void)sink;
	(void)sink_ctx;
	return refuse(f, ENOENT, "the compressed form of layer %zu is not in the store any more", i);
}

static int bring_layers(struct commit *c, struct incoming *in, struct fail *f)
{
	struct layer_want *top;
	int r = incoming_from_config(c->x, &c->config, in, f);

	if (r < 0)
		return r;
	in->layers.source = no_source;
	for (size_t i = 0; !c->squash && i < c->base.n_layers && i + 1 < in->layers.n; i++) {
		in->layers.v[i].blob = c->base.layers[i].blob;
		in->layers.v[i].blob_size = c->base.layers[i].blob_size;
	}
	top = &in->layers.v[in->layers.n - 1];
	top->blob = c->layer.blob;
	top->blob_size = c->layer.blob_size;
	return layers_fetch(&in->layers, f);
}

static int save(struct commit *c, const struct ref *name, struct fail *f)
{
	auto_incoming struct incoming in = { 0 };
	auto_json json_t *j = NULL;
	auto_free char *text = NULL, *full = name ? ref_format(name) : NULL;
	int r = bring_layers(c, &in, f);

	if (r < 0)
		return r;
	j = jsonf_write(image_config_fields, &c->config);
	text = jsonf_text(j, 0);
	r = blob_add(&c->x->temp, text, strlen(text), NULL, &in.config, f);
	if (r == 0)
		r = manifest_make(c->x, &in, c->docker ? MEDIA_DOCKER_CONFIG : MEDIA_OCI_CONFIG, (int64_t)strlen(text), f);
	if (r == 0)
		r = incoming_save(c->x, &in, name, name ? 1 : 0, f);
	if (r == 0)
		event_image(&c->x->events, in.config.hex, full);
	return r;
}

static int open_base(struct commit *c, struct fail *f)
{
	struct digest id;
	int r;

	if (!c->ctr.config.image_id) {
		c->squash = true;
		return 0;
	}
	r = digest_parse_hex(c->ctr.config.image_id, &id, f);
	if (r == 0)
		r = image_load_both(&c->x->store, &id, &c->base, &c->config, f);
	return r < 0 ? fail_in(f, r, "open the container's image") : 0;
}

static int commit(struct commit *c, const struct ref *name, struct fail *f)
{
	int r = container_open_id(&c->e, xfer_text(c->x, "container"), &c->ctr, f);

	if (r == 0)
		r = open_base(c, f);
	if (r == 0)
		r = commit_layer_make(c->x, &c->ctr, c->squash, &c->layer, f);
	if (r == 0)
		r = make_config(c, f);
	return r < 0 ? r : save(c, name, f);
}

static void no_warn(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void no_warn(const char *fmt, ...)
{
	(void)fmt;
}

int commit_serve(struct xfer *x, struct fail *f)
{
	const char *text = xfer_text(x, "reference"), *format = xfer_text(x, "format");
	struct commit c = { .x = x, .e = { .store = x->store, .warn = no_warn }, .ctr = CONTAINER_INIT,
			    .squash = xfer_flag(x, "squash"), .docker = format && !strcmp(format, "docker") };
	struct image_config probe = { 0 };
	auto_ref struct ref name = { 0 };
	int r;

	/* What makes no sense is said before the work, not after. */
	r = apply_changes(x, &probe.config, f);
	jsonf_done(image_config_fields, &probe);
	if (r == 0 && text)
		r = tag_parse(text, &name, f);
	if (r == 0)
		r = commit(&c, text ? &name : NULL, f);
	commit_done(&c);
	return r;
}
