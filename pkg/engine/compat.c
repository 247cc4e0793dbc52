// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/compat.h"

#include <errno.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "pkg/util/str.h"

#define LATER_NETWORKS "networks with names and addresses come with a later version"

/* Taken as docker takes them: they are of Windows, or gone from the kernel. */
static const struct {
	const char *name, *why;
	size_t offset;
} idle[] = {
	{ "kernel-memory", "kernel memory has no limit of its own in cgroup v2",
	  offsetof(struct compat_group, kernel_memory) },
	{ "cpu-count", "it is for Windows", offsetof(struct compat_group, cpu_count) },
	{ "cpu-percent", "it is for Windows", offsetof(struct compat_group, cpu_percent) },
	{ "io-maxbandwidth", "it is for Windows", offsetof(struct compat_group, io_maxbandwidth) },
	{ "io-maxiops", "it is for Windows", offsetof(struct compat_group, io_maxiops) },
	{ "health-start-interval", "checks come at --health-interval from the start",
	  offsetof(struct compat_group, health_start_interval) },
};

static const struct {
	const char *name;
	bool list;
	size_t offset;
	const char *same;	/* the value that is what happens anyway; NULL: none */
	const char *instead;	/* the hint */
} refused[] = {
	{ "volume-driver", false, offsetof(struct compat_group, volume_driver), "local",
	  "volumes are folders: leave it out, or say local" },
	{ "isolation", false, offsetof(struct compat_group, isolation), "default",
	  "it is for Windows: leave it out" },
	{ "image-volume", false, offsetof(struct compat_group, image_volume), "anonymous",
	  "give the image's volumes by -v or --tmpfs" },
	{ "seccomp-policy", false, offsetof(struct compat_group, seccomp_policy), "default",
	  "use --security-opt seccomp=FILE" },
	{ "runtime", false, offsetof(struct compat_group, runtime), NULL, "the runtime is built in: leave it out" },
	{ "rdt-class", false, offsetof(struct compat_group, rdt_class), NULL, "it needs root" },
	{ "personality", false, offsetof(struct compat_group, personality), NULL, "use setarch in the command" },
	{ "shm-size-systemd", false, offsetof(struct compat_group, shm_size_systemd), NULL,
	  "mount them by --tmpfs with size=" },
	{ "ip", false, offsetof(struct compat_group, ip), NULL, LATER_NETWORKS },
	{ "ip6", false, offsetof(struct compat_group, ip6), NULL, LATER_NETWORKS },
	{ "mac-address", false, offsetof(struct compat_group, mac_address), NULL, LATER_NETWORKS },
	{ "network-alias", true, offsetof(struct compat_group, network_alias), NULL, LATER_NETWORKS },
	{ "pod", false, offsetof(struct compat_group, pod), NULL, "pods come with a later version" },
	{ "pod-id-file", false, offsetof(struct compat_group, pod_id_file), NULL,
	  "pods come with a later version" },
	{ "link", true, offsetof(struct compat_group, link), NULL,
	  "links went with docker's first network: name the other container's address by --add-host" },
	{ "storage-opt", true, offsetof(struct compat_group, storage_opt), NULL,
	  "a quota of the home's file system bounds what containers write" },
	{ "chrootdirs", true, offsetof(struct compat_group, chrootdirs), NULL, "bind the files there by -v" },
	{ "decryption-key", true, offsetof(struct compat_group, decryption_key), NULL,
	  "decrypt the image with skopeo first" },
	{ "link-local-ip", true, offsetof(struct compat_group, link_local_ip), NULL, "leave it out" },
};

int compat_check(const struct compat_group *g, void (*warn)(const char *fmt, ...), struct fail *f)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		const void *field = (const char *)g + refused[i].offset;
		const char *value = refused[i].list ? NULL : *(char *const *)field;
		bool given = refused[i].list ? *(char **const *)field != NULL : value != NULL;

		if (!given || (value && refused[i].same && (!*value || !strcmp(value, refused[i].same))))
			continue;
		(void)refuse(f, ENOTSUP, "--%s is not supported", refused[i].name);
		fail_hint(f, "%s", refused[i].instead);
		return -ENOTSUP;
	}
	if (g->use_api_socket) {
		(void)refuse(f, ENOTSUP, "--use-api-socket is not supported: there is no daemon whose socket could "
			     "be passed on");
		return -ENOTSUP;
	}
	for (size_t i = 0; warn && i < ARRAY_LEN(idle); i++)
		if (*(char *const *)(const void *)((const char *)g + idle[i].offset))
			warn("--%s does nothing: %s", idle[i].name, idle[i].why);
	return 0;
}
