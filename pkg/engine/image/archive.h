/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_IMAGE_ARCHIVE_H
#define PKG_ENGINE_IMAGE_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "pkg/oci/digest.h"
#include "pkg/util/json.h"
#include "storage/store.h"

/*
 * A tar that holds an image: docker-archive or oci-archive, itself plain, gzip or zstd. Its members may
 * come in any order, so it is listed first and read by offset then. What can't be read twice (a
 * pipe, a compressed file) is copied into the temp folder, inflated.
 */
enum { ARCHIVE_MEMBERS_MAX = 100000, ARCHIVE_JSON_MAX = 4 * 1024 * 1024 };

struct member {
	char *name;	/* cleaned: "blobs/sha256/..." */
	char *link;	/* a link's target, cleaned likewise; NULL: a file */
	int64_t offset, size;
};
struct archive {
	int fd;
	struct member *v;
	size_t n;
};

/* Takes FD over, also on failure. */
int archive_open(int fd, struct store_temp *t, struct archive *ret, struct fail *f) MUST_USE;
void archive_done(struct archive *a);
#define auto_archive __attribute__((cleanup(archive_done)))

/* By name, links within the archive followed; NULL when it isn't there. */
const struct member *archive_find(const struct archive *a, const char *name);
/* The whole of a small member; *RET is terminated, the caller frees. -ENOENT with NAME in the message. */
int archive_read(const struct archive *a, const char *name, char **ret, size_t *ret_len, struct fail *f) MUST_USE;
/* Streams a member. From any thread. */
int archive_copy(const struct archive *a, const struct member *m,
		 int (*sink)(void *ctx, const void *data, size_t n), void *ctx, struct fail *f) MUST_USE;
/* True when the member's bytes are no gzip, zstd, xz or bzip2. */
bool archive_is_plain(const struct archive *a, const struct member *m);

#endif
