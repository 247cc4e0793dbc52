// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/image/layers.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/time.h"
#include "storage/gc.h"
#include "storage/layer.h"
#include "storage/unpack/blob_writer.h"

enum { THREADS_MAX = 4, COPY_CHUNK = 256 * 1024 };

struct work {
	struct layer_set *set;
	struct unpacker unpacker;
	pthread_mutex_t lock;
	size_t next;		/* the next layer that nobody has taken */
	bool stop;
	struct fail fail;	/* the first one */
};

/* One layer on its way. */
struct flow {
	struct work *work;
	struct layer_want *want;
	struct blob_writer *blob;	/* NULL: it is in the store */
	struct unpack_job *job;		/* NULL: it is unpacked already */
	bool deaf;			/* the unpacker has failed: it will say why */
	int64_t done, shown_at;
	struct fail fail;
};

static bool stopped(struct work *w)
{
	bool r;

	pthread_mutex_lock(&w->lock);
	r = w->stop;
	pthread_mutex_unlock(&w->lock);
	return r;
}

static void show(struct flow *x, bool last)
{
	int64_t now = time_monotonic();

	if (!last && now - x->shown_at < TIME_SECOND / 10)
		return;
	x->shown_at = now;
	event_progress(x->work->set->events, x->want->id, "Copying blob", x->done,
		       last ? x->done : x->want->blob_size);
}

static int flow_sink(void *ctx, const void *data, size_t n)
{
	struct flow *x = ctx;
	int r;

	if (stopped(x->work))
		return -ECANCELED;
	if (x->blob && blob_writer_add(x->blob, data, n, &x->fail) < 0)
		return -x->fail.code;
	if (x->job && !x->deaf) {
		r = io_write_full(x->job->in_fd, data, n);
		x->deaf = r == -EPIPE;
		if (r < 0 && r != -EPIPE)
			return fail(&x->fail, -r, "pass the layer on to be unpacked");
		/* No use in fetching the rest of what can't be unpacked. */
		if (x->deaf)
			return -EPIPE;
	}
	x->done += (int64_t)n;
	show(x, false);
	return 0;
}

/* The blob is in the store: from there. */
static int stored_source(const struct store *s, const struct digest *d, blob_sink *sink, void *ctx,
			 struct fail *f)
{
	auto_fd int fd = blob_open(s, d, f);
	auto_free char *buf = mem_alloc(COPY_CHUNK);
	ssize_t n;

	if (fd < 0)
		return fd;
	while ((n = io_read(fd, buf, COPY_CHUNK)) > 0) {
		int r = sink(ctx, buf, (size_t)n);

		if (r < 0)
			return r;
	}
	return n < 0 ? fail(f, (int)-n, "read blob %.12s of the store", d->hex) : 0;
}

/* ---- which key ---- */

static void chain_ids(struct layer_set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		auto_free char *text = NULL;
		void *hash;

		s->v[i].chain = s->v[i].diff_id;
		if (!i || !digest_is_set(&s->v[i].diff_id))
			continue;
		/* image-spec config.md: ChainID(L0|...|Ln) = Digest(ChainID(L0|...|Ln-1) + " " + DiffID(Ln)) */
		text = mem_printf("%s:%s %s:%s", s->v[i - 1].chain.algo, s->v[i - 1].chain.hex,
				  s->v[i].diff_id.algo, s->v[i].diff_id.hex);
		hash = hash_new("sha256");
		if (!hash)
			continue;
		hash_add(hash, text, strlen(text));
		hash_get(hash, "sha256", &s->v[i].chain);
		hash_free(hash);
	}
}

/* The trees below layer I, the topmost first; all their keys are known. */
static int open_below(const struct layer_set *s, size_t i, struct lower *ret, struct fail *f)
{
	ret->fds = mem_array(i + 1, sizeof(int));
	while (i-- > 0) {
		int fd = layer_open_tree(s->temp->store, &s->v[i].key, f);

		if (fd < 0)
			return fd;
		ret->fds[ret->n++] = fd;
	}
	return 0;
}

