// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "cmd/commands.h"
#include "cmd/global.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

/*
 * The man pages, from the same rows as --help. Hidden: `make` calls it for contrib/man; without an
 * operand it lists the pages there are, with one it prints that page.
 */
static void text(const char *s)
{
	bool line_start = true;

	for (; *s; s++) {
		/* A '.' or ''' at the start of a line would be a request; '-' is meant as it is. */
		if (line_start && (*s == '.' || *s == '\''))
			app_print("\\&");
		line_start = *s == '\n';
		if (*s == '\\')
			app_print("\\e");
		else if (*s == '-')
			app_print("\\-");
		else
			app_printf("%c", *s);
	}
}

static int option(const struct opt *o, void *ctx)
{
	(void)ctx;
	if (o->kind == OPT_K_TITLE) {
		app_print(".SS ");
		text(o->arg);
		app_print("\n");
	}
	if (!o->help)
		return 0;
	app_print(".TP\n");
	if (o->letter)
		app_printf("\\fB\\-%c\\fR, ", o->letter);
	app_print("\\fB\\-\\-");
	text(o->name);
	app_print("\\fR");
	if (o->kind != OPT_K_FLAG && o->kind != OPT_K_TRI) {
		app_print("=\\fI");
		text(o->arg ? o->arg : "value");
		app_print("\\fR");
	}
	app_print("\n");
	text(o->help);
	app_print("\n");
	return 0;
}

static void page(const struct command *c, const char *name)
{
	auto_free char *upper = mem_strdup(name);

	for (char *p = upper; *p; p++)
		*p = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
	app_printf(".TH %s 1 \"\" \"rbox " RBOX_VERSION "\" \"rbox\"\n.SH NAME\n", upper);
	text(name);
	app_print(" \\- ");
	text(c->summary);
	app_print("\n.SH SYNOPSIS\n.B rbox ");
	text(strchr(name, '-') + 1);
	app_print("\n");
	text(c->args ? c->args : "COMMAND");
	app_print("\n");
	if (c->details) {
		app_print(".SH DESCRIPTION\n");
		text(c->details);
		app_print("\n");
	}
	if (c->opts) {
		app_print(".SH OPTIONS\n");
		(void)opt_each(c->opts, option, NULL);
	}
	if (c->examples) {
		app_print(".SH EXAMPLES\n.nf\n");
		text(c->examples);
		app_print("\n.fi\n");
	}
	app_print(".SH EXIT STATUS\n0 on success; 125 when rbox itself failed, 126 and 127 when a command could not\n"
		  "be invoked or was not found, else the command's own status, 128+n for signal n.\n"
		  ".SH SEE ALSO\n.BR rbox (1)\n");
}

/* What the code asks the environment for; a name that is added there is added here. */
static const char environment[] =
	".SH ENVIRONMENT\n"
	".TP\nXDG_DATA_HOME\nthe store is in rbox below it (default: ~/.local/share)\n"
	".TP\nXDG_RUNTIME_DIR\nsockets and locks of what runs are in rbox below it; without it /run/user/UID, else "
	"/tmp/rbox\\-UID. The path must be short: a socket's name has 107 bytes at most\n"
	".TP\nXDG_CACHE_HOME\ncompiled seccomp profiles are in rbox below it (default: ~/.cache)\n"
	".TP\nXDG_CONFIG_HOME\ncontainers/registries.conf, containers/certs.d and containers/auth.json are "
	"looked for below it (default: "
	"~/.config)\n"
	".TP\nREGISTRY_AUTH_FILE, DOCKER_CONFIG\nthe file with credentials for registries; the folder of docker's "
	"config.json\n"
	".TP\nCONTAINERS_REGISTRIES_CONF\na file that stands in for every registries.conf\n"
	".TP\nSSL_CERT_FILE, SSL_CERT_DIR, CURL_CA_BUNDLE\nthe authorities that registries are trusted by\n"
	".TP\nhttp_proxy, https_proxy, all_proxy, no_proxy\nthe way to registries; given to containers too (rbox run "
	"\\-\\-http\\-proxy=false: not)\n"
	".TP\nPODMAN_USERNS\nthe default of \\-\\-userns\n"
	".TP\nSOURCE_DATE_EPOCH\nthe time of creation of images that are made by import and commit\n"
	".TP\nNOTIFY_SOCKET, LISTEN_FDS, LISTEN_FDNAMES, LISTEN_PID\nas sd_notify(3) and sd_listen_fds(3) tell\n"
	".TP\nLC_ALL, LC_CTYPE, LANG\nwhether rbox doctor may print UTF\\-8\n"
	".TP\nHOME, PATH, TERM\nas usual\n";

