// SPDX-License-Identifier: Apache-2.0
#include "storage/unpack/tar_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/util/mem.h"

/* Offsets of the header's fields: POSIX.1-2001 pax(1), "ustar Interchange Format". */
enum {
	BLOCK = 512,
	H_NAME = 0, H_MODE = 100, H_UID = 108, H_GID = 116, H_SIZE = 124, H_MTIME = 136, H_SUM = 148,
	H_TYPE = 156, H_LINK = 157, H_MAGIC = 257, H_MAJOR = 329, H_MINOR = 337, H_PREFIX = 345,
	H_SPARSE = 386, H_EXTENDED = 482, H_REALSIZE = 483,
};

void tar_init(struct tar *t, tar_source *source, void *ctx)
{
	memset(t, 0, sizeof(*t));
	t->source = source;
	t->ctx = ctx;
}

static void entry_clear(struct tar_entry *e)
{
	for (size_t i = 0; i < e->n_xattrs; i++) {
		free(e->xattrs[i].name);
		free(e->xattrs[i].value);
	}
	free(e->xattrs);
	free(e->name);
	free(e->link);
	memset(e, 0, sizeof(*e));
}

void tar_done(struct tar *t)
{
	entry_clear(&t->e);
	free(t->pieces);
	t->pieces = NULL;
}

/* Makes t->n > 0 unless the stream is at its end (0) or broken (-errno). */
static int more(struct tar *t, struct fail *f)
{
	const void *p = NULL;
	ssize_t n;

	if (t->n)
		return 1;
	n = t->source(t->ctx, &p, f);
	if (n <= 0)
		return (int)n;
	t->p = p;
	t->n = (size_t)n;
	return 1;
}

static void eat(struct tar *t, size_t n)
{
	t->p += n;
	t->n -= n;
	t->offset += (int64_t)n;
}

/* LEN bytes into BUF; 0 when the stream ended before the first, -EBADMSG when within. */
static int take(struct tar *t, void *buf, size_t len, struct fail *f)
{
	size_t done = 0;

	while (done < len) {
		size_t n;
		int r = more(t, f);

		if (r < 0)
			return r;
		if (r == 0)
			return done ? refuse(f, EBADMSG, "the archive ends too soon, at byte %lld",
					     (long long)t->offset) : 0;
		n = len - done < t->n ? len - done : t->n;
		memcpy((char *)buf + done, t->p, n);
		eat(t, n);
		done += n;
	}
	return 1;
}

static int skip(struct tar *t, int64_t len, struct fail *f)
{
	while (len > 0) {
		size_t n;
		int r = more(t, f);

		if (r < 0)
			return r;
		if (r == 0)
			return refuse(f, EBADMSG, "the archive ends too soon, at byte %lld",
				      (long long)t->offset);
		n = (uint64_t)len < t->n ? (size_t)len : t->n;
		eat(t, n);
		len -= (int64_t)n;
	}
	return 0;
}

static int64_t padding(int64_t size)
{
	return -size & (BLOCK - 1);
}

/* Octal, or base-256 with the first byte's high bit set (GNU, star). Nonsense gives -1. */
static int64_t number(const unsigned char *p, size_t len)
{
	uint64_t v = 0;
	size_t i = 0;

	if (p[0] & 0x80) {
		unsigned char flip = p[0] & 0x40 ? 0xff : 0;

		v = (p[0] ^ flip) & 0x3f;
		for (i = 1; i < len; i++) {
			if (v >> 55)
				return INT64_MIN;
			v = v << 8 | (p[i] ^ flip);
		}
		return flip ? -(int64_t)v - 1 : (int64_t)v;
	}
	while (i < len && (p[i] == ' ' || p[i] == '\0'))
		i++;
	for (; i < len && p[i] >= '0' && p[i] <= '7'; i++) {
		if (v >> 59)
			return INT64_MIN;
		v = v << 3 | (unsigned)(p[i] - '0');
	}
	if (i < len && p[i] != ' ' && p[i] != '\0')
		return INT64_MIN;
	return (int64_t)v;
}

