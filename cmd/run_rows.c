// SPDX-License-Identifier: Apache-2.0
#include "cmd/run_rows.h"

#include <errno.h>
#include <string.h>

#include "cmd/flag_rows.h"
#include "cmd/progress.h"
#include "cmd/resource_rows.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

/* What is typed most comes first in --help. */
static const struct opt stdio_rows[] = {
	OPT_FLAG('i', "interactive", struct process_group, interactive, "keep stdin open"),
	OPT_FLAG('t', "tty", struct process_group, tty, "give the container a terminal"),
	OPT_END
};

static const struct opt process_rows[] = {
	OPT_STR('u', "user", struct process_group, user, "USER[:GROUP]", "run as this user (name or id)"),
	OPT_STR('w', "workdir", struct process_group, workdir, "DIR", "working folder inside"),
	OPT_STR(0, "umask", struct process_group, umask, "OCTAL", "file mode mask (default 0022)"),
	OPT_CSV(0, "group-add", struct process_group, group_add, "GROUP", "further groups of the process"),
	OPT_LIST(0, "ulimit", struct process_group, ulimits, "NAME=SOFT[:HARD]", "resource limit; host: yours as they are"),
	OPT_FLAG(0, "init", struct process_group, init, "run an init that reaps processes and passes signals on"),
	OPT_END
};

static const struct opt net_rows[] = {
	OPT_STR(0, "network", struct net_group, mode, "MODE", "none, host or slirp4netns (default slirp4netns)"),
	OPT_STR(0, "net", struct net_group, mode, "MODE", NULL),
	OPT_LIST('p', "publish", struct net_group, publish, "[[IP:][HOST]:]CTR[/PROTO]",
		 "a port of the host that leads to one of the container; without HOST a free one is taken"),
	OPT_FLAG('P', "publish-all", struct net_group, publish_all, "publish every exposed port, each as a free one of the host"),
	OPT_STR('h', "hostname", struct net_group, hostname, "NAME", "host name inside"),
	OPT_CSV(0, "dns", struct net_group, dns, "IP", "name server to use"),
	OPT_CSV(0, "dns-search", struct net_group, dns_search, "DOMAIN", "search domain to use"),
	OPT_CSV(0, "dns-option", struct net_group, dns_option, "OPTION", "resolver option to use"),
	OPT_CSV(0, "dns-opt", struct net_group, dns_option, "OPTION", NULL),
	OPT_LIST(0, "add-host", struct net_group, add_host, "NAME:IP", "a line more for /etc/hosts"),
	OPT_STR(0, "hosts-file", struct net_group, hosts_file, "FILE|none", "what /etc/hosts begins with (default the host's)"),
	OPT_FLAG(0, "no-hosts", struct net_group, no_hosts, "leave the image's /etc/hosts alone"),
	OPT_END
};

static const struct opt security_rows[] = {
	OPT_CSV(0, "cap-add", struct security_group, cap_add, "CAP", "give a capability more"),
	OPT_CSV(0, "cap-drop", struct security_group, cap_drop, "CAP", "take a capability away (or all)"),
	OPT_LIST(0, "security-opt", struct security_group, security_opt, "OPTION",
		 "no-new-privileges, seccomp=FILE|unconfined, mask=PATH, unmask=PATH|ALL"),
	OPT_FLAG(0, "privileged", struct security_group, privileged, "all that a user can give: no masks, no seccomp"),
	OPT_FLAG(0, "read-only", struct security_group, read_only, "make the root read-only"),
	OPT_TRI(0, "read-only-tmpfs", struct security_group, read_only_tmpfs,
		"with --read-only: a tmpfs on /run, /tmp and /var/tmp (default true)"),
	OPT_END
};

