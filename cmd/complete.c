// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "cmd/commands.h"
#include "cmd/global.h"
#include "cmd/names.h"
#include "pkg/engine/images.h"
#include "pkg/engine/ps.h"
#include "pkg/engine/secret.h"
#include "pkg/util/mem.h"
#include "pkg/util/sig.h"
#include "pkg/util/str.h"
#include "runtime/privs_caps.h"
#include "storage/volume.h"

/*
 * `rbox __complete -- WORD... CURRENT`: what CURRENT, the word at the cursor, can become, from the tables that
 * the commands are parsed with. One candidate a line, "WORD" or "WORD<tab>what it is"; a last line ":files" or ":dirs"
 * when names of files belong there, too. The shells' own parts (cmd/completion.c) only show it.
 */
enum want {
	WANT_RUNNING = 1 << 0, WANT_ENDED = 1 << 1, WANT_PAUSED = 1 << 2,	/* containers */
	WANT_CONTAINER = WANT_RUNNING | WANT_ENDED | WANT_PAUSED,
	WANT_IMAGE = 1 << 3, WANT_VOLUME = 1 << 4, WANT_SECRET = 1 << 5,
	WANT_FILE = 1 << 6, WANT_DIR = 1 << 7,
	WANT_COLON = 1 << 8,		/* a container's name is followed by ":PATH" */
	WANT_SIGNAL = 1 << 9, WANT_CAP = 1 << 10,
};

/* The command line so far. */
struct point {
	struct app *app;
	const struct command *command;
	const char *current;		/* the word at the cursor */
	size_t head;			/* of current: "--network=", which candidates begin with */
	const struct opt *row;		/* current is the value of this option */
	char **given;			/* the operands before it */
	size_t n;
	bool plain;			/* no option can come any more */
};

/* --- candidates --- */

static void offer(const struct point *p, const char *word, const char *what)
{
	auto_str struct str shown = STR_INIT(64 * 1024);

	if (strncmp(word, p->current + p->head, strlen(p->current + p->head)))
		return;
	for (size_t i = 0; i < p->n && !p->row; i++)
		if (!strcmp(p->given[i], word))
			return;
	app_printf("%.*s%s", (int)p->head, p->current, word);
	if (what && *what) {
		/* Of an image's or a registry's making, and on its way to a terminal. */
		str_add_escaped(&shown, what);
		app_printf("\t%s", str_cstr(&shown));
	}
	app_print("\n");
}

/* Words with blanks between them. */
static void offer_words(const struct point *p, const char *words)
{
	auto_strv char **v = strv_split(words, " ", true);

	strv_each(it, v)
		offer(p, *it, NULL);
}

static const char *member(const json_t *row, const char *key)
{
	const char *s = json_string_value(json_object_get(row, key));

	return s ? s : "";
}

static unsigned state_of(const json_t *row)
{
	const char *state = member(row, "State");

	if (!strcmp(state, "running"))
		return WANT_RUNNING;
	return !strcmp(state, "paused") ? WANT_PAUSED : WANT_ENDED;
}

static int offer_containers(const struct point *p, unsigned want, struct fail *f)
{
	struct ps_opts o = { .all = true };
	const char *typed = p->current + p->head;
	auto_json json_t *rows = NULL;
	json_t *row;
	size_t i;
	int r = engine_ps(&p->app->engine, &o, &rows, f);

	json_array_foreach(rows, i, row)
	{
		const char *name = json_string_value(json_array_get(json_object_get(row, "Names"), 0));
		const char *id = member(row, "Id");
		auto_free char *what = mem_printf("%s, %s", member(row, "Image"), member(row, "State"));
		/* By its id for who begins to type that. */
		bool by_id = !name || (*typed && !str_starts(name, typed));
		auto_free char *word = mem_printf("%.*s%s", by_id ? 12 : 256, by_id ? id : name,
						  want & WANT_COLON ? ":" : "");

		if (want & state_of(row))
			offer(p, word, what);
	}
	return r;
}

/* "localhost/app:1" when that was begun, else what follows a '/' of it. */
static const char *shorter_name(const char *name, const char *typed)
{
	const char *s = name;

	while (s && !str_starts(s, typed)) {
		s = strchr(s, '/');
		s = s ? s + 1 : NULL;
	}
	return s ? s : name;
}

static int offer_images(const struct point *p, struct fail *f)
{
	struct images_opts o = { 0 };
	auto_json json_t *rows = NULL;
	json_t *row;
	size_t i;
	int r = engine_images(&p->app->engine, &o, &rows, f);

	json_array_foreach(rows, i, row)
	{
		auto_free char *name = mem_printf("%s:%s", member(row, "Repository"), member(row, "Tag"));

		if (strcmp(member(row, "Repository"), "<none>") && strcmp(member(row, "Tag"), "<none>"))
			offer(p, shorter_name(name, p->current + p->head), NULL);
		else if (p->current[p->head])
			offer(p, member(row, "ID"), "has no name");
	}
	return r;
}