static bool sum_right(const unsigned char *h)
{
	int64_t want = number(h + H_SUM, 8), is_unsigned = 0, is_signed = 0;

#ifdef RBOX_FUZZ
	/* A fuzzer finds no checksums; what lies behind them is what it is for. */
	return true;
#endif
	for (size_t i = 0; i < BLOCK; i++) {
		unsigned char c = i >= H_SUM && i < H_SUM + 8 ? ' ' : h[i];

		is_unsigned += c;
		is_signed += (signed char)c;
	}
	return want == is_unsigned || want == is_signed;	/* old Suns summed signed chars */
}

static bool all_zero(const unsigned char *h)
{
	for (size_t i = 0; i < BLOCK; i++)
		if (h[i])
			return false;
	return true;
}

/* What extended headers said about the next entry; lengths because values may hold NUL. */
struct ext {
	char *path, *link;
	int64_t size, uid, gid;
	bool has_size, has_uid, has_gid, has_mtime;
	bool sparse_path;		/* GNU.sparse.name wins over path */
	struct timespec mtime;
	int64_t sparse_size;		/* GNU.sparse.realsize or .size */
	int sparse_major;		/* 1: the map leads the data; 0: it is in MAP */
	bool sparse;
	struct str map;
	struct tar_xattr *xattrs;
	size_t n_xattrs;
	size_t total;			/* bytes of extended headers so far */
};

static void ext_done(struct ext *x)
{
	for (size_t i = 0; i < x->n_xattrs; i++) {
		free(x->xattrs[i].name);
		free(x->xattrs[i].value);
	}
	free(x->xattrs);
	free(x->path);
	free(x->link);
	str_done(&x->map);
}
#define auto_ext __attribute__((cleanup(ext_done)))

static int pax_number(const char *v, int64_t *ret, const char *key, struct fail *f)
{
	return str_to_i64(v, ret) == 0 ? 0 : refuse(f, EBADMSG, "the extended header '%s' is no number", key);
}

/* "1350244992.023960108", "-1.5": the fraction counts upwards from the floor. */
static int pax_time(const char *v, struct timespec *ret, struct fail *f)
{
	auto_free char *whole = mem_strndup(v, strcspn(v, "."));
	const char *dot = strchr(v, '.');
	int64_t s = 0, ns = 0, unit = 100000000;

	if (str_to_i64(whole[0] && strcmp(whole, "-") ? whole : "0", &s) < 0)
		return refuse(f, EBADMSG, "the extended header 'mtime' is no time");
	for (const char *p = dot ? dot + 1 : ""; *p; p++, unit /= 10) {
		if (*p < '0' || *p > '9')
			return refuse(f, EBADMSG, "the extended header 'mtime' is no time");
		ns += unit * (*p - '0');
	}
	if (*v == '-' && ns) {
		if (s == INT64_MIN)
			return refuse(f, EBADMSG, "the extended header 'mtime' is no time");
		s -= 1;
		ns = 1000000000 - ns;
	}
	*ret = (struct timespec){ .tv_sec = s, .tv_nsec = ns };
	return 0;
}

static int pax_xattr(struct ext *x, const char *name, const char *value, size_t len, struct fail *f)
{
	struct tar_xattr *a = NULL;

	for (size_t i = 0; i < x->n_xattrs && !a; i++)
		if (!strcmp(x->xattrs[i].name, name))
			a = &x->xattrs[i];
	if (!a) {
		if (x->n_xattrs == TAR_XATTRS_MAX)
			return refuse(f, E2BIG, "an entry has more than %d extended attributes", TAR_XATTRS_MAX);
		x->xattrs = mem_resize(x->xattrs, x->n_xattrs + 1, sizeof(*x->xattrs));
		a = &x->xattrs[x->n_xattrs++];
		*a = (struct tar_xattr){ .name = mem_strdup(name) };
	}
	free(a->value);
	a->value = mem_dup(value, len + 1);
	a->len = len;
	return 0;
}

