/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_UNPACK_TAR_PUT_H
#define STORAGE_UNPACK_TAR_PUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "storage/unpack/tar_read.h"
#include "pkg/util/fail.h"

/*
 * Unpacks a tar over files that are there, as tar(1) does and cp wants it: no whiteouts, no layer. Names are
 * looked up in ROOT_FD, which is the "/" that links and ".." mean; an entry's own name is never followed.
 * Missing folders are made. What is in the way of a file is replaced; a folder replaces what is none, and
 * the other way round, only with OVERWRITE. Devices are passed over: users can't make them.
 */
struct put_opts {
	int root_fd;
	const char *folder;	/* where it goes: a path in ROOT_FD, absolute */
	bool give;		/* everything belongs to UID, GID; else to whom the tar says */
	uid_t uid;
	gid_t gid;
	bool overwrite;
};

struct put_result {
	size_t devices;		/* passed over */
	size_t owners;		/* entries whose owner isn't mapped here: they belong to us */
};

/* Reads T to the end of the archive. */
int tar_put(struct tar *t, const struct put_opts *o, struct put_result *ret, struct fail *f) MUST_USE;

#endif
