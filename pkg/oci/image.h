/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_OCI_IMAGE_H
#define PKG_OCI_IMAGE_H

#include <stdint.h>

#include "pkg/oci/digest.h"
#include "pkg/util/json.h"

/*
 * The image formats as they are on the wire: OCI image-spec (descriptor, index,
 * manifest, config) and docker's schema 2, whose JSON has the same members. The field
 * tables read and write them; media types are checked by the *_parse functions.
 * Ceilings: 4 MiB of text, IMAGE_LAYERS_MAX layers, IMAGE_MANIFESTS_MAX manifests an index.
 */
enum { IMAGE_LAYERS_MAX = 512, IMAGE_MANIFESTS_MAX = 1000 };

struct platform {
	char *os, *arch, *variant, *os_version;
};

struct descriptor {
	char *media_type;
	struct digest digest;
	int64_t size;
	char **urls;
	char **annotations;
	struct platform platform;
	char *artifact_type;
};

struct index {
	int schema;
	char *media_type;
	struct descriptor *manifests;
	size_t n_manifests;
	char **annotations;
};

struct manifest {
	int schema;
	char *media_type;
	struct descriptor config;
	struct descriptor *layers;
	size_t n_layers;
	char **annotations;
};

struct image_healthcheck {
	char **test;
	int64_t interval, timeout, start_period, start_interval; /* ns */
	int retries;
};

struct image_run_config {	/* the "config" member: defaults of a container */
	char *user;
	char **exposed_ports, **env, **entrypoint, **cmd, **volumes;
	char *working_dir, *stop_signal;
	char **labels, **on_build, **shell;
	struct image_healthcheck healthcheck;
};

struct image_history {
	char *created, *created_by, *author, *comment;
	bool empty_layer;
};

struct image_config {
	char *created, *author, *docker_version, *comment;
	char *os, *arch, *variant, *os_version;
	struct image_run_config config;
	struct { char *type; char **diff_ids; } rootfs;
	struct image_history *history;
	size_t n_history;
};

extern const struct field platform_fields[], descriptor_fields[], index_fields[];
extern const struct field manifest_fields[], image_config_fields[];

/* What a manifest's bytes are. Where mediaType is absent its members tell. */
enum manifest_kind { MANIFEST_IMAGE, MANIFEST_INDEX };

#define MEDIA_OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define MEDIA_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define MEDIA_OCI_LAYER "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"
#define MEDIA_DOCKER_LAYER "application/vnd.docker.image.rootfs.diff.tar"

/*
 * Tells what TEXT (LEN bytes; CONTENT_TYPE may be NULL) is. An ambiguous document (both
 * "manifests" and "layers", CVE-2021-41190) and schema 1 are refused.
 */
int manifest_kind(const char *text, size_t len, const char *content_type, enum manifest_kind *ret,
		  struct fail *f) MUST_USE;
/* RET is zeroed first; on success release with jsonf_done(..._fields, ret). On failure it is empty. */
int index_parse(const char *text, size_t len, struct index *ret, struct fail *f) MUST_USE;
int manifest_parse(const char *text, size_t len, struct manifest *ret, struct fail *f) MUST_USE;
int image_config_parse(const char *text, size_t len, struct image_config *ret, struct fail *f) MUST_USE;

/* "linux/arm64/v8" or "arm64" -> platform; the host's own with NULL. Release with platform_done. */
int platform_parse(const char *text, struct platform *ret, struct fail *f) MUST_USE;
void platform_done(struct platform *p);
/*
 * The manifest of INDEX that fits best: os and architecture equal, the variant wanted or
 * the highest below it, attestations (unknown/unknown) passed over. Refused with the list
 * of what there is when none fits.
 */
int index_choose(const struct index *index, const struct platform *want,
		 const struct descriptor **ret, struct fail *f) MUST_USE;

/* Told by the media type alone; how it is compressed, its bytes tell. */
bool descriptor_is_layer(const struct descriptor *d);

#endif
