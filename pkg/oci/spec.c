// SPDX-License-Identifier: Apache-2.0
#include "pkg/oci/spec.h"

#include <string.h>

#include "pkg/util/mem.h"

static const struct field user_fields[] = {
	FIELD_KEEP(FK_U32, "uid", struct spec_user, uid, uint32_t),
	FIELD_KEEP(FK_U32, "gid", struct spec_user, gid, uint32_t),
	FIELD_KEEP(FK_U32, "umask", struct spec_user, umask, uint32_t),
	FIELD_U32V("additionalGids", struct spec_user, additional_gids),
	FIELD_STR("username", struct spec_user, username),
	FIELD_STRV("rboxGroupAdd", struct spec_user, group_add),
	FIELD_END
};

static const struct field caps_fields[] = {
	FIELD_STRV("bounding", struct spec_caps, bounding),
	FIELD_STRV("effective", struct spec_caps, effective),
	FIELD_STRV("inheritable", struct spec_caps, inheritable),
	FIELD_STRV("permitted", struct spec_caps, permitted),
	FIELD_STRV("ambient", struct spec_caps, ambient),
	FIELD_END
};

static const struct field rlimit_fields[] = {
	FIELD_STR("type", struct spec_rlimit, type),
	FIELD_KEEP(FK_I64, "hard", struct spec_rlimit, hard, int64_t),
	FIELD_KEEP(FK_I64, "soft", struct spec_rlimit, soft, int64_t),
	FIELD_END
};

static const struct field console_fields[] = {
	FIELD_U32("height", struct spec_process, console_size.height),
	FIELD_U32("width", struct spec_process, console_size.width),
	FIELD_END
};

const struct field spec_process_fields[] = {
	FIELD_BOOL("terminal", struct spec_process, terminal),
	/* A table at offset 0: console_fields' offsets are of the process itself. */
	{ .name = "consoleSize", .kind = FK_OBJ, .offset = 0, .sub = console_fields },
	FIELD_OBJ("user", struct spec_process, user, user_fields),
	FIELD_STRV("args", struct spec_process, args),
	FIELD_STRV("env", struct spec_process, env),
	FIELD_STR("cwd", struct spec_process, cwd),
	FIELD_OBJ("capabilities", struct spec_process, caps, caps_fields),
	FIELD_ARRAY("rlimits", struct spec_process, rlimits, n_rlimits, rlimit_fields),
	FIELD_BOOL("noNewPrivileges", struct spec_process, no_new_privileges),
	FIELD_INT("oomScoreAdj", struct spec_process, oom_score_adj),
	FIELD_STR("apparmorProfile", struct spec_process, apparmor_profile),
	FIELD_STR("selinuxLabel", struct spec_process, selinux_label),
	FIELD_END
};

static const struct field mount_fields[] = {
	FIELD_STR("destination", struct spec_mount, destination),
	FIELD_STR("type", struct spec_mount, type),
	FIELD_STR("source", struct spec_mount, source),
	FIELD_STRV("options", struct spec_mount, options),
	FIELD_END
};

static const struct field namespace_fields[] = {
	FIELD_STR("type", struct spec_namespace, type),
	FIELD_STR("path", struct spec_namespace, path),
	FIELD_END
};

static const struct field mapping_fields[] = {
	FIELD_KEEP(FK_U32, "containerID", struct spec_id_mapping, container_id, uint32_t),
	FIELD_KEEP(FK_U32, "hostID", struct spec_id_mapping, host_id, uint32_t),
	FIELD_U32("size", struct spec_id_mapping, size),
	FIELD_END
};

static const struct field device_fields[] = {
	FIELD_STR("path", struct spec_device, path),
	FIELD_STR("type", struct spec_device, type),
	FIELD_I64("major", struct spec_device, major),
	FIELD_I64("minor", struct spec_device, minor),
	FIELD_U32("fileMode", struct spec_device, file_mode),
	FIELD_U32("uid", struct spec_device, uid),
	FIELD_U32("gid", struct spec_device, gid),
	FIELD_END
};

