/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_UNPACK_TAR_READ_H
#define STORAGE_UNPACK_TAR_READ_H

#include <stdint.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "pkg/util/fail.h"
#include "pkg/util/str.h"

/*
 * A pull parser of tar archives as layers have them (image-spec layer.md): ustar, pax
 * (POSIX.1-2001: path, linkpath, size, uid, gid, mtime, SCHILY.xattr.*), GNU (long names,
 * base-256 numbers, old sparse files). It keeps no file and knows no disk: what a name
 * means is tar_apply's business. Where writers differ it reads as Go's archive/tar does,
 * which made nearly all layers there are: global pax headers change nothing, links and
 * folders have no data whatever their size field says.
 *
 *	tar_init(&t, next, ctx);
 *	while ((r = tar_next(&t, &e, f)) > 0)
 *		while ((r = tar_data(&t, &p, &n, f)) > 0) ...
 *	tar_done(&t);
 *
 * Data comes as pointers into the source's chunks: nothing is copied. A piece is valid
 * until the next call. Names are bytes, without NUL, in no charset.
 */
enum {
	TAR_NAME_MAX = 64 * 1024,	/* of a name or link, bytes */
	TAR_PAX_MAX = 1024 * 1024,	/* of all extended headers of an entry */
	TAR_XATTRS_MAX = 256,
	TAR_SPARSE_MAX = 64 * 1024,	/* pieces of a sparse file */
};

enum tar_type { TAR_FILE, TAR_LINK, TAR_SYMLINK, TAR_CHAR, TAR_BLOCK, TAR_DIR, TAR_FIFO };

struct tar_xattr {
	char *name;
	void *value;
	size_t len;
};

/* Owned by the parser, valid until the next tar_next. */
struct tar_entry {
	char *name, *link;
	enum tar_type type;
	uint32_t mode;		/* permissions, setuid, setgid, sticky */
	int64_t uid, gid;
	int64_t size;		/* bytes of data; of a sparse file: as it will be read */
	struct timespec mtime;
	uint32_t dev_major, dev_minor;
	struct tar_xattr *xattrs;
	size_t n_xattrs;
};

/* The next chunk: *RET and its length; 0 at the end, -errno. The one before is given back. */
typedef ssize_t tar_source(void *ctx, const void **ret, struct fail *f);

struct tar_piece { int64_t at, len; };

struct tar {
	tar_source *source;
	void *ctx;
	const unsigned char *p;	/* what is left of the chunk */
	size_t n;
	int64_t offset;		/* bytes consumed: for messages and for who seeks */
	int64_t data_left;	/* of the entry's data in the archive */
	int64_t pad;		/* after it */
	struct tar_piece *pieces; /* of a sparse entry: where its data belongs */
	size_t n_pieces, piece;
	int64_t piece_at;	/* how much of the piece was given */
	int64_t real_size;
	struct tar_entry e;
};

void tar_init(struct tar *t, tar_source *source, void *ctx);
void tar_done(struct tar *t);
/* 1 with *RET set, 0 at the end of the archive, -errno. Data not taken is passed over. */
int tar_next(struct tar *t, struct tar_entry **ret, struct fail *f) MUST_USE;
/*
 * The next piece of the entry's data: its length (> 0), 0 at its end, -errno. *RET_AT is where in
 * the file it belongs (holes of sparse files are what no piece covers).
 */
ssize_t tar_data(struct tar *t, const void **ret, int64_t *ret_at, struct fail *f) MUST_USE;
/* True for an entry whose data has holes: its file has to be cut to e.size at the end. */
bool tar_is_sparse(const struct tar *t);
/* Reads what follows the archive's end, so that whoever hashes the stream has seen it all. */
int tar_drain(struct tar *t, struct fail *f) MUST_USE;

#endif
