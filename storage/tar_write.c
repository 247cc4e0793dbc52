// SPDX-License-Identifier: Apache-2.0
#include "storage/tar_write.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"

enum { BLOCK = 512, BUFFER = 1024 * 1024, PAX_MAX = 8 * 1024 * 1024 };

/* POSIX.1-1988, "ustar". */
struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100], magic[6],
		version[2], uname[32], gname[32], dev_major[8], dev_minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a tar header is one block");

void tar_writer_init(struct tar_writer *w, int fd)
{
	*w = (struct tar_writer){ .fd = fd, .buf = mem_alloc(BUFFER) };
}

void tar_writer_done(struct tar_writer *w)
{
	free(w->buf);
	w->buf = NULL;
}

static int flush(struct tar_writer *w, struct fail *f)
{
	int r = io_write_full(w->fd, w->buf, w->n);

	w->n = 0;
	return r < 0 ? fail(f, -r, "write the tar") : 0;
}

/* DATA NULL: zeros. */
static int put(struct tar_writer *w, const void *data, size_t n, struct fail *f)
{
	const char *p = data;

	while (n) {
		size_t part = BUFFER - w->n < n ? BUFFER - w->n : n;

		if (p)
			memcpy(w->buf + w->n, p, part);
		else
			memset(w->buf + w->n, 0, part);
		p = p ? p + part : NULL;
		w->n += part;
		n -= part;
		if (w->n == BUFFER) {
			int r = flush(w, f);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* Ends the file before: what it lacks, and the rest of its last block. */
static int finish_file(struct tar_writer *w, struct fail *f)
{
	int64_t rest = w->left + w->pad;
	int r = 0;

	w->left = w->pad = 0;
	while (r == 0 && rest > 0) {
		size_t n = rest < BUFFER ? (size_t)rest : BUFFER;

		r = put(w, NULL, n, f);
		rest -= (int64_t)n;
	}
	return r;
}

/* --- pax --- */

/* "LENGTH KEY=VALUE\n", where LENGTH counts itself. */
static void pax_add(struct str *s, const char *key, const void *value, size_t len)
{
	size_t rest = strlen(key) + len + 3, n = rest + 1;
	char text[32];

	while (n != rest + (size_t)snprintf(text, sizeof(text), "%zu", n))
		n = rest + strlen(text);
	str_addf(s, "%zu %s=", n, key);
	str_addn(s, value, len);
	str_addc(s, '\n');
}

static void pax_number(struct str *s, const char *key, int64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)v);
	pax_add(s, key, text, strlen(text));
}

enum { TEXT_ASCII, TEXT_UTF8, TEXT_BYTES };

static int charset_of(const char *s)
{
	size_t left = strlen(s);
	int kind = TEXT_ASCII;

	while (left) {
		size_t n = str_utf8(s, left, NULL);

		if (!n)
			return TEXT_BYTES;
		if (n > 1)
			kind = TEXT_UTF8;
		s += n;
		left -= n;
	}
	return kind;
}

/* Text that doesn't fit its field of the header, or whose bytes a reader could take for another charset's. */
static void pax_text(struct str *s, const char *key, const char *text, size_t room, bool *binary)
{
	int kind = charset_of(text);

	if (strlen(text) <= room && kind != TEXT_UTF8)
		return;
	*binary = *binary || kind == TEXT_BYTES;
	pax_add(s, key, text, strlen(text));
}

static bool fits_octal(int64_t v, int digits)
{
	return v >= 0 && v < INT64_C(1) << (3 * digits);
}

static char *name_in_tar(const struct tar_item *item)
{
	return mem_printf("%s%s", item->name, item->type == '5' && !str_ends(item->name, "/") ? "/" : "");
}

static void pax_build(const struct tar_item *item, const char *name, struct str *s)
{
	struct str body = STR_INIT(PAX_MAX);
	bool binary = false;

	pax_text(&body, "path", name, 100, &binary);
	if (item->link)
		pax_text(&body, "linkpath", item->link, 100, &binary);
	if (!fits_octal(item->size, 11))
		pax_number(&body, "size", item->size);
	if (!fits_octal(item->uid, 7))
		pax_number(&body, "uid", item->uid);
	if (!fits_octal(item->gid, 7))
		pax_number(&body, "gid", item->gid);
	if (!fits_octal(item->mtime, 11))
		pax_number(&body, "mtime", item->mtime);
	for (size_t i = 0; i < item->n_attrs; i++) {
		auto_free char *key = mem_printf("SCHILY.xattr.%s", item->attrs[i].name);

		/* There is no way to say such a name. */
		if (!strchr(key, '='))
			pax_add(&body, key, item->attrs[i].value, item->attrs[i].len);
	}
	/* First, for it says how the others are read. */
	if (binary)
		pax_add(s, "hdrcharset", "BINARY", 6);
	if (body.over)
		s->over = true;
	str_addn(s, str_cstr(&body), body.len);
	str_done(&body);
}

/* --- headers --- */

static void octal(char *field, size_t size, int64_t v)
{
	char text[32];

	if (!fits_octal(v, (int)size - 1))
		v = 0;
	snprintf(text, sizeof(text), "%0*llo", (int)size - 1, (unsigned long long)v);
	memcpy(field, text, size - 1);
}

static void field_text(char *field, size_t size, const char *text)
{
	size_t n = strlen(text);

	memcpy(field, text, n < size ? n : size);
}

static int put_header(struct tar_writer *w, const struct tar_item *item, const char *name, struct fail *f)
{
	struct header h;
	unsigned sum = 0;
	char text[16];

	memset(&h, 0, sizeof(h));
	field_text(h.name, sizeof(h.name), name);
	octal(h.mode, sizeof(h.mode), item->mode & 07777);
	octal(h.uid, sizeof(h.uid), item->uid);
	octal(h.gid, sizeof(h.gid), item->gid);
	octal(h.size, sizeof(h.size), item->size);
	octal(h.mtime, sizeof(h.mtime), item->mtime);
	h.type = item->type;
	if (item->link)
		field_text(h.link, sizeof(h.link), item->link);
	memcpy(h.magic, "ustar", 6);
	memcpy(h.version, "00", 2);
	octal(h.dev_major, sizeof(h.dev_major), item->dev_major);
	octal(h.dev_minor, sizeof(h.dev_minor), item->dev_minor);
	/* The sum counts its own field as blanks. */
	memset(h.sum, ' ', sizeof(h.sum));
	for (size_t i = 0; i < sizeof(h); i++)
		sum += ((const unsigned char *)&h)[i];
	snprintf(text, sizeof(text), "%06o", sum & 0777777);
	memcpy(h.sum, text, 7);
	return put(w, &h, sizeof(h), f);
}

static int put_pax(struct tar_writer *w, const struct str *records, const char *name, struct fail *f)
{
	char shown[100];
	struct tar_item head = { .name = shown, .type = 'x', .mode = 0644, .size = (int64_t)records->len };
	size_t n = strlen(name);
	int r;

	/* For readers that know nothing of pax and unpack it as a file. */
	while (n > 1 && name[n - 1] == '/')
		n--;
	while (n && name[n - 1] != '/')
		n--;
	snprintf(shown, sizeof(shown), "PaxHeaders.0/%.80s", name + n);
	r = put_header(w, &head, shown, f);
	if (r == 0)
		r = put(w, records->s, records->len, f);
	return r < 0 ? r : put(w, NULL, (BLOCK - records->len % BLOCK) % BLOCK, f);
}

int tar_write_item(struct tar_writer *w, const struct tar_item *item, struct fail *f)
{
	struct tar_item it = *item;
	auto_free char *name = name_in_tar(item);
	auto_str struct str records = STR_INIT(PAX_MAX);
	int r = finish_file(w, f);

	if (it.type != '0')
		it.size = 0;
	pax_build(&it, name, &records);
	if (str_failed(&records))
		return refuse(f, E2BIG, "the attributes of '%.300s' are larger than a tar header may be", name);
	if (r == 0 && records.len)
		r = put_pax(w, &records, name, f);
	if (r == 0)
		r = put_header(w, &it, name, f);
	w->left = it.size;
	w->pad = (BLOCK - it.size % BLOCK) % BLOCK;
	return r;
}

int tar_write_data(struct tar_writer *w, const void *data, size_t n, struct fail *f)
{
	/* A file that has grown since its header was written is cut. */
	if ((int64_t)n > w->left)
		n = (size_t)w->left;
	w->left -= (int64_t)n;
	return put(w, data, n, f);
}

int tar_write_end(struct tar_writer *w, struct fail *f)
{
	int r = finish_file(w, f);

	if (r == 0)
		r = put(w, NULL, 2 * BLOCK, f);
	return r < 0 ? r : flush(w, f);
}