static int pax_sparse(struct ext *x, const char *key, const char *v, struct fail *f)
{
	int64_t n = 0;

	x->sparse = true;
	if (!strcmp(key, "name")) {
		mem_replace(&x->path, mem_strdup(v));
		x->sparse_path = true;
	} else if (!strcmp(key, "map")) {
		str_clear(&x->map);
		str_add(&x->map, v);
	} else if (!strcmp(key, "offset") || !strcmp(key, "numbytes")) {
		/* Format 0.0 repeats the pair; collected, it is the map of 0.1. */
		str_addf(&x->map, "%s%s", x->map.len ? "," : "", v);
	} else if (!strcmp(key, "major") || !strcmp(key, "minor") || !strcmp(key, "size") ||
		   !strcmp(key, "realsize")) {
		if (pax_number(v, &n, key, f) < 0)
			return -EBADMSG;
		if (!strcmp(key, "major"))
			x->sparse_major = n == 1;
		else if (strcmp(key, "minor"))
			x->sparse_size = n;
	}
	return 0;
}

static int pax_record(struct ext *x, const char *key, const char *v, size_t len, struct fail *f)
{
	if (strlen(v) != len && !str_starts(key, "SCHILY.xattr."))
		return refuse(f, EBADMSG, "the extended header '%s' holds a NUL", key);
	if (!strcmp(key, "path")) {
		if (*v && !x->sparse_path)
			mem_replace(&x->path, mem_strdup(v));
	} else if (!strcmp(key, "linkpath")) {
		mem_replace(&x->link, mem_strdup(v));
	} else if (!strcmp(key, "size")) {
		x->has_size = *v;
		return *v ? pax_number(v, &x->size, key, f) : 0;
	} else if (!strcmp(key, "uid")) {
		x->has_uid = *v;
		return *v ? pax_number(v, &x->uid, key, f) : 0;
	} else if (!strcmp(key, "gid")) {
		x->has_gid = *v;
		return *v ? pax_number(v, &x->gid, key, f) : 0;
	} else if (!strcmp(key, "mtime")) {
		x->has_mtime = *v;
		return *v ? pax_time(v, &x->mtime, f) : 0;
	} else if (str_starts(key, "SCHILY.xattr.")) {
		return pax_xattr(x, key + strlen("SCHILY.xattr."), v, len, f);
	} else if (str_starts(key, "GNU.sparse.")) {
		return pax_sparse(x, key + strlen("GNU.sparse."), v, f);
	}
	return 0;
}

/* "LEN KEY=VALUE\n", LEN counts itself and the newline. BUF is terminated past LEN. */
static int pax_parse(struct ext *x, char *buf, size_t len, struct fail *f)
{
	for (size_t at = 0; at < len;) {
		size_t n = 0, d = 0;
		char *eq;

		while (at + d < len && d < 8 && buf[at + d] >= '0' && buf[at + d] <= '9')
			n = n * 10 + (size_t)(buf[at + d++] - '0');
		if (!d || at + d >= len || buf[at + d] != ' ' || n > len - at || n < d + 3 ||
		    buf[at + n - 1] != '\n')
			return refuse(f, EBADMSG, "an extended header makes no sense");
		buf[at + n - 1] = '\0';
		eq = memchr(buf + at + d + 1, '=', n - d - 2);
		if (!eq || eq == buf + at + d + 1)
			return refuse(f, EBADMSG, "an extended header makes no sense");
		*eq = '\0';
		if (pax_record(x, buf + at + d + 1, eq + 1, (size_t)(buf + at + n - 2 - eq), f) < 0)
			return -f->code;
		at += n;
	}
	return 0;
}

/* The data of an 'x', 'L' or 'K' entry, terminated. */
static int take_ext(struct tar *t, struct ext *x, int64_t size, char **ret, struct fail *f)
{
	auto_free char *buf = NULL;
	int r;

	if (size < 0 || size > TAR_PAX_MAX || x->total + (size_t)size > TAR_PAX_MAX)
		return refuse(f, E2BIG, "an entry has more than %d bytes of extended headers", TAR_PAX_MAX);
	x->total += (size_t)size;
	buf = mem_alloc((size_t)size + 1);
	r = size ? take(t, buf, (size_t)size, f) : 1;
	if (r == 0)
		return refuse(f, EBADMSG, "the archive ends too soon, at byte %lld", (long long)t->offset);
	if (r > 0)
		r = skip(t, padding(size), f);
	if (r < 0)
		return r;
	*ret = mem_take(&buf);
	return 0;
}

