/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_CERTS_H
#define REGISTRY_CERTS_H

#include "pkg/util/fail.h"

/*
 * Certificates for one registry (containers-certs.d(5)): *.crt are authorities trusted
 * beside the system's, a *.cert and the *.key of the same name are what we show.
 * Looked for in --cert-dir alone when given, else in the first folder there is of
 * ~/.config/containers/certs.d/HOST[:PORT], /etc/containers/certs.d/..., /etc/docker/certs.d/...
 */
struct certs {
	char *ca_file;		/* the system's bundle, NULL: libcurl's own */
	char *ca_path;		/* a folder of hashed certificates, or NULL */
	char *ca_text;		/* the system's bundle and the *.crt joined (PEM), or NULL */
	char *cert, *key;	/* paths, or NULL */
};

/* Release with certs_done. HOST is "host[:port]". */
int certs_load(const char *cert_dir, const char *host, struct certs *ret, struct fail *f) MUST_USE;
void certs_done(struct certs *c);

#endif
