// SPDX-License-Identifier: Apache-2.0
#include "pkg/util/user.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/spawn.h"
#include "pkg/util/str.h"

/* Where field N of LINE begins; *RET_LEN: its length. NULL: there are not so many. */
static const char *field(const char *line, int n, size_t *ret_len)
{
	for (; n > 0; n--) {
		line += strcspn(line, ":\n");
		if (*line++ != ':')
			return NULL;
	}
	*ret_len = strcspn(line, ":\n");
	return line;
}

/* name:password:uid:gid:gecos:home:shell */
int user_parse(const char *text, uid_t uid, struct user *ret)
{
	auto_free char *wanted = mem_printf("%u", uid);
	size_t n, wanted_len = strlen(wanted);

	*ret = (struct user){ 0 };
	for (const char *line = text; *line; line += line[n] ? n + 1 : n) {
		size_t name_len, home_len;
		const char *id = field(line, 2, &n), *home = field(line, 5, &home_len);

		if (id && home && n == wanted_len && !memcmp(id, wanted, n) && *line != ':') {
			name_len = strcspn(line, ":");
			ret->name = mem_strndup(line, name_len);
			ret->home = mem_strndup(home, home_len);
			return 0;
		}
		n = strcspn(line, "\n");
	}
	return -ENOENT;
}

static int ask_getent(uid_t uid, struct user *ret)
{
	auto_free char *number = mem_printf("%u", uid);
	char *argv[] = { (char *)"getent", (char *)"passwd", number, NULL };
	struct spawn s = { .program = "getent", .argv = argv };
	auto_str struct str out = STR_INIT(64 * 1024);
	struct fail f = { 0 };
	int r = spawn_run(&s, &out, &f);

	if (r < 0)
		return r;
	/* 2: no such entry (getent(1)). */
	return r == 0 ? user_parse(str_cstr(&out), uid, ret) : -ENOENT;
}

int user_lookup(uid_t uid, struct user *ret)
{
	auto_str struct str s = STR_INIT(16 * 1024 * 1024);

	*ret = (struct user){ 0 };
	if (file_read(AT_FDCWD, "/etc/passwd", &s) >= 0 && user_parse(str_cstr(&s), uid, ret) == 0)
		return 0;
	return ask_getent(uid, ret);
}

void user_done(struct user *u)
{
	mem_free_ptr(&u->name);
	mem_free_ptr(&u->home);
}