static char *name_of(const unsigned char *h)
{
	auto_free char *name = mem_strndup((const char *)h + H_NAME, 100);

	/* GNU's magic is "ustar  ": there the prefix's place holds times. */
	if (memcmp(h + H_MAGIC, "ustar\0", 6) || !h[H_PREFIX])
		return mem_take(&name);
	return mem_printf("%.155s/%s", (const char *)h + H_PREFIX, name);
}

static int type_of(struct tar_entry *e, unsigned char flag, struct fail *f)
{
	size_t n = strlen(e->name);

	switch (flag) {
	case '0': case '\0': case '7': case 'S':
		/* Before POSIX a folder was a file whose name ends with a slash. */
		e->type = flag != 'S' && n && e->name[n - 1] == '/' ? TAR_DIR : TAR_FILE;
		return 0;
	case '1': e->type = TAR_LINK; return 0;
	case '2': e->type = TAR_SYMLINK; return 0;
	case '3': e->type = TAR_CHAR; return 0;
	case '4': e->type = TAR_BLOCK; return 0;
	case '5': e->type = TAR_DIR; return 0;
	case '6': e->type = TAR_FIFO; return 0;
	default:
		return refuse(f, EBADMSG, "an entry has the unknown type %d", flag);
	}
}

static int piece_add(struct tar *t, int64_t at, int64_t len, struct fail *f)
{
	int64_t end = t->n_pieces ? t->pieces[t->n_pieces - 1].at + t->pieces[t->n_pieces - 1].len : 0;

	if (at < end || len < 0 || at > INT64_MAX - len || at + len > t->real_size)
		return refuse(f, EBADMSG, "the map of a sparse file makes no sense");
	if (len == 0)
		return 0;
	if (t->n_pieces == TAR_SPARSE_MAX)
		return refuse(f, E2BIG, "a sparse file has more than %d pieces", TAR_SPARSE_MAX);
	if (!(t->n_pieces & (t->n_pieces - 1)))
		t->pieces = mem_resize(t->pieces, t->n_pieces ? t->n_pieces * 2 : 1, sizeof(*t->pieces));
	t->pieces[t->n_pieces++] = (struct tar_piece){ at, len };
	return 0;
}

/* GNU's old format: four pairs in the header, 21 in each block that follows while told so. */
static int sparse_old(struct tar *t, const unsigned char *h, struct fail *f)
{
	unsigned char block[BLOCK];
	const unsigned char *p = h + H_SPARSE;
	size_t n = 4;
	bool again = h[H_EXTENDED];

	t->real_size = number(h + H_REALSIZE, 12);
	if (t->real_size < 0)
		return refuse(f, EBADMSG, "a sparse file has no size");
	for (;;) {
		int r;

		for (size_t i = 0; i < n && p[i * 24]; i++)
			if (piece_add(t, number(p + i * 24, 12), number(p + i * 24 + 12, 12), f) < 0)
				return -f->code;
		if (!again)
			return 0;
		r = take(t, block, BLOCK, f);
		if (r <= 0)
			return r < 0 ? r : refuse(f, EBADMSG, "the archive ends too soon, at byte %lld",
						  (long long)t->offset);
		p = block;
		n = 21;
		again = block[504];
	}
}

/* pax 0.1: "at,len,at,len". */
static int sparse_map(struct tar *t, const char *map, struct fail *f)
{
	auto_strv char **v = strv_split(map, ",", true);
	int64_t at, len;

	if (strv_len(v) % 2)
		return refuse(f, EBADMSG, "the map of a sparse file makes no sense");
	for (size_t i = 0; v && v[i]; i += 2) {
		if (pax_number(v[i], &at, "map", f) < 0 || pax_number(v[i + 1], &len, "map", f) < 0 ||
		    piece_add(t, at, len, f) < 0)
			return -f->code;
	}
	return 0;
}