/* Every folder that holds whiteouts is a folder below, too: only then overlay merges them. */
static int all_merge(const struct layer_set *s, size_t i, char *const *folders, struct fail *f)
{
	__attribute__((cleanup(lower_done))) struct lower lower = { 0 };
	int r = folders ? open_below(s, i, &lower, f) : 0;

	if (r < 0)
		return r;
	strv_each(it, folders) {
		struct stat st;
		auto_fd int fd = lower_find(&lower, *it, &st);

		if (fd < 0 || !S_ISDIR(st.st_mode))
			return 0;
	}
	return 1;
}

static bool below_known(const struct layer_set *s, size_t i)
{
	while (i-- > 0)
		if (!digest_is_set(&s->v[i].key))
			return false;
	return true;
}

static int have_key(struct layer_set *s, size_t i, const struct digest *key, bool own_stack, struct fail *f)
{
	struct layer l;
	int r;

	if (!digest_is_set(key))
		return 0;
	r = gc_pin(s->temp, key, f);
	if (r < 0 || !layer_exists(s->temp->store, key))
		return r;
	r = layer_load(s->temp->store, key, &l, f);
	if (r < 0) {
		/* A broken one is put aside when ours is committed. */
		fail_clear(f);
		return 0;
	}
	if (own_stack)
		r = 1;
	else if (l.depends)
		r = 0;
	else
		r = l.merges && !below_known(s, i) ? 0 : all_merge(s, i, l.merges, f);
	if (r > 0) {
		s->v[i].key = *key;
		s->v[i].unpacked = l.size;
		s->v[i].got_diff = l.diff_id;
	}
	layer_done(&l);
	return r;
}

/*
 * Sets key where the store has a tree that fits. The chainID speaks of the very same stack, so what
 * is under it always fits; the diffID of the lowest layer is its chainID.
 */
static int find_tree(struct layer_set *s, size_t i, struct fail *f)
{
	struct layer_want *w = &s->v[i];
	int r = have_key(s, i, &w->chain, true, f);

	if (r == 0 && i)
		r = have_key(s, i, &w->diff_id, false, f);
	w->have_tree = r > 0;
	return r < 0 ? r : 0;
}

static int find_blob(struct layer_set *s, struct layer_want *w, struct fail *f)
{
	int r;

	if (!digest_is_set(&w->blob))
		return 0;
	r = gc_pin(s->temp, &w->blob, f);
	w->have_blob = r == 0 && blob_exists(s->temp->store, &w->blob);
	if (w->have_blob) {
		w->got_blob = w->blob;
		w->got_size = w->blob_size;
	}
	return r;
}

/* ---- one layer ---- */

static char *folder_name(const struct work *w, const struct layer_want *want)
{
	return mem_printf("layer-%zu", (size_t)(want - w->set->v));
}

static int begin_unpack(struct work *w, struct layer_want *want, const char *name, bool known,
			struct unpack_job *job, struct fail *f)
{
	size_t i = (size_t)(want - w->set->v);
	auto_free struct digest *keys = mem_array(i + 1, sizeof(*keys));

	for (size_t k = 0; known && k < i; k++)
		keys[k] = w->set->v[i - 1 - k].key;
	return unpack_begin(&w->unpacker, name, known ? keys : NULL, known ? i : 0, job, f);
}

/* Devices in /dev: a container mounts its own over them, nobody misses them. */
static bool is_dev_node(const char *line)
{
	return (str_starts(line, "'dev/") || str_starts(line, "'./dev/") || str_starts(line, "'/dev/")) &&
	       strstr(line, " device ");
}

static void warn_changed(struct work *w, const struct layer_want *want, const struct unpack_result *u)
{
	auto_str struct str s = STR_INIT(1800);
	size_t shown = 0, listed = strv_len(u->tree.changed), left;

	if (u->trailing)
		event_warning(w->set->events, "layer %s: garbage after the compressed data is ignored", want->id);
	left = u->tree.n_changed > listed ? u->tree.n_changed - listed : 0;
	strv_each(it, u->tree.changed) {
		if (is_dev_node(*it))
			continue;
		if (shown++ < 3)
			str_addf(&s, "%s%s", shown > 1 ? "; " : "", *it);
		else
			left++;
	}
	if (left)
		str_addf(&s, "; and %zu more", left);
	if (shown)
		event_warning(w->set->events, "layer %s: %s", want->id, str_cstr(&s));
}