static const char files[] =
	".SH FILES\n"
	".TP\n~/.local/share/rbox\nimages, containers, volumes and secrets. Their files belong to subordinate ids: "
	"unshare \\-\\-map\\-auto \\-\\-map\\-root\\-user rm \\-rf ~/.local/share/rbox removes them all\n"
	".TP\n$XDG_RUNTIME_DIR/rbox, /tmp/rbox\\-UID\nsockets of running containers\n"
	".TP\n~/.config/containers/registries.conf, /etc/containers/registries.conf\nand registries.conf.d: where "
	"images are looked for, mirrors, what is blocked\n"
	".TP\n$XDG_RUNTIME_DIR/containers/auth.json, ~/.config/containers/auth.json, "
	"~/.docker/config.json\ncredentials that podman login or docker login wrote; they are only read\n"
	".TP\n/etc/containers/certs.d, /etc/docker/certs.d\nauthorities and client certificates of single registries\n"
	".TP\n/etc/subuid, /etc/subgid\nyour subordinate ids\n";

static void overview(const struct command *const *table)
{
	app_print(".TH RBOX 1 \"\" \"rbox " RBOX_VERSION "\" \"rbox\"\n.SH NAME\n"
		  "rbox \\- run containers without a daemon and without root\n.SH SYNOPSIS\n.B rbox\n[options] COMMAND "
		  "[options] ...\n.SH DESCRIPTION\n"
		  "rbox pulls images and runs containers for users who are not root. There is no daemon: each command does its "
		  "work and ends, and each running container has one process that watches it, which keeps its log, restarts it "
		  "and checks its health.\n.PP\n"
		  "The command line, the exit statuses and the output are podman's. What rbox doesn't have is refused, never "
		  "ignored; every error says what mends it.\n.BR rbox\\-doctor (1)\ntells what the machine lacks,\n"
		  ".BR rbox\\-why (1)\nhow a container ended. Each command has a page of its own, rbox\\-COMMAND.\n"
		  ".SH OPTIONS\nThey stand before the command.\n");
	(void)opt_each(global_rows, option, NULL);
	app_print(".SH COMMANDS\n");
	for (; *table; table++) {
		if (!*(*table)->summary)
			continue;
		app_print(".TP\n\\fB");
		text((*table)->name);
		app_print("\\fR\n");
		text((*table)->summary);
		app_print("\n");
	}
	app_print(".SH EXIT STATUS\n.TP\n0\nsuccess\n.TP\n125\nrbox itself failed: a wrong option, an image that isn't "
		  "there, a container that can't be made\n.TP\n126\nthe command of run, exec or start is there and can't be "
		  "executed\n.TP\n127\nit was not found\n.TP\nelse\nof run, exec, start \\-\\-attach and attach: the "
		  "command's own status, 128+n when signal n ended it. Other commands end with 1 where podman's do\n");
	app_print(environment);
	app_print(files);
	app_print(".SH SEE ALSO\n.BR rbox\\-run (1),\n.BR rbox\\-doctor (1),\n.BR podman (1),\n.BR subuid (5),\n"
		  ".BR slirp4netns (1)\n");
}

static bool walk(const struct command *const *table, const char *prefix, const char *wanted)
{
	for (; *table; table++) {
		auto_free char *name = mem_printf("%s-%s", prefix, (*table)->name);

		if (!wanted && !(*table)->subs && *(*table)->summary)
			app_printf("%s\n", name);
		if (wanted && !(*table)->subs && !strcmp(name, wanted)) {
			page(*table, name);
			return true;
		}
		if ((*table)->subs && walk((*table)->subs, name, wanted))
			return true;
	}
	return false;
}

static int man_run(struct app *app, int argc, char **argv, struct fail *f)
{
	int first = app_parse(app, NULL, argc, argv, f);

	if (first < 0)
		return first;
	if (first == argc) {
		app_print("rbox\n");
		(void)walk(command_table, "rbox", NULL);
		return 0;
	}
	if (!strcmp(argv[first], "rbox"))
		overview(command_table);
	else if (!walk(command_table, "rbox", argv[first]))
		return refuse(f, ENOENT, "no page '%.60s'", argv[first]);
	return 0;
}

const struct command man_command = {
	.name = "__man", .args = "[PAGE]", .summary = "", .needs = NEED_NOTHING, .run = man_run,
};
