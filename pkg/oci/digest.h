/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_OCI_DIGEST_H
#define PKG_OCI_DIGEST_H

#include <stdbool.h>

#include "pkg/util/fail.h"

/*
 * A content digest (OCI image-spec, descriptor.md#digests): "sha256:<64 hex>" or
 * "sha512:<128 hex>", lower case only. A struct digest is a parsed one: its hex is a
 * safe path component. All zero means "not set".
 */
enum { DIGEST_TEXT_MAX = 7 + 128 + 1 };

struct digest {
	char algo[8];	/* "sha256" or "sha512" */
	char hex[129];
};

int digest_parse(const char *text, struct digest *ret, struct fail *f) MUST_USE;
/* Bare 64 hex characters are sha256. */
int digest_parse_hex(const char *hex, struct digest *ret, struct fail *f) MUST_USE;
const char *digest_format(const struct digest *d, char buf[DIGEST_TEXT_MAX]);
bool digest_is_set(const struct digest *d);
bool digest_equal(const struct digest *a, const struct digest *b);

/* For FIELD_TEXT rows. */
int digest_field_parse(const char *text, void *ret, struct fail *f);
char *digest_field_format(const void *d);
#define FIELD_DIGEST(n, type, member) \
	FIELD_TEXT(n, type, member, digest_field_parse, digest_field_format)

#endif
