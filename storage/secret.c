// SPDX-License-Identifier: Apache-2.0
#include "storage/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "storage/dir.h"

enum { HEAD_MAX = 256 * 1024 };

static const struct field head_fields[] = {
	FIELD_MUST(FK_STR, "ID", struct secret, id, char *),
	FIELD_MUST(FK_STR, "Name", struct secret, name, char *),
	FIELD_MAP("Labels", struct secret, labels),
	FIELD_I64("Created", struct secret, created),
	FIELD_I64("Updated", struct secret, updated),
	FIELD_END
};

void secret_done(struct secret *s)
{
	if (s->data)
		explicit_bzero(s->data, s->len);
	mem_free_ptr(&s->data);
	jsonf_done(head_fields, s);
	*s = (struct secret){ 0 };
}

void secret_list_done(struct secret_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		secret_done(&l->v[i]);
	mem_free_ptr(&l->v);
	l->n = 0;
}

static int load(int dir, const char *id, struct secret *ret, struct fail *f)
{
	struct str s = STR_INIT(HEAD_MAX + SECRET_DATA_MAX);
	auto_json json_t *head = NULL;
	const char *nl;
	int r = file_read(dir, id, &s);

	*ret = (struct secret){ 0 };
	if (r < 0) {
		str_done(&s);
		return fail(f, -r, "read secret '%s'", id);
	}
	nl = s.s ? memchr(s.s, '\n', s.len) : NULL;
	if (nl)
		head = jsonf_parse(s.s, (size_t)(nl - s.s), HEAD_MAX, id, f);
	r = head ? jsonf_read(head_fields, ret, head, f) : nl ? -f->code :
	    refuse(f, EBADMSG, "secret '%s' is not whole", id);
	if (r == 0) {
		ret->len = s.len - (size_t)(nl + 1 - s.s);
		ret->data = mem_alloc(ret->len + 1);
		memcpy(ret->data, nl + 1, ret->len);
	} else {
		secret_done(ret);
	}
	if (s.s)
		explicit_bzero(s.s, s.len);
	str_done(&s);
	return r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct secret *)a)->name, ((const struct secret *)b)->name);
}

static int list_in(int dir, struct secret_list *ret, struct fail *f)
{
	auto_strv char **names = NULL;
	int r = dir_list(dir, ".", &names);

	*ret = (struct secret_list){ 0 };
	if (r < 0)
		return fail(f, -r, "list the secrets");
	ret->v = mem_array(strv_len(names) + 1, sizeof(*ret->v));
	strv_each(it, names) {
		struct fail ignored = { 0 };

		/* Removed meanwhile, or no secret at all. */
		if (load(dir, *it, &ret->v[ret->n], &ignored) == 0)
			ret->n++;
	}
	qsort(ret->v, ret->n, sizeof(*ret->v), by_name);
	return 0;
}

int secret_list(const struct store *st, struct secret_list *ret, struct fail *f)
{
	auto_fd int dir = store_dir(st, "secrets", f);

	*ret = (struct secret_list){ 0 };
	return dir < 0 ? dir : list_in(dir, ret, f);
}

static struct secret *find_name(const struct secret_list *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->v[i].name, name))
			return &l->v[i];
	return NULL;
}

static int find_in(const struct secret_list *l, const char *text, struct secret **ret, struct fail *f)
{
	size_t len = strlen(text), found = 0;

	*ret = find_name(l, text);
	if (*ret)
		return 0;
	for (size_t i = 0; len && i < l->n; i++) {
		if (strncmp(l->v[i].id, text, len))
			continue;
		*ret = &l->v[i];
		found++;
	}
	if (found > 1)
		return refuse(f, ENOTUNIQ, "more than one result secret with prefix %.60s: secret is ambiguous", text);
	return found ? 0 : refuse(f, ENOENT, "no secret with name or id \"%.260s\": no such secret", text);
}

int secret_find(const struct store *st, const char *text, struct secret *ret, struct fail *f)
{
	auto_secret_list struct secret_list all = { 0 };
	struct secret *found;
	int r = secret_list(st, &all, f);

	*ret = (struct secret){ 0 };
	if (r == 0)
		r = find_in(&all, text, &found, f);
	if (r < 0)
		return r;
	*ret = *found;
	*found = (struct secret){ 0 };
	return 0;
}

static int lock_dir(const struct store *st, int *ret_dir, struct fail *f)
{
	int lock;

	*ret_dir = store_dir(st, "secrets", f);
	if (*ret_dir < 0)
		return *ret_dir;
	lock = file_lock(*ret_dir, ".lock", LOCK_WAIT);
	return lock < 0 ? fail(f, -lock, "lock the secrets") : lock;
}

static int write_file(int dir, const struct secret *s, struct fail *f)
{
	auto_json json_t *head = jsonf_write(head_fields, s);
	auto_free char *line = jsonf_text(head, 0);
	size_t n = strlen(line);
	char *all;
	int r;

	if (n + 1 > HEAD_MAX)
		return refuse(f, E2BIG, "the labels of secret '%s' are too long", s->name);
	all = mem_alloc(n + 1 + s->len);
	memcpy(all, line, n);
	all[n] = '\n';
	memcpy(all + n + 1, s->data, s->len);
	r = file_replace(dir, s->id, all, n + 1 + s->len, 0600, FILE_SYNC);
	explicit_bzero(all, n + 1 + s->len);
	free(all);
	return r < 0 ? fail(f, -r, "write secret '%s'", s->name) : 0;
}

static int new_id(char ret[SECRET_ID_LEN + 1], struct fail *f)
{
	char hex[27];
	int r = dir_random_hex(hex, 13);

	if (r < 0)
		return fail(f, -r, "make a secret's id");
	memcpy(ret, hex, SECRET_ID_LEN);
	ret[SECRET_ID_LEN] = '\0';
	return 0;
}

int secret_save(const struct store *st, struct secret *s, bool replace, struct fail *f)
{
	auto_secret_list struct secret_list all = { 0 };
	auto_fd int dir = -EBADF;
	auto_fd int lock = lock_dir(st, &dir, f);
	const struct secret *before;
	char id[SECRET_ID_LEN + 1];
	int r = lock < 0 ? lock : list_in(dir, &all, f);

	if (r == 0)
		r = new_id(id, f);
	if (r < 0)
		return r;
	before = find_name(&all, s->name);
	if (before && !replace)
		return refuse(f, EEXIST, "%.260s: secret name in use", s->name);
	s->updated = time_now();
	s->created = before ? before->created : s->updated;
	mem_replace(&s->id, mem_strdup(before ? before->id : id));
	return write_file(dir, s, f);
}

int secret_remove(const struct store *st, const char *text, char ret_id[SECRET_ID_LEN + 1], struct fail *f)
{
	auto_secret_list struct secret_list all = { 0 };
	auto_fd int dir = -EBADF;
	auto_fd int lock = lock_dir(st, &dir, f);
	struct secret *found;
	int r = lock < 0 ? lock : list_in(dir, &all, f);

	if (r == 0)
		r = find_in(&all, text, &found, f);
	if (r < 0)
		return r;
	memset(ret_id, 0, SECRET_ID_LEN + 1);
	memcpy(ret_id, found->id, strnlen(found->id, SECRET_ID_LEN));
	if (unlinkat(dir, ret_id, 0) < 0)
		return fail(f, errno, "remove secret '%s'", found->name);
	r = file_sync(dir);
	return r < 0 ? fail(f, -r, "remove secret '%s'", found->name) : 0;
}