static const struct opt life_rows[] = {
	OPT_STR(0, "stop-signal", struct life_group, stop_signal, "SIGNAL", "what stop sends (default SIGTERM)"),
	OPT_INT(0, "stop-timeout", struct life_group, stop_timeout, "SECONDS",
		"how long stop waits before SIGKILL (default 10)"),
	OPT_STR(0, "log-driver", struct life_group, log_driver, "DRIVER", "k8s-file, json-file, journald, none or passthrough (default k8s-file)"),
	OPT_LIST(0, "log-opt", struct life_group, log_opt, "KEY=VALUE",
		 "max-size=SIZE (10m; -1: never rotated), max-file=N (3), path=FILE, tag=TEXT"),
	OPT_STR(0, "pidfile", struct life_group, pidfile, "FILE", "write the process id there"),
	OPT_STR(0, "conmon-pidfile", struct life_group, conmon_pidfile, "FILE", "write the monitor's process id there"),
	OPT_STR(0, "restart", struct life_group, restart, "POLICY",
		"what follows its end: no (default), on-failure[:N], always or unless-stopped"),
	OPT_INT(0, "timeout", struct life_group, timeout, "SECONDS", "kill it when a run takes longer"),
	OPT_STR(0, "bind-to", struct life_group, bind_to, "parent|pid:N",
		"kill it when the caller (or process N) ends, however that ends"),
	OPT_END
};

static const struct opt health_rows[] = {
	OPT_STR(0, "health-cmd", struct health_group, cmd, "COMMAND|JSON",
		"health check: a line for sh, a JSON array of words, or none"),
	OPT_STR(0, "healthcheck-command", struct health_group, cmd, "COMMAND|JSON", NULL),
	OPT_STR(0, "health-interval", struct health_group, interval, "TIME",
		"pause between checks (default 30s; disable: only when asked for)"),
	OPT_STR(0, "health-timeout", struct health_group, timeout, "TIME", "a check that takes longer has failed (default 30s)"),
	OPT_INT(0, "health-retries", struct health_group, retries, "N",
		"failures in a row that make it unhealthy (default 3)"),
	OPT_STR(0, "health-start-period", struct health_group, start_period, "TIME",
		"failures don't count for so long, until a check has passed (default 0s)"),
	OPT_STR(0, "health-on-failure", struct health_group, on_failure, "ACTION",
		"when it becomes unhealthy: none (default), kill, restart or stop"),
	OPT_STR(0, "health-startup-cmd", struct health_group, startup_cmd, "COMMAND|JSON",
		"run this check first, until it passes"),
	OPT_STR(0, "health-startup-interval", struct health_group, startup_interval, "TIME",
		"pause between start-up checks (default 30s)"),
	OPT_INT(0, "health-startup-retries", struct health_group, startup_retries, "N",
		"failures in a row that restart the container (default 0: never)"),
	OPT_INT(0, "health-startup-success", struct health_group, startup_success, "N",
		"passes in a row that end the start-up (default 1)"),
	OPT_STR(0, "health-startup-timeout", struct health_group, startup_timeout, "TIME",
		"a start-up check that takes longer has failed (default 30s)"),
	OPT_INT(0, "health-max-log-count", struct health_group, max_log_count, "N",
		"results that are kept (default 5; 0: 100)"),
	OPT_INT(0, "health-max-log-size", struct health_group, max_log_size, "BYTES",
		"output that is kept of each (default 500; 0: 16 KiB)"),
	OPT_STR(0, "health-log-destination", struct health_group, log_destination, "local", NULL),
	OPT_FLAG(0, "no-healthcheck", struct health_group, off, "no health check, whatever the image says"),
	OPT_END
};

static const struct opt fetch_rows[] = {
	OPT_STR(0, "platform", struct pull_group, platform, "OS/ARCH[/VARIANT]", "take the image for this platform"),
	OPT_STR(0, "arch", struct pull_group, arch, "ARCH", "take the image for this architecture"),
	OPT_STR(0, "os", struct pull_group, os, "OS", "take the image for this system"),
	OPT_STR(0, "variant", struct pull_group, variant, "VARIANT", "take the image for this variant"),
	OPT_STR(0, "authfile", struct pull_group, authfile, "FILE", "credentials of registries"),
	OPT_STR(0, "creds", struct pull_group, creds, "USER:PASSWORD", "credentials for the pull"),
	OPT_STR(0, "cert-dir", struct pull_group, cert_dir, "DIR", "certificates for the registry"),
	OPT_TRI(0, "tls-verify", struct pull_group, tls_verify, "check the registry's certificate (default true)"),
	OPT_INT(0, "retry", struct pull_group, retry, "N", "how often a failed pull is tried again (default 3)"),
	OPT_STR(0, "retry-delay", struct pull_group, retry_delay, "SPAN",
		"how long to wait before that, as 5s (default: 2s, doubled each time)"),
	OPT_END
};

