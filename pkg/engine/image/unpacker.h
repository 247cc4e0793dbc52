/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_IMAGE_UNPACKER_H
#define PKG_ENGINE_IMAGE_UNPACKER_H

#include <sys/types.h>

#include "pkg/oci/digest.h"
#include "storage/layer.h"
#include "storage/unpack/unpack.h"

/*
 * The other side of the wall. A server process, forked before any thread is started, joins
 * the user's namespace U; for each layer it forks a process that opens its folder and the layers
 * below, locks itself into them (storage/unpack/wall.h) and unpacks what comes through a pipe. What
 * fetches never enters U, what parses never sees the network, credentials or the rest of the store.
 *
 *	unpacker_start(&u, temp, hint, f)
 *	unpack_begin(&u, "layer-0", keys, n, &job, f)	any thread
 *	io_write_full(job.in_fd, ...); ...		-EPIPE: it has failed, unpack_end says why
 *	unpack_end(&job, &result, f)			closes in_fd and waits for the word
 *	unpacker_remove(&u, "layer-0")			files of subordinate owners: only in U
 *	unpacker_stop(&u)
 */
struct unpacker {
	struct store_temp *temp;
	pid_t pid;
	int sock;
};
int unpacker_start(struct unpacker *u, struct store_temp *t, pid_t userns_hint, struct fail *f) MUST_USE;
void unpacker_stop(struct unpacker *u);
#define auto_unpacker __attribute__((cleanup(unpacker_stop)))

struct unpack_job {
	int in_fd, ctl_fd;
};
/*
 * NAME is a folder of the temp folder, made here with an empty tree/ in it. KEYS: the layers below,
 * the topmost first; NULL when they aren't known.
 */
int unpack_begin(struct unpacker *u, const char *name, const struct digest *keys, size_t n,
		 struct unpack_job *ret, struct fail *f) MUST_USE;
int unpack_end(struct unpack_job *j, struct unpack_result *ret, struct fail *f) MUST_USE;
void unpack_job_done(struct unpack_job *j);
#define auto_job __attribute__((cleanup(unpack_job_done)))

void unpacker_remove(struct unpacker *u, const char *name);

#endif
