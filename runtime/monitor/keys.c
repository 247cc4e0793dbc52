// SPDX-License-Identifier: Apache-2.0
#include "runtime/monitor/keys.h"

#include <errno.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "pkg/util/str.h"

/* One key of the list, or -1. */
static int parse_key(const char *s)
{
	static const char marks[] = "@[\\]^_";

	if (str_starts(s, "ctrl-") && s[5] && !s[6]) {
		char c = s[5];

		if ((c >= 'a' && c <= 'z') || strchr(marks, c))
			return c & 0x1f;
		return -1;
	}
	return s[0] && !s[1] && (unsigned char)s[0] < 0x80 ? (unsigned char)s[0] : -1;
}

int keys_parse(const char *text, struct keys *ret, struct fail *f)
{
	auto_strv char **parts = NULL;
	struct keys k = { .n = 0 };

	if (!*text) {
		*ret = k;
		return 0;
	}
	parts = strv_split(text, ",", false);
	strv_each(it, parts) {
		int key = parse_key(*it);

		if (key < 0)
			return refuse(f, EINVAL, "detach keys '%.80s': '%.40s' is neither one character nor "
				      "ctrl- and one of a-z @ [ \\ ] ^ _", text, *it);
		if (k.n == KEYS_MAX)
			return refuse(f, EINVAL, "detach keys '%.80s': more than %d", text, KEYS_MAX);
		k.v[k.n++] = (unsigned char)key;
	}
	*ret = k;
	return 0;
}

/*
 * KEY breaks the sequence. Of what is held, the first goes out, and the rest may be the beginning
 * of another: with ctrl-p,ctrl-p,q the third ctrl-p leaves two held.
 */
static size_t break_off(struct keys *k, char key, char *out)
{
	char buf[KEYS_MAX + 1];
	size_t n = k->held, cut = 0;

	memcpy(buf, k->v, n);
	buf[n++] = key;
	do
		cut++;
	while (cut < n && memcmp(buf + cut, k->v, n - cut) != 0);
	memcpy(out, buf, cut);
	k->held = n - cut;
	return cut;
}

bool keys_feed(struct keys *k, const char *in, size_t n, char *out, size_t *ret_n)
{
	*ret_n = 0;
	if (!k->n) {
		memcpy(out, in, n);
		*ret_n = n;
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)in[i] != k->v[k->held])
			*ret_n += break_off(k, in[i], out + *ret_n);
		else if (++k->held == k->n)
			return true;
	}
	return false;
}
