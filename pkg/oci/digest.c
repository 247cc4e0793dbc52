// SPDX-License-Identifier: Apache-2.0
#include "pkg/oci/digest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "pkg/util/str.h"

static size_t hex_len(const char *algo)
{
	return !strcmp(algo, "sha256") ? 64 : !strcmp(algo, "sha512") ? 128 : 0;
}

int digest_parse(const char *text, struct digest *ret, struct fail *f)
{
	const char *colon = strchr(text, ':');
	auto_str struct str shown = STR_INIT(1024);
	struct digest d = { 0 };
	auto_free char *cut = mem_strndup(text, 150);

	str_add_escaped(&shown, cut);
	if (!colon || (size_t)(colon - text) >= sizeof(d.algo))
		return refuse(f, EINVAL, "'%s' is not a digest (sha256:<64 hex digits>)", str_cstr(&shown));
	memcpy(d.algo, text, (size_t)(colon - text));
	if (!hex_len(d.algo))
		return refuse(f, EINVAL, "'%s': digests are sha256 or sha512 here", str_cstr(&shown));
	if (strlen(colon + 1) != hex_len(d.algo) ||
	    strspn(colon + 1, "0123456789abcdef") != hex_len(d.algo))
		return refuse(f, EINVAL, "'%s': %zu lower-case hex digits are wanted after '%s:'",
			      str_cstr(&shown), hex_len(d.algo), d.algo);
	memcpy(d.hex, colon + 1, hex_len(d.algo) + 1);
	*ret = d;
	return 0;
}

int digest_parse_hex(const char *hex, struct digest *ret, struct fail *f)
{
	auto_free char *text = mem_printf("sha256:%.200s", hex);

	return digest_parse(text, ret, f);
}

const char *digest_format(const struct digest *d, char buf[DIGEST_TEXT_MAX])
{
	snprintf(buf, DIGEST_TEXT_MAX, "%s:%s", d->algo, d->hex);
	return buf;
}

bool digest_is_set(const struct digest *d)
{
	return d->hex[0];
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return !strcmp(a->algo, b->algo) && !strcmp(a->hex, b->hex);
}

int digest_field_parse(const char *text, void *ret, struct fail *f)
{
	return digest_parse(text, ret, f);
}

char *digest_field_format(const void *v)
{
	const struct digest *d = v;

	return digest_is_set(d) ? mem_printf("%s:%s", d->algo, d->hex) : NULL;
}
