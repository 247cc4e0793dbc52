// SPDX-License-Identifier: Apache-2.0
#include "storage/unpack/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "storage/unpack/blob_writer.h"
#include "storage/unpack/tree.h"
#include "storage/unpack/wall.h"

enum { HASHER, APPLIER, CONSUMERS };

/* One producer, two consumers that see every chunk; a chunk is free once both are past it. */
struct ring {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	char *bufs[UNPACK_CHUNKS];
	size_t lens[UNPACK_CHUNKS];
	uint64_t head, tail[CONSUMERS];
	bool open;		/* the wall stands: work may begin */
	bool end, stop;
	int error;
	struct fail fail;
};

struct job {
	struct ring ring;
	struct inflate *inflate;
	void *hash;
	int in_fd;
	uint64_t applied;	/* the applier holds chunk APPLIED - 1 */
};

static void ring_init(struct ring *r)
{
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->moved, NULL);
	for (int i = 0; i < UNPACK_CHUNKS; i++)
		r->bufs[i] = mem_alloc(UNPACK_CHUNK);
}

static void ring_done(struct ring *r)
{
	for (int i = 0; i < UNPACK_CHUNKS; i++)
		free(r->bufs[i]);
	pthread_cond_destroy(&r->moved);
	pthread_mutex_destroy(&r->lock);
}

static bool ring_full(const struct ring *r)
{
	return r->head - r->tail[HASHER] == UNPACK_CHUNKS || r->head - r->tail[APPLIER] == UNPACK_CHUNKS;
}

/* The producer's next free buffer; NULL when all is to stop. */
static char *ring_room(struct ring *r)
{
	char *buf;

	pthread_mutex_lock(&r->lock);
	while (!r->stop && (!r->open || ring_full(r)))
		pthread_cond_wait(&r->moved, &r->lock);
	buf = r->stop ? NULL : r->bufs[r->head % UNPACK_CHUNKS];
	pthread_mutex_unlock(&r->lock);
	return buf;
}

/* N bytes were put into the buffer; 0 is the end, negative a failure. */
static void ring_put(struct ring *r, ssize_t n, const struct fail *f)
{
	pthread_mutex_lock(&r->lock);
	if (n > 0) {
		r->lens[r->head++ % UNPACK_CHUNKS] = (size_t)n;
	} else {
		r->end = true;
		if (n < 0) {
			r->error = (int)n;
			r->fail = *f;
		}
	}
	pthread_cond_broadcast(&r->moved);
	pthread_mutex_unlock(&r->lock);
}

/* The chunk at position AT, for consumer WHO, who is done with all before; 0 at the end. */
static ssize_t ring_get(struct ring *r, int who, uint64_t at, const void **ret, struct fail *f)
{
	ssize_t n;

	pthread_mutex_lock(&r->lock);
	r->tail[who] = at;
	pthread_cond_broadcast(&r->moved);
	while (!r->stop && !r->end && r->head == at)
		pthread_cond_wait(&r->moved, &r->lock);
	if (r->head > at) {
		*ret = r->bufs[at % UNPACK_CHUNKS];
		n = (ssize_t)r->lens[at % UNPACK_CHUNKS];
	} else {
		n = r->error;
		if (n < 0 && f)
			*f = r->fail;
	}
	pthread_mutex_unlock(&r->lock);
	return n;
}

static void ring_signal(struct ring *r, bool stop)
{
	pthread_mutex_lock(&r->lock);
	r->open = true;
	r->stop = r->stop || stop;
	pthread_cond_broadcast(&r->moved);
	pthread_mutex_unlock(&r->lock);
}

static ssize_t read_input(void *ctx, void *buf, size_t len, struct fail *f)
{
	const struct job *j = ctx;
	ssize_t n = io_read(j->in_fd, buf, len);

	return n < 0 ? fail(f, (int)-n, "read the layer") : n;
}

static void *produce(void *arg)
{
	struct job *j = arg;
	char *buf;

	while ((buf = ring_room(&j->ring))) {
		struct fail f = { 0 };
		ssize_t n = inflate_read(j->inflate, buf, UNPACK_CHUNK, &f);

		ring_put(&j->ring, n, &f);
		if (n <= 0)
			break;
	}
	return NULL;
}

static void *hash_all(void *arg)
{
	struct job *j = arg;
	const void *p;
	uint64_t at = 0;
	ssize_t n;

	while ((n = ring_get(&j->ring, HASHER, at, &p, NULL)) > 0) {
		hash_add(j->hash, p, (size_t)n);
		at++;
	}
	return NULL;
}

static ssize_t next_chunk(void *ctx, const void **ret, struct fail *f)
{
	struct job *j = ctx;
	ssize_t n = ring_get(&j->ring, APPLIER, j->applied, ret, f);

	j->applied += n > 0;
	return n;
}

static int apply(struct job *j, const struct unpack_opts *o, struct unpack_result *ret, struct fail *f)
{
	struct tar t;
	int r;

	tar_init(&t, next_chunk, j);
	r = tar_apply(&t, &o->apply, &ret->tree, f);
	/* The rest counts for the digest; a layer that depends on others has one, too. */
	ret->useless = r == TREE_DEPENDS;
	if (r >= 0)
		r = tar_drain(&t, f);
	tar_done(&t);
	return r;
}

static int run(struct job *j, const struct unpack_opts *o, struct unpack_result *ret, struct fail *f)
{
	pthread_t producer, hasher;
	int r;

	r = pthread_create(&producer, NULL, produce, j);
	if (r)
		return fail(f, r, "start a thread");
	r = pthread_create(&hasher, NULL, hash_all, j);
	if (r) {
		ring_signal(&j->ring, true);
		pthread_join(producer, NULL);
		return fail(f, r, "start a thread");
	}
	/* All threads are there and none has seen a byte. */
	r = o->wall ? wall_calls(f) : 0;
	if (r == 0) {
		ring_signal(&j->ring, false);
		r = apply(j, o, ret, f);
	}
	/* After a failure the producer may sit in a read of a pipe that nobody fills: it isn't awaited. */
	if (r < 0)
		return r;
	pthread_join(producer, NULL);
	pthread_join(hasher, NULL);
	return 0;
}

int unpack_layer(const struct unpack_opts *o, struct unpack_result *ret, struct fail *f)
{
	struct job *j = mem_alloc(sizeof(*j));
	int r = 0;

	memset(ret, 0, sizeof(*ret));
	ring_init(&j->ring);
	j->in_fd = o->in_fd;
	j->inflate = inflate_new(read_input, j);
	j->hash = hash_new("sha256");
	if (!j->hash)
		r = refuse(f, ENOMEM, "start a sha256");
	if (r == 0 && o->wall)
		r = wall_folders(o->folder_fd, o->apply.lower ? o->apply.lower->fds : NULL,
				 o->apply.lower ? o->apply.lower->n : 0, f);
	if (r >= 0)
		r = run(j, o, ret, f);
	if (r == 0 && o->sync && !ret->useless && syncfs(o->folder_fd) < 0)
		r = fail(f, errno, "write the layer to the disk");
	if (r < 0)
		return r;	/* threads may still use J: the process ends soon */
	hash_get(j->hash, "sha256", &ret->diff_id);
	ret->kind = inflate_kind_of(j->inflate);
	ret->trailing = inflate_trailing(j->inflate);
	inflate_free(j->inflate);
	hash_free(j->hash);
	ring_done(&j->ring);
	free(j);
	return 0;
}

void unpack_result_done(struct unpack_result *r)
{
	apply_result_done(&r->tree);
}
