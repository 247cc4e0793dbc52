// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "runtime/privs.h"

/*
 * Who "-u USER[:GROUP]" is, by the image's own /etc/passwd and /etc/group, as podman finds it: the
 * first line whose name is the word, or whose number it is; a number needs no line. Without GROUP
 * the user's group and the groups that list it; with GROUP that one alone (user_groups in
 * podman-run(1)); of a user that is named its own group is a supplementary one, too. Both files are foreign bytes.
 */
enum { DB_MAX = 1024 * 1024, ID_MAX = INT32_MAX };

/* A database in memory, cut at DB_MAX; missing or not a plain file: empty. */
struct db {
	struct str text;
	bool cut;
};

static void db_done(struct db *db)
{
	str_done(&db->text);
}
#define auto_db __attribute__((cleanup(db_done)))

static void db_read(int root_fd, const char *path, struct db *ret)
{
	auto_fd int fd = path_open_in_root(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;
	ssize_t n;

	*ret = (struct db){ .text = STR_INIT(DB_MAX) };
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	ret->cut = st.st_size > DB_MAX;
	while (true) {
		char buf[8192];

		n = io_read(fd, buf, sizeof(buf));
		if (n <= 0)
			return;
		if ((size_t)n > DB_MAX - ret->text.len)
			n = (ssize_t)(DB_MAX - ret->text.len);
		if (n == 0) {
			ret->cut = true;
			return;
		}
		str_addn(&ret->text, buf, (size_t)n);
	}
}

/* A piece of the text: not terminated. */
struct word {
	const char *s;
	size_t n;
};

static bool word_is(struct word w, const char *s)
{
	return strlen(s) == w.n && !memcmp(w.s, s, w.n);
}

/* Decimal digits only, within what podman takes; anything else is no id. */
static bool word_to_id(struct word w, uint32_t *ret)
{
	uint64_t v = 0;

	if (w.n == 0 || w.n > 10)
		return false;
	for (size_t i = 0; i < w.n; i++) {
		if (w.s[i] < '0' || w.s[i] > '9')
			return false;
		v = v * 10 + (unsigned)(w.s[i] - '0');
	}
	*ret = (uint32_t)v;
	return v <= ID_MAX;
}

enum { FIELDS = 7 };

/* Splits the next line of TEXT at colons; the last field keeps the rest. False at the end. */
static bool next_line(struct word *text, struct word fields[FIELDS], size_t *ret_n)
{
	struct word line = *text;
	const char *end;

	if (!text->n)
		return false;
	end = memchr(text->s, '\n', text->n);
	if (end)
		line.n = (size_t)(end - text->s);
	text->s += line.n + (end != NULL);
	text->n -= line.n + (end != NULL);
	*ret_n = 0;
	while (*ret_n < FIELDS) {
		const char *colon = memchr(line.s, ':', line.n);
		size_t n = colon && *ret_n < FIELDS - 1 ? (size_t)(colon - line.s) : line.n;

		fields[(*ret_n)++] = (struct word){ line.s, n };
		if (n == line.n)
			break;
		line.s += n + 1;
		line.n -= n + 1;
	}
	return true;
}

static void copy_word(char *to, size_t size, struct word w)
{
	if (w.n >= size || memchr(w.s, '\0', w.n))
		return;		/* no name or home of a real system */
	memcpy(to, w.s, w.n);
	to[w.n] = '\0';
}

/* Finds the passwd line of WHO (a name or a number) and fills RET from it. */
static bool find_user(const struct db *db, const char *who, struct privs_user *ret)
{
	struct word text = { str_cstr(&db->text), db->text.len }, fields[FIELDS];
	struct word number = { who, strlen(who) };
	uint32_t id = 0, uid, gid;
	bool by_id = word_to_id(number, &id);
	size_t n;

	while (next_line(&text, fields, &n)) {
		if (n < 4 || !word_to_id(fields[2], &uid) || !word_to_id(fields[3], &gid) ||
		    !fields[0].n)
			continue;
		if (!word_is(fields[0], who) && !(by_id && uid == id))
			continue;
		ret->uid = uid;
		ret->gid = gid;
		copy_word(ret->name, sizeof(ret->name), fields[0]);
		if (n >= 6 && fields[5].n)
			copy_word(ret->home, sizeof(ret->home), fields[5]);
		return true;
	}
	return false;
}

static bool find_group(const struct db *db, const char *which, uint32_t *ret)
{
	struct word text = { str_cstr(&db->text), db->text.len }, fields[FIELDS];
	struct word number = { which, strlen(which) };
	uint32_t id = 0, gid;
	bool by_id = word_to_id(number, &id);
	size_t n;

	while (next_line(&text, fields, &n)) {
		if (n < 3 || !word_to_id(fields[2], &gid) || !fields[0].n)
			continue;
		if (word_is(fields[0], which) || (by_id && gid == id)) {
			*ret = gid;
			return true;
		}
	}
	return false;
}

static int add_group(struct privs_user *u, uint32_t gid, struct fail *f)
{
	for (size_t i = 0; i < u->n_groups; i++)
		if (u->groups[i] == gid)
			return 0;
	if (u->n_groups == ARRAY_LEN(u->groups))
		return refuse(f, E2BIG, "more than %zu supplementary groups", u->n_groups);
	u->groups[u->n_groups++] = gid;
	return 0;
}

static bool lists(struct word members, const char *name)
{
	while (true) {
		const char *comma = memchr(members.s, ',', members.n);
		struct word one = { members.s, comma ? (size_t)(comma - members.s) : members.n };

		if (word_is(one, name))
			return true;
		if (!comma)
			return false;
		members.s += one.n + 1;
		members.n -= one.n + 1;
	}
}

/* Adds the groups that list NAME among their members. */
static int add_memberships(const struct db *db, const char *name, struct privs_user *u,
			   struct fail *f)
{
	struct word text = { str_cstr(&db->text), db->text.len }, fields[FIELDS];
	uint32_t gid;
	size_t n;

	while (next_line(&text, fields, &n)) {
		int r;

		if (n < 4 || !word_to_id(fields[2], &gid) || !lists(fields[3], name))
			continue;
		r = add_group(u, gid, f);
		if (r < 0)
			return r;
	}
	return 0;
}

static int not_found(const char *kind, const char *who, const struct db *db, const char *file,
		     struct fail *f)
{
	refuse(f, ENOENT, "unable to find %s %.100s: no matching entries in %s file", kind, who, file);
	if (db->cut)
		fail_hint(f, "only the first MiB of the container's /etc/%s is read", file);
	return -ENOENT;
}

/* A word that is all digits but no id: "4294967295", which is -1 to the kernel. */
static int bad_number(const char *kind, const char *who, struct fail *f)
{
	if (!*who || who[strspn(who, "0123456789")])
		return 0;
	return refuse(f, ERANGE, "%s %.100s is not within 0-2147483647", kind, who);
}

static int resolve_user(const struct db *passwd, const char *who, struct privs_user *ret,
			struct fail *f)
{
	struct word number = { who, strlen(who) };
	int r;

	if (find_user(passwd, who, ret))
		return 0;
	if (word_to_id(number, &ret->uid))
		return 0;
	r = bad_number("uid", who, f);
	return r < 0 ? r : not_found("user", who, passwd, "passwd", f);
}

static int resolve_group(const struct db *group, const char *which, uint32_t *ret, struct fail *f)
{
	struct word number = { which, strlen(which) };
	int r;

	if (find_group(group, which, ret) || word_to_id(number, ret))
		return 0;
	r = bad_number("gid", which, f);
	return r < 0 ? r : not_found("group", which, group, "group", f);
}

/* "user", "user:group", ":group", "user:". */
static int resolve(int root_fd, const char *spec, const struct db *group, struct privs_user *ret,
		   struct fail *f)
{
	const char *colon = strchr(spec, ':');
	auto_free char *who = mem_strndup(spec, colon ? (size_t)(colon - spec) : strlen(spec));
	const char *which = colon ? colon + 1 : "";
	auto_db struct db passwd = { 0 };
	int r;

	db_read(root_fd, "etc/passwd", &passwd);
	r = resolve_user(&passwd, *who ? who : "0", ret, f);
	if (r < 0)
		return r;
	if (*which)
		return resolve_group(group, which, &ret->gid, f);
	return *ret->name ? add_memberships(group, ret->name, ret, f) : 0;
}

/* Numbers as the OCI spec has them: only name and home are looked up. */
static int take_numbers(int root_fd, const struct spec_user *u, struct privs_user *ret, struct fail *f)
{
	auto_db struct db passwd = { 0 };
	char who[16];

	if (u->uid == UINT32_MAX || u->gid == UINT32_MAX)
		return refuse(f, ERANGE, "%s 4294967295 means no %s to the kernel",
			      u->uid == UINT32_MAX ? "uid" : "gid",
			      u->uid == UINT32_MAX ? "user" : "group");
	snprintf(who, sizeof(who), "%u", u->uid);
	db_read(root_fd, "etc/passwd", &passwd);
	(void)find_user(&passwd, who, ret);
	ret->uid = u->uid;
	ret->gid = u->gid;
	return 0;
}

int privs_user_lookup(int root_fd, const struct spec_user *u, struct privs_user *ret, struct fail *f)
{
	auto_db struct db group = { 0 };
	int r;

	*ret = (struct privs_user){ .home = "/" };
	if (u->username || u->group_add)
		db_read(root_fd, "etc/group", &group);
	if (u->username)
		r = resolve(root_fd, u->username, &group, ret, f);
	else
		r = take_numbers(root_fd, u, ret, f);
	ret->n_listed = ret->n_groups;
	/* A set-group-id program would otherwise be a way out of a group that a file's mode shuts out. */
	if (r == 0 && u->username && *u->username)
		r = add_group(ret, ret->gid, f);
	for (size_t i = 0; r == 0 && i < u->additional_gids.n; i++)
		r = add_group(ret, u->additional_gids.v[i], f);
	strv_each(it, u->group_add)
	{
		uint32_t gid;

		if (!strcmp(*it, "keep-groups")) {
			ret->keep_groups = true;
			continue;
		}
		if (r == 0)
			r = resolve_group(&group, *it, &gid, f);
		if (r == 0)
			r = add_group(ret, gid, f);
	}
	return r;
}

bool privs_has_user(int root_fd, const char *who)
{
	auto_db struct db passwd = { 0 };
	struct privs_user ignored;

	db_read(root_fd, "etc/passwd", &passwd);
	return find_user(&passwd, who, &ignored);
}

bool privs_has_group(int root_fd, const char *which)
{
	auto_db struct db group = { 0 };
	uint32_t ignored;

	db_read(root_fd, "etc/group", &group);
	return find_group(&group, which, &ignored);
}
