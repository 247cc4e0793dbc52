// SPDX-License-Identifier: Apache-2.0
#include "pkg/util/user.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
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

static int to_id(const char *text, size_t len, uint32_t *ret)
{
	auto_free char *word = mem_strndup(text, len);
	uint64_t v;

	if (!len || word[strspn(word, "0123456789")] || str_to_u64(word, 10, &v) < 0 || v > UINT32_MAX)
		return -EINVAL;
	*ret = (uint32_t)v;
	return 0;
}

/* name:password:uid:gid:gecos:home:shell */
static bool parse_line(const char *line, const char *who, struct user *ret)
{
	bool by_id = *who && !who[strspn(who, "0123456789")];
	size_t key_len = 0, uid_len = 0, gid_len = 0, gecos_len = 0, home_len = 0;
	const char *key = field(line, by_id ? 2 : 0, &key_len), *uid = field(line, 2, &uid_len);
	const char *gid = field(line, 3, &gid_len), *gecos = field(line, 4, &gecos_len);
	const char *home = field(line, 5, &home_len);
	size_t name_len = strcspn(line, ":\n");

	/* With a fifth colon there are those before it. */
	if (!home || !name_len || key_len != strlen(who) || memcmp(key, who, key_len) ||
	    to_id(uid, uid_len, &ret->uid) < 0)
		return false;
	if (to_id(gid, gid_len, &ret->gid) < 0)
		ret->gid = (gid_t)-1;
	ret->name = mem_strndup(line, name_len);
	ret->gecos = mem_strndup(gecos, gecos_len);
	ret->home = mem_strndup(home, home_len);
	return true;
}

int user_parse(const char *text, const char *who, struct user *ret)
{
	*ret = (struct user){ 0 };
	for (const char *line = text; *line; line++) {
		if (parse_line(line, who, ret))
			return 0;
		line += strcspn(line, "\n");
		if (!*line)
			break;
	}
	*ret = (struct user){ 0 };
	return -ENOENT;
}

static int ask_getent(const char *who, struct user *ret)
{
	char *argv[] = { (char *)"getent", (char *)"passwd", (char *)who, NULL };
	struct spawn s = { .program = "getent", .argv = argv };
	auto_str struct str out = STR_INIT(64 * 1024);
	struct fail f = { 0 };
	int r = spawn_run(&s, &out, &f);

	if (r < 0)
		return r;
	/* 2: no such entry (getent(1)). */
	return r == 0 ? user_parse(str_cstr(&out), who, ret) : -ENOENT;
}

int user_find(const char *who, struct user *ret)
{
	auto_str struct str s = STR_INIT(16 * 1024 * 1024);

	*ret = (struct user){ 0 };
	/* No name begins so, and getent would take it for an option. */
	if (!*who || *who == '-')
		return -ENOENT;
	if (file_read(AT_FDCWD, "/etc/passwd", &s) >= 0 && user_parse(str_cstr(&s), who, ret) == 0)
		return 0;
	return ask_getent(who, ret);
}

int user_lookup(uid_t uid, struct user *ret)
{
	auto_free char *number = mem_printf("%u", uid);

	return user_find(number, ret);
}

void user_done(struct user *u)
{
	mem_free_ptr(&u->name);
	mem_free_ptr(&u->gecos);
	mem_free_ptr(&u->home);
}
