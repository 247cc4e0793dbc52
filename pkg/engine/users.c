// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/users.h"

#include <errno.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/user.h"
#include "runtime/passwd.h"

static const char *const passwd_words[] = { "", "true", "false", NULL };

const struct field users_fields[] = {
	FIELD_STRV("HostUsers", struct users_group, host),
	FIELD_ENUM("Passwd", struct users_group, passwd, passwd_words),
	FIELD_STR("PasswdEntry", struct users_group, entry),
	FIELD_STR("GroupEntry", struct users_group, group_entry),
	FIELD_END
};

static int find(const char *who, struct user *ret, struct fail *f)
{
	int r = user_find(who, ret);

	if (r == -ENOENT)
		return refuse(f, ENOENT, "--hostuser %.100s: this machine has no such user", who);
	return r < 0 ? fail(f, -r, "look up the user '%.100s' of this machine", who) : 0;
}

int users_check(const struct users_group *g, struct fail *f)
{
	strv_each(it, g->host) {
		auto_user struct user u = { 0 };
		int r = find(*it, &u, f);

		if (r < 0)
			return r;
	}
	return 0;
}

/* HOME, or a folder above it, is a mount's place. */
static bool is_mounted(const struct container_config *c, const char *home)
{
	for (size_t i = 0; i < c->n_mounts; i++) {
		const char *at = c->mounts[i].destination;
		size_t n = strlen(at);

		if (n > 1 && !strncmp(home, at, n) && (home[n] == '\0' || home[n] == '/'))
			return true;
	}
	return false;
}

int users_lines(const struct container_config *c, char ***ret, struct fail *f)
{
	const char *workdir = c->process.workdir && *c->process.workdir ? c->process.workdir : "/";

	*ret = NULL;
	strv_each(it, c->users.host) {
		auto_str struct str line = STR_INIT(1 << 20);
		auto_user struct user u = { 0 };
		auto_free char *uid = NULL, *gid = NULL;
		int r = find(*it, &u, f);

		if (r < 0) {
			strv_free_ptr(ret);
			return r;
		}
		uid = mem_printf("%u", u.uid);
		gid = mem_printf("%u", u.gid);
		/* The full name alone, of what gecos holds (passwd(5)). */
		u.gecos[strcspn(u.gecos, ",")] = '\0';
		passwd_line(PASSWD_FIELDS(u.name, uid, gid, u.gecos, is_mounted(c, u.home) ? u.home : workdir),
			    c->users.entry, &line);
		strv_add(ret, str_cstr(&line));
	}
	return 0;
}