static int sparse_line(struct tar *t, int64_t *ret, int64_t *used, struct fail *f)
{
	char line[24];
	size_t n = 0;

	for (;;) {
		char c;
		int r = *used < t->e.size ? take(t, &c, 1, f) : 0;

		if (r < 0)
			return r;
		if (r == 0 || n == sizeof(line) - 1)
			return refuse(f, EBADMSG, "the map of a sparse file makes no sense");
		++*used;
		if (c == '\n')
			break;
		line[n++] = c;
	}
	line[n] = '\0';
	return pax_number(line, ret, "map", f);
}

/* pax 1.0: the map leads the data, one number a line, padded to whole blocks. */
static int sparse_lead(struct tar *t, struct fail *f)
{
	int64_t used = 0, count = 0;
	int r = sparse_line(t, &count, &used, f);

	if (r == 0 && (count < 0 || count > TAR_SPARSE_MAX))
		return refuse(f, E2BIG, "a sparse file has more than %d pieces", TAR_SPARSE_MAX);
	for (int64_t i = 0; r == 0 && i < count; i++) {
		int64_t at = 0, len = 0;

		r = sparse_line(t, &at, &used, f);
		if (r == 0)
			r = sparse_line(t, &len, &used, f);
		if (r == 0)
			r = piece_add(t, at, len, f);
	}
	if (r == 0)
		r = skip(t, padding(used), f);
	t->data_left = t->e.size - used - padding(used);
	if (r == 0 && t->data_left < 0)
		return refuse(f, EBADMSG, "the map of a sparse file makes no sense");
	return r;
}

static int sparse_begin(struct tar *t, const unsigned char *h, struct ext *x, struct fail *f)
{
	int64_t sum = 0;
	int r;

	if (t->e.type != TAR_FILE || (h[H_TYPE] != 'S' && !x->sparse))
		return 0;
	t->real_size = x->sparse_size;
	if (h[H_TYPE] == 'S')
		r = sparse_old(t, h, f);
	else
		r = x->sparse_major ? sparse_lead(t, f) : sparse_map(t, str_cstr(&x->map), f);
	if (r < 0)
		return r;
	for (size_t i = 0; i < t->n_pieces; i++)
		sum += t->pieces[i].len;
	if (sum != t->data_left || t->real_size < 0)
		return refuse(f, EBADMSG, "the map of a sparse file doesn't fit its data");
	/* An entry with a map but no data at all still has its size: one piece of nothing. */
	if (!t->pieces)
		t->pieces = mem_alloc(sizeof(*t->pieces));
	t->e.size = t->real_size;
	return 0;
}

static int entry_build(struct tar *t, const unsigned char *h, struct ext *x, struct fail *f)
{
	struct tar_entry *e = &t->e;
	int64_t mtime = number(h + H_MTIME, 12);
	int r;

	e->name = x->path ? mem_take(&x->path) : name_of(h);
	e->link = x->link ? mem_take(&x->link) : mem_strndup((const char *)h + H_LINK, 100);
	e->mode = (uint32_t)number(h + H_MODE, 8) & 07777;
	e->uid = x->has_uid ? x->uid : number(h + H_UID, 8);
	e->gid = x->has_gid ? x->gid : number(h + H_GID, 8);
	e->size = x->has_size ? x->size : number(h + H_SIZE, 12);
	e->mtime = x->has_mtime ? x->mtime :
				  (struct timespec){ .tv_sec = mtime == INT64_MIN ? 0 : mtime };
	e->xattrs = mem_take(&x->xattrs);
	e->n_xattrs = x->n_xattrs;
	x->n_xattrs = 0;
	if (strlen(e->name) > TAR_NAME_MAX || strlen(e->link) > TAR_NAME_MAX)
		return refuse(f, ENAMETOOLONG, "an entry's name has more than %d bytes", TAR_NAME_MAX);
	r = type_of(e, h[H_TYPE], f);
	if (r < 0)
		return r;
	if (e->type == TAR_CHAR || e->type == TAR_BLOCK) {
		e->dev_major = (uint32_t)number(h + H_MAJOR, 8);
		e->dev_minor = (uint32_t)number(h + H_MINOR, 8);
	}
	if (e->type != TAR_FILE)
		e->size = 0;
	if (e->size < 0 || e->size > INT64_MAX - BLOCK)
		return refuse(f, EBADMSG, "an entry has a size that makes no sense");
	t->data_left = e->size;
	t->pad = padding(e->size);
	return sparse_begin(t, h, x, f);
}

