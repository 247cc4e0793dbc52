/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_OCI_SPEC_H
#define PKG_OCI_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "pkg/util/json.h"

/*
 * The OCI runtime configuration (runtime-spec config.md and config-linux.md), as far as
 * rbox makes and runs it. spec_fields reads and writes config.json. All strings and
 * arrays are owned; release with spec_done.
 */
struct spec_user {
	uint32_t uid, gid;
	uint32_t umask;
	struct u32v additional_gids;
	/*
	 * rbox's own: "name", "name:group", "1000", "1000:100", to be looked up in the container's
	 * /etc/passwd and /etc/group by the first process after the root is in place; wins over
	 * uid and gid. Written as "username" (which the spec keeps for other systems).
	 */
	char *username;
	char **group_add;	/* names or numbers added to the supplementary groups; not written */
};

struct spec_caps { char **bounding, **effective, **inheritable, **permitted, **ambient; };

struct spec_rlimit { char *type; int64_t hard, soft; };	/* -1: unlimited */

struct spec_process {
	bool terminal;
	struct { uint32_t height, width; } console_size;
	struct spec_user user;
	char **args, **env;
	char *cwd;
	struct spec_caps caps;
	struct spec_rlimit *rlimits;
	size_t n_rlimits;
	bool no_new_privileges;
	bool has_oom_score_adj;	/* else it stays what it is; not written of its own */
	int oom_score_adj;
	char *apparmor_profile, *selinux_label;
};

struct spec_mount { char *destination, *type, *source; char **options; };
struct spec_namespace { char *type, *path; };	/* pid network ipc uts mount cgroup user time */
struct spec_id_mapping { uint32_t container_id, host_id, size; };
struct spec_device { char *path, *type; int64_t major, minor; uint32_t file_mode, uid, gid; };

struct spec_resources { char **unified; };	/* FILE=VALUE: the cgroup's, version 2 */

struct spec_linux {
	struct spec_id_mapping *uid_mappings, *gid_mappings;
	size_t n_uid_mappings, n_gid_mappings;
	struct spec_namespace *namespaces;
	size_t n_namespaces;
	struct spec_device *devices;
	size_t n_devices;
	char **sysctl;		/* key=value */
	struct spec_resources resources;
	char *cgroups_path, *rootfs_propagation, *mount_label;
	json_t *seccomp;	/* a profile as the spec has it; absent: none */
	char **masked_paths, **readonly_paths;
};

struct spec {
	char *oci_version;
	struct { char *path; bool readonly; } root;
	struct spec_process process;
	char *hostname, *domainname;
	struct spec_mount *mounts;
	size_t n_mounts;
	struct spec_linux linux_;
	char **annotations;	/* key=value */
};

extern const struct field spec_fields[], spec_process_fields[];

void spec_done(struct spec *s);
#define auto_spec __attribute__((cleanup(spec_done)))

struct spec_mount *spec_add_mount(struct spec *s, const char *destination, const char *type,
				  const char *source, const char *options_csv);
const struct spec_namespace *spec_namespace(const struct spec *s, const char *type);
void spec_add_namespace(struct spec *s, const char *type, const char *path);
void spec_add_rlimit(struct spec *s, const char *type, int64_t soft, int64_t hard);

#endif
