/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_TAR_WRITE_H
#define STORAGE_TAR_WRITE_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "pkg/util/fail.h"

/*
 * Writes a tar as every reader knows it: ustar headers (POSIX.1-1988), and before those that don't
 * fit a pax header (POSIX.1-2001) with path, linkpath, size, uid, gid, mtime and SCHILY.xattr.*. The
 * same calls make the same bytes: no time of writing, no user names, nothing of this machine.
 *
 *	tar_writer_init(&w, fd);
 *	tar_write_item(&w, &item, f);
 *	tar_write_data(&w, data, n, f); ...	item.size bytes in all; what is missing becomes zeros
 *	tar_write_end(&w, f);
 *	tar_writer_done(&w);			always
 */
struct tar_attr {
	const char *name;
	const void *value;
	size_t len;
};

struct tar_item {
	const char *name;	/* folders without the slash at the end */
	const char *link;	/* a hard or symbolic link's target */
	char type;		/* '0' file, '1' hard link, '2' symbolic link, '3' '4' devices, '5' folder, '6' FIFO */
	uint32_t mode;		/* permissions and setuid, setgid, sticky */
	int64_t uid, gid;
	int64_t size;		/* of a file */
	int64_t mtime;		/* seconds */
	uint32_t dev_major, dev_minor;
	const struct tar_attr *attrs;
	size_t n_attrs;
};

struct tar_writer {
	int fd;
	char *buf;
	size_t n;
	int64_t left;	/* of the current file */
	int64_t pad;	/* after it */
};

void tar_writer_init(struct tar_writer *w, int fd);
void tar_writer_done(struct tar_writer *w);
/* All return 0 or -errno; EPIPE: nobody reads any more. */
int tar_write_item(struct tar_writer *w, const struct tar_item *item, struct fail *f) MUST_USE;
int tar_write_data(struct tar_writer *w, const void *data, size_t n, struct fail *f) MUST_USE;
/* The two empty blocks, and all that is still in the buffer. */
int tar_write_end(struct tar_writer *w, struct fail *f) MUST_USE;

#endif
