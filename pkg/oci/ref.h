/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_OCI_REF_H
#define PKG_OCI_REF_H

#include <stdbool.h>

#include "pkg/oci/digest.h"
#include "pkg/util/fail.h"

/*
 * An image name, "[registry/]repository[:tag][@digest]" (distribution-spec, "Pulling
 * manifests"; the grammar of docker's reference package). Parsed names are complete:
 * "alpine" is docker.io/library/alpine:latest without any prompt; a first component with
 * a '.', a ':' or that is "localhost" is a registry. index.docker.io is docker.io.
 * A name with a digest gets no default tag. IPv6 literals: "[::1]:5000/x".
 */
struct ref {
	char *registry;	/* "docker.io", "localhost:5000", "[::1]:5000" */
	char *repo;	/* "library/alpine" */
	char *tag;	/* NULL only when there is a digest */
	struct digest digest; /* not set when only a tag was given */
};

/* On success RET owns its strings: ref_done. On failure RET is all zero. */
int ref_parse(const char *text, struct ref *ret, struct fail *f) MUST_USE;
void ref_done(struct ref *r);
#define auto_ref __attribute__((cleanup(ref_done)))

/* "docker.io/library/alpine:latest", with "@sha256:..." when set. Caller frees. */
char *ref_format(const struct ref *r) MUST_USE;
/* The name without tag and digest: "docker.io/library/alpine". Caller frees. */
char *ref_name(const struct ref *r) MUST_USE;
/* True when TEXT names no registry, so that localhost/TEXT is tried first for local images. */
bool ref_is_short(const char *text);

#endif