/* One header block: 1 an entry, 0 the end, 2 an extended header was taken in. */
static int one_header(struct tar *t, struct ext *x, struct fail *f)
{
	unsigned char h[BLOCK];
	char *text = NULL;
	int64_t size;
	int r = take(t, h, BLOCK, f);

	if (r <= 0)
		return r;
	if (all_zero(h))
		return 0;
	if (!sum_right(h))
		return refuse(f, EBADMSG, t->offset == BLOCK ? "this is no tar: no header at byte %lld" :
							       "no tar header at byte %lld",
			      (long long)t->offset - BLOCK);
	size = number(h + H_SIZE, 12);
	switch (h[H_TYPE]) {
	case 'x': case 'X':
		r = take_ext(t, x, size, &text, f);
		if (r == 0)
			r = pax_parse(x, text, (size_t)size, f);
		free(text);
		return r < 0 ? r : 2;
	case 'L': case 'K':
		r = take_ext(t, x, size, &text, f);
		if (r == 0)
			mem_replace(h[H_TYPE] == 'L' ? &x->path : &x->link, text);
		return r < 0 ? r : 2;
	case 'g': case 'V':	/* for the whole archive; a volume's label */
		if (size < 0)
			return refuse(f, EBADMSG, "an entry has a size that makes no sense");
		r = skip(t, size, f);
		if (r == 0)
			r = skip(t, padding(size), f);
		return r < 0 ? r : 2;
	default:
		r = entry_build(t, h, x, f);
		return r < 0 ? r : 1;
	}
}

int tar_next(struct tar *t, struct tar_entry **ret, struct fail *f)
{
	auto_ext struct ext x = { .map = STR_INIT(TAR_PAX_MAX) };
	int r = skip(t, t->data_left, f);

	if (r == 0)
		r = skip(t, t->pad, f);
	t->data_left = t->pad = 0;
	entry_clear(&t->e);
	free(t->pieces);
	t->pieces = NULL;
	t->n_pieces = t->piece = 0;
	t->piece_at = 0;
	if (r < 0)
		return r;
	do
		r = one_header(t, &x, f);
	while (r == 2);
	if (r > 0)
		*ret = &t->e;
	return r;
}

bool tar_is_sparse(const struct tar *t)
{
	return t->pieces;
}

ssize_t tar_data(struct tar *t, const void **ret, int64_t *ret_at, struct fail *f)
{
	int64_t most = t->data_left;
	size_t n;
	int r;

	if (most <= 0)
		return 0;
	*ret_at = t->e.size - t->data_left;
	if (t->pieces) {
		if (t->piece < t->n_pieces && t->piece_at == t->pieces[t->piece].len) {
			t->piece++;
			t->piece_at = 0;
		}
		*ret_at = t->pieces[t->piece].at + t->piece_at;
		most = t->pieces[t->piece].len - t->piece_at;
	}
	r = more(t, f);
	if (r < 0)
		return r;
	if (r == 0)
		return refuse(f, EBADMSG, "the archive ends too soon, at byte %lld", (long long)t->offset);
	n = (uint64_t)most < t->n ? (size_t)most : t->n;
	*ret = t->p;
	eat(t, n);
	t->data_left -= (int64_t)n;
	t->piece_at += (int64_t)n;
	return (ssize_t)n;
}

int tar_drain(struct tar *t, struct fail *f)
{
	int r;

	while ((r = more(t, f)) > 0)
		eat(t, t->n);
	return r;
}
