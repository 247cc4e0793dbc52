// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/engine/filter.h"
#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"

static int check_name(const char *name, struct fail *f)
{
	size_t n = strlen(name);
	bool bad = !n || n > SECRET_NAME_MAX;

	for (const char *p = name; *p && !bad; p++)
		bad = (unsigned char)*p <= ' ' || *p == '\x7f' || strchr("=/,", *p);
	if (!bad)
		return 0;
	return refuse(f, EINVAL, "secret name '%.100s' can not include '=', '/', ',', blanks or control characters, "
		      "and has 1 to %d bytes: invalid secret name", name, SECRET_NAME_MAX);
}

static int check_driver(const struct secret_opts *o, struct fail *f)
{
	if (o->driver && strcmp(o->driver, "file")) {
		(void)refuse(f, ENOTSUP, "the secret driver '%.40s' is not supported: file is", o->driver);
		fail_hint(f, "pipe what the other driver keeps: pass show NAME | rbox secret create NAME -");
		return -ENOTSUP;
	}
	if (o->driver_opts)
		return refuse(f, EINVAL, "the secret driver 'file' has no option '%.60s'", o->driver_opts[0]);
	return 0;
}

static int read_fd(int fd, const char *what, struct str *s, struct fail *f)
{
	int r = io_read_all(fd, s);

	if (r == -EFBIG)
		return refuse(f, EFBIG, "secret data must be larger than 0 and less than %d bytes", SECRET_DATA_MAX);
	return r < 0 ? fail(f, -r, "read '%s'", what) : 0;
}

static int read_content(const struct secret_opts *o, const char *file, struct str *s, struct fail *f)
{
	auto_fd int fd = -EBADF;
	struct stat st;

	if (o->env) {
		const char *value = getenv(file);

		if (!value)
			return refuse(f, ENOENT, "cannot create store secret data: environment variable %.200s is not "
				      "set", file);
		str_add(s, value);
		return 0;
	}
	if (!strcmp(file, "-")) {
		if (fstat(0, &st) == 0 && S_ISCHR(st.st_mode))
			return refuse(f, EINVAL, "if `-` is used, data must be passed into stdin");
		return read_fd(0, "stdin", s, f);
	}
	fd = fd_open(AT_FDCWD, file, O_RDONLY, 0);
	return fd < 0 ? fail(f, -fd, "open %s", file) : read_fd(fd, file, s, f);
}

static int save(struct engine *e, const struct secret_opts *o, const char *name, struct str *s,
		char ret_id[SECRET_ID_LEN + 1], struct fail *f)
{
	auto_secret struct secret sec = { .name = mem_strdup(name), .data = s->s, .len = s->len };
	int r = 0;

	/* secret_done wipes and frees it. */
	*s = (struct str){ 0 };
	strv_each(it, o->labels) {
		auto_free char *entry = strchr(*it, '=') ? mem_strdup(*it) : mem_printf("%s=", *it);

		if (*entry == '=')
			return refuse(f, EINVAL, "invalid label '%.60s': the name is empty", *it);
		strv_env_set(&sec.labels, entry);
	}
	r = secret_save(&e->store, &sec, o->replace, f);
	if (r == -EEXIST && o->ignore) {
		auto_secret struct secret there = { 0 };

		fail_clear(f);
		r = secret_find(&e->store, name, &there, f);
		if (r == 0)
			mem_replace(&sec.id, mem_take(&there.id));
	}
	if (r == 0) {
		memset(ret_id, 0, SECRET_ID_LEN + 1);
		memcpy(ret_id, sec.id, strnlen(sec.id, SECRET_ID_LEN));
	}
	return r;
}

int engine_secret_create(struct engine *e, const struct secret_opts *o, const char *name, const char *file,
			 char ret_id[SECRET_ID_LEN + 1], struct fail *f)
{
	struct str s = STR_INIT(SECRET_DATA_MAX);
	int r = check_name(name, f);

	if (r == 0)
		r = check_driver(o, f);
	if (r == 0)
		r = read_content(o, file, &s, f);
	if (r == 0 && (!s.len || str_failed(&s)))
		r = refuse(f, EINVAL, "secret data must be larger than 0 and less than %d bytes", SECRET_DATA_MAX);
	if (r == 0)
		r = save(e, o, name, &s, ret_id, f);
	if (s.s)
		explicit_bzero(s.s, s.len);
	str_done(&s);
	return r;
}

static bool name_matches(const char *value, const void *ctx)
{
	return filter_regex(value, ((const struct secret *)ctx)->name);
}

static bool id_matches(const char *value, const void *ctx)
{
	return str_starts(((const struct secret *)ctx)->id, value);
}

static char *ago(int64_t t)
{
	char buf[TIME_HUMAN_MAX];

	return mem_printf("%s ago", time_human(time_now() - t, buf));
}

int engine_secrets(struct engine *e, char *const *filters, json_t **ret, struct fail *f)
{
	auto_secret_list struct secret_list all = { 0 };
	int r = 0;

	strv_each(it, filters) {
		if (str_starts(*it, "name=") || str_starts(*it, "id="))
			continue;
		return refuse(f, EINVAL, "invalid filter \"%.*s\": name=REGEX or id=PREFIX", (int)strcspn(*it, "="), *it);
	}
	r = secret_list(&e->store, &all, f);
	if (r < 0)
		return r;
	*ret = json_array();
	for (size_t i = 0; i < all.n; i++) {
		const struct secret *s = &all.v[i];
		auto_free char *created = ago(s->created), *updated = ago(s->updated);

		if (!filter_any(filters, "name", name_matches, s) || !filter_any(filters, "id", id_matches, s))
			continue;
		json_array_append_new(*ret, json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "ID", s->id, "Name", s->name,
						      "CreatedAt", created, "UpdatedAt", updated, "Driver", "file",
						      "Labels", jsonf_map(s->labels)));
	}
	return 0;
}

int engine_secret_inspect(struct engine *e, const char *text, bool show, json_t **ret, struct fail *f)
{
	auto_secret struct secret s = { 0 };
	char created[TIME_TEXT_MAX], updated[TIME_TEXT_MAX];
	auto_free char *path = mem_printf("%s/secrets", e->store.path);
	int r = secret_find(&e->store, text, &s, f);

	if (r < 0)
		return r;
	*ret = json_pack("{s:s, s:s, s:s, s:{s:s, s:{s:s, s:{s:s}}, s:o}}", "ID", s.id,
			 "CreatedAt", time_format_nano(s.created, created),
			 "UpdatedAt", time_format_nano(s.updated, updated),
			 "Spec", "Name", s.name, "Driver", "Name", "file", "Options", "path", path,
			 "Labels", jsonf_map(s.labels));
	if (show) {
		json_t *data = json_stringn(s.data, s.len);

		if (!data)
			return refuse(f, EILSEQ, "secret '%s' is not text: it can't be shown", s.name);
		json_object_set_new(*ret, "SecretData", data);
	}
	return 0;
}