static int offer_secrets(const struct point *p, struct fail *f)
{
	auto_json json_t *rows = NULL;
	json_t *row;
	size_t i;
	int r = engine_secrets(&p->app->engine, NULL, &rows, f);

	json_array_foreach(rows, i, row)
		offer(p, member(row, "Name"), NULL);
	return r;
}

static int offer_volumes(const struct point *p, struct fail *f)
{
	auto_strv char **names = NULL;
	int r = volume_list(&p->app->engine.store, &names, f);

	strv_each(it, names)
	{
		auto_free char *word = mem_printf("%s:", *it);

		offer(p, p->row ? word : *it, NULL);
	}
	return r;
}

static void offer_signals(const struct point *p)
{
	char name[SIG_NAME_MAX];

	for (int i = 1; i < 32; i++) {
		/* As podman's users write them: with or without SIG. */
		const char *s = sig_name(i, name);

		offer(p, strncmp(p->current + p->head, "SIG", 3) ? s + 3 : s, NULL);
	}
}

static void offer_caps(const struct point *p)
{
	for (unsigned i = 0; privs_cap_name(i); i++)
		offer(p, privs_cap_name(i) + strlen("CAP_"), NULL);
	offer(p, "all", NULL);
}

/* A warning has no place between the words that a user types. */
static void be_silent(const char *fmt, ...)
{
	(void)fmt;
}

static int offer_all(const struct point *p, unsigned want, struct fail *f)
{
	const char *typed = p->current + p->head;
	bool path = *typed == '/' || *typed == '.' || *typed == '~';
	int r = 0;

	if (want & WANT_SIGNAL)
		offer_signals(p);
	if (want & WANT_CAP)
		offer_caps(p);
	if (!path && (want & (WANT_CONTAINER | WANT_IMAGE | WANT_VOLUME | WANT_SECRET)))
		r = engine_open(&p->app->engine, be_silent, f);
	if (r == 0 && !path && (want & WANT_CONTAINER))
		r = offer_containers(p, want, f);
	if (r == 0 && !path && (want & WANT_IMAGE))
		r = offer_images(p, f);
	if (r == 0 && !path && (want & WANT_VOLUME))
		r = offer_volumes(p, f);
	if (r == 0 && !path && (want & WANT_SECRET))
		r = offer_secrets(p, f);
	/* Behind "SRC:" begins a path of the container's. */
	if ((want & (WANT_FILE | WANT_DIR)) && !(want & (WANT_COLON | WANT_VOLUME) && strchr(typed, ':')))
		app_print(want & WANT_FILE ? ":files\n" : ":dirs\n");
	return r;
}

/* --- values of options --- */

#define FILTERS_PS                                                                                              \
	"id= name= label= label!= status=created status=exited status=initialized status=paused status=removing " \
	"status=running status=stopped exited= ancestor= before= since= volume= health=healthy health=unhealthy "  \
	"health=starting health=none network= pod= restart-policy=no restart-policy=on-failure "                   \
	"restart-policy=always restart-policy=unless-stopped until= command= should-start-on-boot="
#define STATES "configured created exited healthy initialized paused removing running stopped stopping unhealthy"

