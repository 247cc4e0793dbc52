// SPDX-License-Identifier: Apache-2.0
#include "runtime/passwd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "runtime/privs.h"

/* A field of passwd(5) must not hold what separates fields and lines. */
static void add_value(struct str *ret, const char *value)
{
	for (; *value; value++)
		if (*value != ':' && *value != '\n')
			str_addc(ret, *value);
}

void passwd_expand(const char *template, const struct passwd_var *vars, struct str *ret)
{
	for (const char *p = template; *p;) {
		const struct passwd_var *v = vars;

		while (v->name && (*p != '$' || !str_starts(p + 1, v->name)))
			v++;
		if (v->name) {
			add_value(ret, v->value);
			p += 1 + strlen(v->name);
		} else {
			str_addc(ret, *p++);
		}
	}
	str_addc(ret, '\n');
}

void passwd_line(const struct passwd_var fields[5], const char *entry, struct str *ret)
{
	passwd_expand(entry && *entry ? entry : "$USERNAME:*:$UID:$GID:$NAME:$HOME:/bin/sh", fields, ret);
}

/* The file whole, its last line ended. */
static int read_base(int root_fd, const char *path, struct str *ret, struct fail *f)
{
	auto_fd int fd = path_open_in_root(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;
	int r = 0;

	if (fd < 0 && fd != -ENOENT && fd != -ENOTDIR)
		return fail(f, -fd, "read '%s' of the container", path);
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)))
		return refuse(f, EINVAL, "'%s' of the container is not a file", path);
	if (fd >= 0)
		r = io_read_all(fd, ret);
	if (r < 0)
		return fail(f, -r, "read '%s' of the container", path);
	if (ret->len && ret->s[ret->len - 1] != '\n')
		str_addc(ret, '\n');
	return 0;
}

static int with_lines(int root_fd, const char *path, const char *lines, struct str *ret, struct fail *f)
{
	int r = read_base(root_fd, path, ret, f);

	if (r < 0)
		return r;
	str_add(ret, lines);
	return str_failed(ret) ? refuse(f, EFBIG, "'%s' of the container is too large", path) : 0;
}

/* Whether the name or the uid that LINE is about is there. */
static bool has_line(int root_fd, const char *line)
{
	auto_strv char **fields = strv_split(line, ":", false);

	return strv_len(fields) > 2 && (privs_has_user(root_fd, fields[0]) || privs_has_user(root_fd, fields[2]));
}

int passwd_with_hosts(int root_fd, const struct passwd_rules *rules, struct str *ret, struct fail *f)
{
	auto_str struct str lines = STR_INIT(1 << 20);

	strv_each(it, rules->host)
		if (!has_line(root_fd, *it))
			str_add(&lines, *it);
	return lines.len ? with_lines(root_fd, "/etc/passwd", str_cstr(&lines), ret, f) : 0;
}

int passwd_with_user(int root_fd, const struct privs_user *u, const char *home, const char *entry,
		     struct str *ret, struct fail *f)
{
	auto_free char *uid = mem_printf("%u", u->uid), *gid = mem_printf("%u", u->gid);
	auto_str struct str line = STR_INIT(1 << 20);
	/* A home that isn't one, or would be another without its colons, is none. */
	const char *place = home && *home == '/' && !strpbrk(home, ":\n") ? home : "/";

	passwd_line(PASSWD_FIELDS(uid, uid, gid, "container user", place), entry, &line);
	return with_lines(root_fd, "/etc/passwd", str_cstr(&line), ret, f);
}

int passwd_with_group(int root_fd, const char *spec, const char *entry, struct str *ret, struct fail *f)
{
	size_t user_len = strcspn(spec, ":");
	auto_free char *user = mem_strndup(spec, user_len);
	const char *group = spec[user_len] && spec[user_len + 1] ? spec + user_len + 1 : user;
	auto_str struct str line = STR_INIT(1 << 20);

	if (!*group || group[strspn(group, "0123456789")] || privs_has_group(root_fd, group))
		return 0;
	passwd_expand(entry && *entry ? entry : "$GROUPNAME:x:$GID:$USERLIST",
		      (const struct passwd_var[]){ { "GROUPNAME", group }, { "GID", group },
						   { "USERLIST", user }, { NULL, NULL } }, &line);
	return with_lines(root_fd, "/etc/group", str_cstr(&line), ret, f);
}