#define FIRST_ROWS                                                                                   \
	OPT_GROUP(struct run_opts, process, stdio_rows),                                             \
	OPT_TRI(0, "rm", struct run_opts, rm, "remove the container when it ends"),                  \
	OPT_STR(0, "name", struct run_opts, name, "NAME", "name of the container")

#define COMMON_ROWS                                                                                  \
	OPT_FLAG(0, "replace", struct run_opts, replace, "remove a container of that name first"),   \
	OPT_STR(0, "cidfile", struct run_opts, cidfile, "FILE", "write the container's id there"),   \
	OPT_FLAG(0, "rootfs", struct run_opts, rootfs, "the first operand is a folder, not an image"), \
	OPT_FLAG('q', "quiet", struct run_opts, quiet, "say nothing while pulling"),                 \
	OPT_CSV(0, "requires", struct run_opts, requires, "CONTAINER", "start these containers first"), \
	OPT_TITLE("Lifetime and log"),                                                               \
	OPT_STR(0, "sdnotify", struct run_opts, notify.sdnotify, "MODE",                             \
		"conmon: tell systemd that the unit is ready; ignore: don't"),                       \
	OPT_GROUP(struct run_opts, life, life_rows),                                                 \
	OPT_TITLE("Health checks"),                                                                  \
	OPT_GROUP(struct run_opts, health, health_rows),                                             \
	OPT_TITLE("The process"),                                                                    \
	OPT_GROUP(struct run_opts, process, process_rows),                                           \
	OPT_GROUP(struct run_opts, users, users_rows),                                               \
	OPT_STR(0, "entrypoint", struct run_opts, entrypoint, "WORD|JSON", "instead of the image's entrypoint"), \
	OPT_TITLE("Environment"),                                                                    \
	OPT_GROUP(struct run_opts, env, env_rows),                                                   \
	OPT_TITLE("Labels"),                                                                         \
	OPT_LIST('l', "label", struct run_opts, label, "KEY=VALUE", "label"),                        \
	OPT_LIST(0, "label-file", struct run_opts, label_file, "FILE", "labels, a line each"),       \
	OPT_LIST(0, "annotation", struct run_opts, annotation, "KEY=VALUE", "annotation of the OCI spec"), \
	OPT_TITLE("Files and devices"),                                                              \
	OPT_LIST('v', "volume", struct run_opts, volume, "[SRC:]DST[:OPTIONS]",		\
		 "a folder of the host (/PATH) or a volume (NAME; none: one of its own), with ro, nocopy ..."), \
	OPT_LIST(0, "mount", struct run_opts, mount, "type=volume|bind|tmpfs,...", "a mount, spelled out"), \
	OPT_LIST(0, "volumes-from", struct run_opts, volumes_from, "CONTAINER[:ro|rw|z]", "the volumes of another container"), \
	OPT_LIST(0, "tmpfs", struct run_opts, tmpfs, "DST[:OPTIONS]", "an empty folder in memory"),  \
	OPT_STR(0, "shm-size", struct run_opts, shm_size, "SIZE", "size of /dev/shm (default 64m)"), \
	OPT_GROUP(struct run_opts, devices, device_rows),                                            \
	OPT_LIST(0, "secret", struct run_opts, secret, "NAME[,OPTION...]",                           \
		 "a secret, as /run/secrets/NAME or by type=env; target=, uid=, gid=, mode="),       \
	OPT_GROUP(struct run_opts, place, place_rows),                                               \
	OPT_TITLE("Network"),                                                                        \
	OPT_GROUP(struct run_opts, net, net_rows),                                                   \
	OPT_CSV(0, "expose", struct run_opts, expose, "PORT", "PORT[-END][/PROTO] that the container serves: published with -P"), \
	OPT_TITLE("Security and namespaces"),                                                        \
	OPT_GROUP(struct run_opts, security, security_rows),                                         \
	OPT_GROUP(struct run_opts, ns, ns_rows),                                                     \
	OPT_GROUP(struct run_opts, kernel, kernel_rows),                                             \
	OPT_TITLE("Limits (they need a cgroup)"),                                                    \
	OPT_GROUP(struct run_opts, resources, resource_rows),                                        \
	OPT_TITLE("Image"),                                                                          \
	OPT_STR(0, "pull", struct run_opts, pull, "POLICY", "missing (default), always, newer or never"), \
	OPT_GROUP(struct run_opts, fetch, fetch_rows),                                               \
	OPT_GROUP(struct run_opts, compat, compat_rows)