static const struct field resources_fields[] = {
	FIELD_MAP("unified", struct spec_resources, unified),
	FIELD_END
};

static const struct field linux_fields[] = {
	FIELD_ARRAY("uidMappings", struct spec_linux, uid_mappings, n_uid_mappings, mapping_fields),
	FIELD_ARRAY("gidMappings", struct spec_linux, gid_mappings, n_gid_mappings, mapping_fields),
	FIELD_ARRAY("namespaces", struct spec_linux, namespaces, n_namespaces, namespace_fields),
	FIELD_ARRAY("devices", struct spec_linux, devices, n_devices, device_fields),
	FIELD_MAP("sysctl", struct spec_linux, sysctl),
	FIELD_OBJ("resources", struct spec_linux, resources, resources_fields),
	FIELD_STR("cgroupsPath", struct spec_linux, cgroups_path),
	FIELD_STR("rootfsPropagation", struct spec_linux, rootfs_propagation),
	FIELD_STR("mountLabel", struct spec_linux, mount_label),
	FIELD_JSON("seccomp", struct spec_linux, seccomp),
	FIELD_STRV("maskedPaths", struct spec_linux, masked_paths),
	FIELD_STRV("readonlyPaths", struct spec_linux, readonly_paths),
	FIELD_END
};

static const struct field root_fields[] = {
	FIELD_STR("path", struct spec, root.path),
	FIELD_BOOL("readonly", struct spec, root.readonly),
	FIELD_END
};

const struct field spec_fields[] = {
	FIELD_STR("ociVersion", struct spec, oci_version),
	{ .name = "root", .kind = FK_OBJ, .offset = 0, .sub = root_fields },
	FIELD_OBJ("process", struct spec, process, spec_process_fields),
	FIELD_STR("hostname", struct spec, hostname),
	FIELD_STR("domainname", struct spec, domainname),
	FIELD_ARRAY("mounts", struct spec, mounts, n_mounts, mount_fields),
	FIELD_OBJ("linux", struct spec, linux_, linux_fields),
	FIELD_MAP("annotations", struct spec, annotations),
	FIELD_END
};

void spec_done(struct spec *s)
{
	jsonf_done(spec_fields, s);
	memset(s, 0, sizeof(*s));
}

struct spec_mount *spec_add_mount(struct spec *s, const char *destination, const char *type,
				  const char *source, const char *options_csv)
{
	struct spec_mount *m;

	s->mounts = mem_resize(s->mounts, s->n_mounts + 1, sizeof(*m));
	m = &s->mounts[s->n_mounts++];
	*m = (struct spec_mount){
		.destination = mem_strdup(destination),
		.type = mem_strdup(type),
		.source = mem_strdup(source),
		.options = strv_split(options_csv, ",", true),
	};
	return m;
}

const struct spec_namespace *spec_namespace(const struct spec *s, const char *type)
{
	for (size_t i = 0; i < s->linux_.n_namespaces; i++)
		if (!strcmp(s->linux_.namespaces[i].type, type))
			return &s->linux_.namespaces[i];
	return NULL;
}

void spec_add_namespace(struct spec *s, const char *type, const char *path)
{
	struct spec_linux *l = &s->linux_;

	l->namespaces = mem_resize(l->namespaces, l->n_namespaces + 1, sizeof(*l->namespaces));
	l->namespaces[l->n_namespaces++] = (struct spec_namespace){
		.type = mem_strdup(type),
		.path = mem_strdup(path),
	};
}

void spec_add_rlimit(struct spec *s, const char *type, int64_t soft, int64_t hard)
{
	struct spec_process *p = &s->process;

	p->rlimits = mem_resize(p->rlimits, p->n_rlimits + 1, sizeof(*p->rlimits));
	p->rlimits[p->n_rlimits++] = (struct spec_rlimit){
		.type = mem_strdup(type),
		.hard = hard,
		.soft = soft,
	};
}