static int check_diff(const struct layer_want *w, const struct unpack_result *u, struct fail *f)
{
	char want[DIGEST_TEXT_MAX], got[DIGEST_TEXT_MAX];

	if (!digest_is_set(&w->diff_id) || digest_equal(&w->diff_id, &u->diff_id))
		return 0;
	return refuse(f, EBADMSG, "its tar has the digest %s, the image's config says %s",
		      digest_format(&u->diff_id, got), digest_format(&w->diff_id, want));
}

/* Puts the tree in place, under the key that fits what it depends on. */
static int commit_tree(struct work *w, struct layer_want *want, const char *name, struct unpack_result *u,
		       struct fail *f)
{
	struct layer l = {
		.diff_id = u->diff_id, .size = u->tree.size, .files = u->tree.files,
		.changed = u->tree.changed, .depends = u->tree.depends, .merges = u->tree.whiteouts,
		.root_named = u->tree.root_named,
	};
	int r;

	/* An import learns its only diffID here. */
	if (!digest_is_set(&want->chain))
		want->chain = u->diff_id;
	l.key = u->tree.depends ? want->chain : u->diff_id;
	r = layer_commit(w->set->temp, name, &l, f);
	if (r < 0)
		return r;
	want->key = l.key;
	want->unpacked = l.size;
	want->have_tree = true;
	warn_changed(w, want, u);
	return 0;
}

static int stream(struct flow *x, struct fail *f)
{
	struct layer_set *s = x->work->set;
	size_t i = (size_t)(x->want - s->v);
	int r;

	if (x->blob)
		r = s->source(s->source_ctx, i, flow_sink, x, f);
	else
		r = stored_source(s->temp->store, &x->want->got_blob, flow_sink, x, f);
	/* Our own sink's word is the nearer one. */
	if (r < 0 && x->fail.code)
		*f = x->fail;
	if (x->deaf) {
		fail_clear(f);
		return 0;
	}
	if (r < 0 && !f->code)
		return fail(f, -r, "read the layer");
	return r;
}

static int finish_blob(struct flow *x, struct fail *f)
{
	int r;

	if (!x->blob || x->deaf)
		return 0;
	r = blob_writer_commit(x->blob, &x->want->got_blob, f);
	if (r < 0)
		return r;
	x->want->got_size = x->blob->written;
	x->want->have_blob = true;
	show(x, true);
	return 0;
}

static int finish_tree(struct flow *x, const char *name, struct fail *f)
{
	struct unpack_result u;
	int r;

	if (!x->job)
		return 0;
	r = unpack_end(x->job, &u, f);
	if (r == 0 && x->deaf)
		r = refuse(f, EIO, "the unpacker ended before its input did");
	if (r == 0)
		r = check_diff(x->want, &u, f);
	if (r == 0) {
		x->want->got_diff = u.diff_id;
		x->want->kind = u.kind;
		x->want->know_kind = true;
	}
	if (r == 0 && !u.useless)
		r = commit_tree(x->work, x->want, name, &u, f);
	unpack_result_done(&u);
	return r;
}

/* KNOWN: the keys of all layers below are, so the tree is unpacked onto them. */
static int one_layer(struct work *w, struct layer_want *want, bool known, struct fail *f)
{
	auto_free char *name = folder_name(w, want);
	auto_job struct unpack_job job = { -EBADF, -EBADF };
	auto_blob struct blob_writer blob = { .fd = -EBADF };
	struct flow x = { .work = w, .want = want };
	int r = 0;

	if (!want->have_blob) {
		r = blob_writer_init(&blob, w->set->temp, &want->blob, want->blob_size, f);
		x.blob = &blob;
	}
	if (r == 0 && !want->have_tree) {
		r = begin_unpack(w, want, name, known, &job, f);
		x.job = &job;
	}
	if (r == 0)
		r = stream(&x, f);
	if (r == 0)
		r = finish_blob(&x, f);
	if (r == 0)
		r = finish_tree(&x, name, f);
	unpack_job_done(&job);
	if (x.job && !want->have_tree)
		unpacker_remove(&w->unpacker, name);
	return r < 0 ? fail_in(f, r, "layer %s", want->id) : 0;
}