/* COMMAND NULL: of any command. */
static const struct {
	const char *name, *command, *words;
	unsigned want;
} values[] = {
	{ "attach", NULL, "stdin stdout stderr", 0 },
	{ "bind-to", NULL, "parent pid:", 0 },
	{ "cap-add", NULL, NULL, WANT_CAP },
	{ "cap-drop", NULL, NULL, WANT_CAP },
	{ "cgroupns", NULL, "private", 0 },
	{ "cgroups", NULL, "enabled disabled no-conmon split", 0 },
	{ "change", NULL, "CMD= ENTRYPOINT= ENV= EXPOSE= LABEL= ONBUILD= STOPSIGNAL= USER= VOLUME= WORKDIR=", 0 },
	{ "condition", NULL, STATES, 0 },
	{ "device", NULL, NULL, WANT_FILE },
	{ "filter", "events", "artifact= container= event= image= label= pod= type=container type=image type=volume "
			      "volume=", 0 },
	{ "filter", "images", "after= before= containers= dangling=true dangling=false digest= id= label= readonly= "
			      "reference= since= until=", 0 },
	{ "filter", "ls", "after= anonymous= dangling=true dangling=false driver= label= name= opt= scope= since= "
			  "until=", 0 },
	{ "filter", "prune", "label= label!= until=", 0 },
	{ "filter", NULL, FILTERS_PS, 0 },
	{ "format", "commit", "oci docker", 0 },
	{ "format", NULL, "json", 0 },
	{ "health-on-failure", NULL, "none kill restart stop", 0 },
	{ "health-cmd", NULL, "none", 0 },
	{ "ipc", NULL, "private shareable", 0 },
	{ "log-driver", NULL, "k8s-file json-file journald none passthrough", 0 },
	{ "log-opt", NULL, "max-size= max-file= path= tag=", 0 },
	{ "mount", NULL, "type=bind,source= type=volume,source= type=tmpfs,destination=", 0 },
	{ "network", NULL, "slirp4netns host none", 0 },
	{ "os", NULL, "linux", 0 },
	{ "pid", NULL, "private", 0 },
	{ "platform", NULL, "linux/amd64 linux/arm64 linux/arm/v7 linux/386 linux/ppc64le linux/riscv64 linux/s390x", 0 },
	{ "policy", NULL, "always missing newer never", 0 },
	{ "pull", NULL, "always missing newer never", 0 },
	{ "requires", NULL, NULL, WANT_CONTAINER },
	{ "restart", NULL, "no on-failure on-failure: always unless-stopped", 0 },
	{ "sdnotify", NULL, "conmon ignore", 0 },
	{ "secret", NULL, NULL, WANT_SECRET },
	{ "security-opt", NULL, "no-new-privileges seccomp=unconfined seccomp= mask= unmask=ALL unmask=", 0 },
	{ "signal", NULL, NULL, WANT_SIGNAL },
	{ "sort", NULL, "command created id image names runningfor size status", 0 },
	{ "stop-signal", NULL, NULL, WANT_SIGNAL },
	{ "systemd", NULL, "true false always", 0 },
	{ "type", NULL, "container image all", 0 },
	{ "userns", NULL, "host", 0 },
	{ "uts", NULL, "private", 0 },
	{ "volume", NULL, NULL, WANT_VOLUME | WANT_FILE },
	{ "volumes-from", NULL, NULL, WANT_CONTAINER },
};

static int offer_value(const struct point *p, struct fail *f)
{
	const char *arg = p->row->arg ? p->row->arg : "";

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		if (strcmp(values[i].name, p->row->name) ||
		    (values[i].command && strcmp(values[i].command, p->command->name)))
			continue;
		if (values[i].words)
			offer_words(p, values[i].words);
		return offer_all(p, values[i].want, f);
	}
	if (strstr(arg, "FILE"))
		return offer_all(p, WANT_FILE, f);
	if (strstr(arg, "FOLDER") || !strcmp(p->row->name, "cert-dir"))
		return offer_all(p, WANT_DIR, f);
	return 0;
}

static int offer_option(const struct opt *o, void *ctx)
{
	auto_free char *word = o->name ? mem_printf("--%s", o->name) : NULL;

	if (o->help && word)
		offer(ctx, word, o->help);
	return 0;
}

/* --- operands --- */

/* Whose containers have to be in one state. */
static const struct { const char *command; unsigned want; } states[] = {
	{ "attach", WANT_RUNNING }, { "exec", WANT_RUNNING }, { "kill", WANT_RUNNING | WANT_PAUSED },
	{ "pause", WANT_RUNNING }, { "stats", WANT_RUNNING }, { "stop", WANT_RUNNING | WANT_PAUSED },
	{ "top", WANT_RUNNING }, { "healthcheck", WANT_RUNNING }, { "unpause", WANT_PAUSED },
	{ "start", WANT_ENDED }, { "init", WANT_ENDED },
};

static unsigned state_wanted(const char *command)
{
	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (!strcmp(states[i].command, command))
			return states[i].want;
	return WANT_CONTAINER;
}

/* By what the command's usage calls it. */
static unsigned wanted_by(const struct command *c, const char *word)
{
	unsigned want = 0;

	if (strstr(word, "CONTAINER:]"))
		return WANT_CONTAINER | WANT_COLON | WANT_FILE;
	if (strstr(word, "NAME|ID"))
		return WANT_CONTAINER | WANT_IMAGE;
	if (strstr(word, "CONTAINER"))
		want |= state_wanted(c->name);
	if (strstr(word, "IMAGE") || c->opts == images_command.opts)
		want |= WANT_IMAGE;
	if (strstr(word, "VOLUME"))
		want |= WANT_VOLUME;
	if (strstr(word, "SECRET"))
		want |= WANT_SECRET;
	if (strstr(word, "FILE") || strstr(word, "[ARG...]") || !strcmp(word, "[COMMAND") || !strcmp(word, "COMMAND"))
		want |= WANT_FILE;
	return want;
}