const struct opt create_rows[] = {
	FIRST_ROWS,
	OPT_CSV('a', "attach", struct run_opts, attach, "STREAM", "stdin, stdout or stderr: checked; what is attached, start says"),
	COMMON_ROWS,
	OPT_END
};

const struct opt run_rows[] = {
	OPT_FLAG('d', "detach", struct run_opts, detach, "run in the background and print the id"),
	FIRST_ROWS,
	OPT_STR(0, "detach-keys", struct run_opts, detach_keys, "KEYS", "what detaches (default ctrl-p,ctrl-q)"),
	OPT_TRI(0, "sig-proxy", struct run_opts, sig_proxy, "pass signals on to the process (default true)"),
	OPT_CSV('a', "attach", struct run_opts, attach, "STREAM", "stdin, stdout or stderr only"),
	OPT_FLAG(0, "rmi", struct run_opts, rmi, "remove the container and then its image when it ends"),
	OPT_UINT(0, "preserve-fds", struct run_opts, preserve_fds, "N", "pass N more descriptors on: 3 to N+2"),
	OPT_CSV(0, "preserve-fd", struct run_opts, preserve_fd, "FD", "pass this descriptor on, too"),
	COMMON_ROWS,
	OPT_END
};

static char **command_line(struct app *app, int argc, char **argv)
{
	auto_strv char **words = strv_split(app->path, " ", true);
	char **v = NULL;

	strv_add(&v, "rbox");
	strv_add_all(&v, words);
	for (int i = 1; i < argc; i++) {
		/* It is saved, and inspect shows it: a password is not for either. */
		if (str_starts(argv[i], "--creds="))
			strv_add(&v, "--creds=***");
		else
			strv_add(&v, !strcmp(argv[i - 1], "--creds") ? "***" : argv[i]);
	}
	return v;
}

int run_opts_parse(struct app *app, int argc, char **argv, struct run_opts *o, struct fail *f)
{
	int first;

	*o = (struct run_opts){
		.life.stop_timeout = LIFE_TIMEOUT_UNSET, .fetch.retry = 3,
		.health = { .retries = HEALTH_UNSET, .startup_retries = HEALTH_UNSET,
			    .startup_success = HEALTH_UNSET, .max_log_count = HEALTH_UNSET,
			    .max_log_size = HEALTH_UNSET },
	};
	o->create_command = command_line(app, argc, argv);
	first = app_parse_early(app, o, argc, argv, f);
	if (first < 0)
		return first;
	if (app_need_args(app, argc - first, 1, -1, f) < 0)
		return -f->code;
	strv_each(it, o->attach)
		if (strcmp(*it, "stdin") && strcmp(*it, "stdout") && strcmp(*it, "stderr"))
			return refuse(f, EINVAL, "invalid stream \"%.40s\" for --attach: stdin, stdout or stderr", *it);
	o->image = mem_strdup(argv[first]);
	if (o->rmi && o->rm == TRI_FALSE)
		return refuse(f, EINVAL, "the --rmi option does not work without --rm");
	o->life.rm = o->rm == TRI_TRUE || o->rmi;
	for (int i = first + 1; i < argc; i++)
		strv_add(&o->command, argv[i]);
	return 0;
}

void run_opts_done(struct run_opts *o)
{
	opt_done(run_rows, o);
	mem_free_ptr(&o->image);
	strv_free_ptr(&o->command);
	strv_free_ptr(&o->create_command);
}

int run_fetch(void *ctx, json_t *request, struct fail *f)
{
	struct fetch_ctx *c = ctx;

	return transfer_show(c->app, request, c->quiet, NULL, NULL, f);
}
