// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "cmd/commands.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

/*
 * Completions from the tables that the commands are parsed with. Names of containers and
 * images are asked of rbox itself when the user presses TAB.
 */
enum operand { OPERAND_NONE, OPERAND_CONTAINER, OPERAND_IMAGE, OPERAND_ANY };

static enum operand operand_of(const struct command *c)
{
	const char *a = c->args ? c->args : "";

	if (strstr(a, "NAME|ID"))
		return OPERAND_ANY;
	if (strstr(a, "CONTAINER"))
		return OPERAND_CONTAINER;
	return strstr(a, "IMAGE") ? OPERAND_IMAGE : OPERAND_NONE;
}

static int add_flag(const struct opt *o, void *ctx)
{
	if (o->help)
		str_addf(ctx, "%s--%s", ((struct str *)ctx)->len ? " " : "", o->name);
	return 0;
}

static void add_names(struct str *s, const struct command *const *table)
{
	for (; *table; table++)
		if (*(*table)->summary)
			str_addf(s, "%s%s", s->len ? " " : "", (*table)->name);
}

static void bash_cases(const struct command *const *table, const char *prefix)
{
	static const char *const asks[] = {
		[OPERAND_NONE] = "",
		[OPERAND_CONTAINER] = "$(rbox ps -a --format '{{.Names}}' 2>/dev/null)",
		[OPERAND_IMAGE] = "$(rbox images --noheading --format '{{.Repository}}:{{.Tag}}' 2>/dev/null)",
		[OPERAND_ANY] = ("$(rbox ps -a --format '{{.Names}}' 2>/dev/null) "
				 "$(rbox images --noheading --format '{{.Repository}}:{{.Tag}}' 2>/dev/null)"),
	};

	for (; *table; table++) {
		const struct command *c = *table;
		auto_free char *path = mem_printf("%s%s%s", prefix, *prefix ? " " : "", c->name);
		auto_str struct str words = STR_INIT(1 << 20);

		if (c->subs) {
			add_names(&words, c->subs);
			app_printf("\t'%s') words=\"%s\" ;;\n", path, str_cstr(&words));
			bash_cases(c->subs, path);
			continue;
		}
		(void)opt_each(c->opts, add_flag, &words);
		app_printf("\t'%s')\n\t\tcase $cur in\n\t\t-*) words=\"%s --help\" ;;\n\t\t*) words=\"%s\" ;;\n"
			   "\t\tesac ;;\n", path, str_cstr(&words), asks[operand_of(c)]);
	}
}

/* "container|image|...": the commands that have commands of their own, as a pattern of the shell. */
static void add_nouns(struct str *s)
{
	for (const struct command *const *c = command_table; *c; c++)
		if ((*c)->subs)
			str_addf(s, "%s%s", s->len ? "|" : "", (*c)->name);
}

static void bash(void)
{
	auto_str struct str words = STR_INIT(1 << 20), nouns = STR_INIT(4096);

	add_names(&words, command_table);
	add_nouns(&nouns);
	app_print("# bash completion of rbox; made by `rbox completion bash`\n"
		  "_rbox()\n{\n"
		  "\tlocal cur=${COMP_WORDS[COMP_CWORD]} path='' words='' i\n"
		  "\tfor ((i = 1; i < COMP_CWORD && i < 3; i++)); do\n"
		  "\t\tcase ${COMP_WORDS[i]} in\n"
		  "\t\t-*) break ;;\n"
		  "\t\tesac\n"
		  "\t\tif [ $i -eq 2 ]; then\n");
	app_printf("\t\t\tcase $path in %s) ;; *) break ;; esac\n", str_cstr(&nouns));
	app_print("\t\tfi\n"
		  "\t\tpath=\"${path:+$path }${COMP_WORDS[i]}\"\n"
		  "\tdone\n"
		  "\tcase $path in\n");
	app_printf("\t'') words=\"%s --help --version\" ;;\n", str_cstr(&words));
	bash_cases(command_table, "");
	app_print("\tesac\n"
		  "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
		  "}\n"
		  "complete -o default -F _rbox rbox\n");
}

static void fish_command(const struct command *c, const char *parent);

static int fish_flag(const struct opt *o, void *ctx)
{
	if (!o->help)
		return 0;
	app_printf("complete -c rbox -n '__fish_seen_subcommand_from %s' -l %s", (const char *)ctx, o->name);
	if (o->letter)
		app_printf(" -s %c", o->letter);
	if (o->kind != OPT_K_FLAG && o->kind != OPT_K_TRI)
		app_print(" -r");
	app_print(" -d '");
	for (const char *p = o->help; *p; p++)
		app_printf("%s%c", *p == '\'' ? "\\" : "", *p);
	app_print("'\n");
	return 0;
}

static void fish_command(const struct command *c, const char *parent)
{
	if (*parent)
		app_printf("complete -c rbox -f -n '__fish_seen_subcommand_from %s' -a %s -d '%s'\n", parent, c->name,
			   c->summary);
	else
		app_printf("complete -c rbox -f -n __fish_use_subcommand -a %s -d '%s'\n", c->name, c->summary);
	for (const struct command *const *s = c->subs; s && *s; s++)
		fish_command(*s, c->name);
	if (!*parent && operand_of(c) == OPERAND_CONTAINER)
		app_printf("complete -c rbox -f -n '__fish_seen_subcommand_from %s' -a "
			   "'(rbox ps -a --format \"{{.Names}}\" 2>/dev/null)'\n", c->name);
	if (!*parent)
		(void)opt_each(c->opts, fish_flag, (void *)c->name);
}

static void fish(void)
{
	app_print("# fish completion of rbox; made by `rbox completion fish`\n");
	for (const struct command *const *c = command_table; *c; c++)
		if (*(*c)->summary)
			fish_command(*c, "");
}

static void zsh(void)
{
	/* zsh runs bash's completions as they are. */
	app_print("#compdef rbox\n"
		  "autoload -U +X bashcompinit && bashcompinit\n");
	bash();
}

static int completion_run(struct app *app, int argc, char **argv, struct fail *f)
{
	int first = app_parse(app, NULL, argc, argv, f);

	if (first < 0)
		return first;
	if (app_need_args(app, argc - first, 1, 1, f) < 0)
		return -f->code;
	if (!strcmp(argv[first], "bash"))
		bash();
	else if (!strcmp(argv[first], "zsh"))
		zsh();
	else if (!strcmp(argv[first], "fish"))
		fish();
	else
		return refuse(f, EINVAL, "no completion for '%.40s': bash, zsh or fish", argv[first]);
	return 0;
}

const struct command completion_command = {
	.name = "completion", .args = "bash|zsh|fish", .summary = "Print the completions for a shell",
	.examples = "  source <(rbox completion bash)", .needs = NEED_NOTHING, .run = completion_run,
};