/* ---- all of them ---- */

static struct layer_want *take(struct work *w)
{
	struct layer_want *r = NULL;

	pthread_mutex_lock(&w->lock);
	while (!r && !w->stop && w->next < w->set->n) {
		struct layer_want *want = &w->set->v[w->next++];

		if (!want->have_blob || !want->have_tree)
			r = want;
	}
	pthread_mutex_unlock(&w->lock);
	return r;
}

static void *worker(void *arg)
{
	struct work *w = arg;
	struct layer_want *want;

	while ((want = take(w))) {
		struct fail f = { 0 };
		/* Of the lowest layer all is known; the others don't wait to see. */
		int r = one_layer(w, want, want == w->set->v, &f);

		if (r == 0)
			continue;
		pthread_mutex_lock(&w->lock);
		if (!w->stop)
			w->fail = f;
		w->stop = true;
		pthread_mutex_unlock(&w->lock);
	}
	return NULL;
}

static int run_workers(struct work *w, size_t missing, struct fail *f)
{
	pthread_t threads[THREADS_MAX];
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t n = cpus >= THREADS_MAX ? THREADS_MAX : (size_t)(cpus > 0 ? cpus + 1 : 2);
	size_t started = 0;

	if (n > THREADS_MAX)
		n = THREADS_MAX;
	if (n > missing)
		n = missing;
	while (started < n && pthread_create(&threads[started], NULL, worker, w) == 0)
		started++;
	if (!started)
		return refuse(f, EAGAIN, "no thread can be started");
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	if (w->stop) {
		*f = w->fail;
		return -f->code;
	}
	return 0;
}

/* In order, from below: what depends on the layers under it is unpacked onto them now. */
static int settle(struct work *w, struct fail *f)
{
	struct layer_set *s = w->set;

	for (size_t i = 0; i < s->n; i++) {
		int r = 0;

		/* Taken under its diffID while others were missing: do its whiteouts merge here? */
		if (s->v[i].have_tree && i) {
			s->v[i].have_tree = false;
			s->v[i].key = (struct digest){ 0 };
		}
		if (!s->v[i].have_tree)
			r = find_tree(s, i, f);
		if (r == 0 && !s->v[i].have_tree) {
			if (!w->unpacker.pid)
				r = unpacker_start(&w->unpacker, s->temp, s->userns_hint, f);
			if (r == 0)
				r = one_layer(w, &s->v[i], true, f);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

int layers_fetch(struct layer_set *s, struct fail *f)
{
	struct work w = { .set = s, .unpacker.sock = -EBADF };
	size_t missing = 0;
	int r = 0;

	pthread_mutex_init(&w.lock, NULL);
	chain_ids(s);
	for (size_t i = 0; r == 0 && i < s->n; i++) {
		r = find_tree(s, i, f);
		if (r == 0)
			r = find_blob(s, &s->v[i], f);
		missing += r == 0 && (!s->v[i].have_tree || !s->v[i].have_blob);
		if (r == 0 && s->v[i].have_blob && s->v[i].have_tree)
			event_progress(s->events, s->v[i].id, "Copying blob (exists)", s->v[i].blob_size,
				       s->v[i].blob_size);
	}
	if (r == 0 && missing) {
		r = unpacker_start(&w.unpacker, s->temp, s->userns_hint, f);
		if (r == 0)
			r = run_workers(&w, missing, f);
	}
	if (r == 0)
		r = settle(&w, f);
	if (w.unpacker.pid)
		unpacker_stop(&w.unpacker);
	pthread_mutex_destroy(&w.lock);
	return r;
}