static int offer_operand(const struct point *p, struct fail *f)
{
	auto_strv char **words = strv_split(p->command->args ? p->command->args : "", " ", true);
	size_t first = words && !strcmp(words[0], "[options]"), n = strv_len(words);
	size_t i = first + p->n;

	if (i >= n && n > first && strstr(words[n - 1], "..."))
		i = n - 1;
	if (i >= n)
		return 0;
	/* bash|zsh|fish: the words themselves. */
	if (words[i][0] >= 'a' && words[i][0] <= 'z') {
		for (char *c = words[i]; *c; c++)
			if (*c == '|')
				*c = ' ';
		offer_words(p, words[i]);
		return 0;
	}
	return offer_all(p, wanted_by(p->command, words[i]), f);
}

/* --- where the cursor is --- */

/* The option of a word before the cursor whose value is the next word; NULL: none. */
static const struct opt *awaits_value(const struct command *c, const char *word)
{
	const struct opt *o;

	if (str_starts(word, "--")) {
		o = opt_find(c->opts, 0, word + 2);
		return o && opt_takes_value(o) ? o : NULL;
	}
	for (const char *s = word + 1; *s; s++) {
		o = opt_find(c->opts, *s, NULL);
		if (!o || (opt_takes_value(o) && s[1]))
			return NULL;
		if (opt_takes_value(o))
			return o;
	}
	return NULL;
}

/* "--network=ho", "-fstatus=": the value in the word at the cursor itself. */
static void find_head(struct point *p)
{
	const char *cur = p->current, *eq = strchr(cur, '=');
	auto_free char *name = NULL;

	if (str_starts(cur, "--") && eq) {
		name = mem_strndup(cur + 2, (size_t)(eq - cur) - 2);
		p->row = opt_find(p->command->opts, 0, name);
		p->head = (size_t)(eq - cur) + 1;
	} else if (cur[0] == '-' && cur[1] && cur[1] != '-' && cur[2]) {
		p->row = opt_find(p->command->opts, cur[1], NULL);
		p->head = 2;
	}
	if (p->row && opt_takes_value(p->row))
		return;
	p->row = NULL;
	p->head = 0;
}

static int complete_words(struct point *p, int argc, char **argv, struct fail *f)
{
	bool early = p->command->args && strstr(p->command->args, "[ARG...]");

	p->current = argv[argc - 1];
	for (int i = 0; i < argc - 1; i++) {
		const struct opt *o;

		if (p->plain || argv[i][0] != '-' || !argv[i][1]) {
			strv_add(&p->given, argv[i]);
			p->n++;
			p->plain |= early;
		} else if (!strcmp(argv[i], "--")) {
			p->plain = true;
		} else {
			o = awaits_value(p->command, argv[i]);
			if (o && i == argc - 2)
				p->row = o;
			i += o != NULL;
		}
	}
	if (!p->row && !p->plain && p->current[0] == '-')
		find_head(p);
	if (p->row)
		return offer_value(p, f);
	if (!p->plain && p->current[0] == '-') {
		(void)opt_each(p->command->opts, offer_option, p);
		offer(p, "--help", "tell about this command");
		return 0;
	}
	return offer_operand(p, f);
}

/* The first of the words from I on, before the last, that isn't an option of rbox itself or its value. */
static int skip_global(int argc, char **argv, int i)
{
	for (; i < argc - 1 && str_starts(argv[i], "--"); i++) {
		const struct opt *o = opt_find(global_rows, 0, argv[i] + 2);

		i += o && opt_takes_value(o);
	}
	return i;
}

static int complete_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct point p = { .app = app };
	const struct command *const *table = command_table;
	int r, i = skip_global(argc, argv, 1 + (argc > 1 && !strcmp(argv[1], "--")));

	for (; i < argc - 1 && table; i++) {
		p.command = command_find(table, argv[i]);
		if (!p.command)
			return 0;
		/* What follows help is a command again, and no more than that. */
		table = p.command == &help_command ? command_table : p.command->subs;
	}
	if (i >= argc)
		return 0;
	if (!table) {
		r = complete_words(&p, argc - i, argv + i, f);
		strv_free_ptr(&p.given);
		return r;
	}
	p.current = argv[i];
	for (const struct command *const *c = table; *c; c++) {
		if (*(*c)->summary)
			offer(&p, (*c)->name, (*c)->summary);
		/* `container ls`, for who has begun to type that. */
		for (const char *const *a = (*c)->aliases; a && *a && *p.current && table != command_table; a++)
			offer(&p, *a, (*c)->summary);
	}
	if (p.current[0] == '-' && table == command_table)
		(void)opt_each(global_rows, offer_option, &p);
	else if (p.current[0] == '-')
		offer_words(&p, "--help");
	return 0;
}

const struct command complete_command = {
	.name = "__complete", .args = "-- WORD...", .summary = "", .needs = NEED_NOTHING, .run = complete_run,
};
