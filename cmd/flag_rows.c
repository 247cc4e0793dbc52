// SPDX-License-Identifier: Apache-2.0
#include "cmd/flag_rows.h"

#include "pkg/engine/groups.h"

const struct opt env_rows[] = {
	OPT_LIST('e', "env", struct env_group, env, "NAME[=VALUE]",
		 "environment variable (NAME alone: the caller's; 'NAME*': all that start so)"),
	OPT_LIST(0, "env-file", struct env_group, env_file, "FILE", "environment variables, a line each"),
	OPT_FLAG(0, "env-host", struct env_group, host, "all of the caller's variables"),
	OPT_LIST(0, "env-merge", struct env_group, merge, "NAME=VALUE",
		 "a variable made of the image's, as PATH=${PATH}:/app"),
	OPT_LIST(0, "unsetenv", struct env_group, unset, "NAME", "take a default or image's variable away"),
	OPT_FLAG(0, "unsetenv-all", struct env_group, unset_all, "take all of them away"),
	OPT_TRI(0, "http-proxy", struct env_group, http_proxy,
		"pass the caller's proxy variables on (default true)"),
	OPT_END
};

const struct opt device_rows[] = {
	OPT_LIST(0, "device", struct device_group, device, "HOST[:CTR][:rwm]",
		 "a device of the host, or all in a folder; your own rights on it hold"),
	OPT_LIST(0, "gpus", struct device_group, gpus, "GPUS", NULL),
	OPT_END
};

const struct opt kernel_rows[] = {
	OPT_LIST(0, "sysctl", struct kernel_group, sysctl, "KEY=VALUE",
		 "kernel setting of its own: net.*, kernel.shm*, msg*, sem, fs.mqueue.*"),
	OPT_STR(0, "oom-score-adj", struct kernel_group, oom_score_adj, "N",
		"be killed earlier when memory runs out: your own (most often 0) to 1000"),
	OPT_END
};

const struct opt place_rows[] = {
	OPT_STR(0, "tz", struct place_group, timezone, "ZONE", "time zone: Area/City, or local"),
	OPT_STR(0, "systemd", struct place_group, systemd, "MODE",
		"true (default: when the command is systemd), always or false"),
	OPT_STR(0, "init-path", struct place_group, init_path, "FILE", "what --init runs (default catatonit)"),
	OPT_STR(0, "domainname", struct place_group, domainname, "NAME", "NIS domain name inside"),
	OPT_FLAG(0, "no-hostname", struct place_group, no_hostname, "leave the image's /etc/hostname alone"),
	OPT_END
};

const struct opt users_rows[] = {
	OPT_LIST(0, "hostuser", struct users_group, host, "USER",
		 "add this user of the host (name or id) to the container's /etc/passwd"),
	OPT_TRI(0, "passwd", struct users_group, passwd,
		"add lines to /etc/passwd and /etc/group, for a user without one and by --hostuser (default true)"),
	OPT_STR(0, "passwd-entry", struct users_group, entry, "LINE",
		"that line of passwd, with $USERNAME, $UID, $GID, $NAME and $HOME replaced"),
	OPT_STR(0, "group-entry", struct users_group, group_entry, "LINE",
		"that line of group, with $GROUPNAME, $GID and $USERLIST replaced"),
	OPT_END
};

const struct opt ns_rows[] = {
	OPT_STR(0, "ipc", struct ns_group, ipc, "MODE", "private or shareable (the same here)"),
	OPT_STR(0, "pid", struct ns_group, pid, "MODE", "private"),
	OPT_STR(0, "uts", struct ns_group, uts, "MODE", "private"),
	OPT_STR(0, "cgroupns", struct ns_group, cgroupns, "MODE", "private"),
	OPT_STR(0, "userns", struct ns_group, userns, "MODE", "host: root inside is you"),
	OPT_LIST(0, "uidmap", struct ns_group, uidmap, "MAP", NULL),
	OPT_LIST(0, "gidmap", struct ns_group, gidmap, "MAP", NULL),
	OPT_STR(0, "subuidname", struct ns_group, subuidname, "NAME", NULL),
	OPT_STR(0, "subgidname", struct ns_group, subgidname, "NAME", NULL),
	OPT_END
};

const struct opt compat_rows[] = {
	OPT_STR(0, "volume-driver", struct compat_group, volume_driver, "NAME", NULL),
	OPT_STR(0, "isolation", struct compat_group, isolation, "NAME", NULL),
	OPT_STR(0, "kernel-memory", struct compat_group, kernel_memory, "SIZE", NULL),
	OPT_STR(0, "cpu-count", struct compat_group, cpu_count, "N", NULL),
	OPT_STR(0, "cpu-percent", struct compat_group, cpu_percent, "N", NULL),
	OPT_STR(0, "io-maxbandwidth", struct compat_group, io_maxbandwidth, "N", NULL),
	OPT_STR(0, "io-maxiops", struct compat_group, io_maxiops, "N", NULL),
	OPT_STR(0, "health-start-interval", struct compat_group, health_start_interval, "SPAN", NULL),
	OPT_STR(0, "ip", struct compat_group, ip, "IP", NULL),
	OPT_STR(0, "ip6", struct compat_group, ip6, "IP", NULL),
	OPT_STR(0, "mac-address", struct compat_group, mac_address, "MAC", NULL),
	OPT_LIST(0, "network-alias", struct compat_group, network_alias, "NAME", NULL),
	OPT_LIST(0, "net-alias", struct compat_group, network_alias, "NAME", NULL),
	OPT_STR(0, "runtime", struct compat_group, runtime, "NAME", NULL),
	OPT_STR(0, "rdt-class", struct compat_group, rdt_class, "NAME", NULL),
	OPT_STR(0, "personality", struct compat_group, personality, "NAME", NULL),
	OPT_STR(0, "seccomp-policy", struct compat_group, seccomp_policy, "NAME", NULL),
	OPT_STR(0, "image-volume", struct compat_group, image_volume, "NAME", NULL),
	OPT_STR(0, "shm-size-systemd", struct compat_group, shm_size_systemd, "SIZE", NULL),
	OPT_STR(0, "pod", struct compat_group, pod, "NAME", NULL),
	OPT_STR(0, "pod-id-file", struct compat_group, pod_id_file, "FILE", NULL),
	OPT_LIST(0, "link", struct compat_group, link, "NAME", NULL),
	OPT_LIST(0, "storage-opt", struct compat_group, storage_opt, "OPTION", NULL),
	OPT_LIST(0, "chrootdirs", struct compat_group, chrootdirs, "DIR", NULL),
	OPT_LIST(0, "decryption-key", struct compat_group, decryption_key, "KEY", NULL),
	OPT_LIST(0, "link-local-ip", struct compat_group, link_local_ip, "IP", NULL),
	OPT_FLAG(0, "use-api-socket", struct compat_group, use_api_socket, NULL),
	OPT_TRI(0, "disable-content-trust", struct compat_group, content_trust, NULL),
	OPT_END
};
