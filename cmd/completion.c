// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "cmd/commands.h"
#include "pkg/util/str.h"

/*
 * The shells' part of the completions: it hands the words to `rbox __complete` (cmd/complete.c), shows what comes
 * back, and lets the shell itself complete names of files where that says so. A candidate that ends in ':', '=' or '/'
 * goes on, behind any other one comes a blank.
 */

/*
 * bash takes words apart at what is in COMP_WORDBREAKS, ':' and '=' most often: they are joined again, and what
 * bash thinks of as another word is cut from the candidates. A name of a file is left to readline, unless
 * something else may stand there as well.
 */
static const char bash_text[] =
	"# bash completion of rbox; made by `rbox completion bash`\n"
	"_rbox()\n"
	"{\n"
	"\tlocal line=${COMP_LINE:0:COMP_POINT} words=() word kind='' cur cut='' i\n"
	"\tfor ((i = 0; i <= COMP_CWORD; i++)); do\n"
	"\t\tword=${COMP_WORDS[i]}\n"
	"\t\tif [ $i -eq 0 ] || [[ $line == [[:blank:]]* ]]; then words+=(''); fi\n"
	"\t\tline=${line#\"${line%%[![:blank:]]*}\"}\n"
	"\t\t[ $i -lt $COMP_CWORD ] || word=$line\n"
	"\t\tline=${line#\"$word\"}\n"
	"\t\twords[${#words[@]} - 1]+=$word\n"
	"\tdone\n"
	"\tcur=${words[${#words[@]} - 1]}\n"
	"\t[[ $COMP_WORDBREAKS != *:* || $cur != *:* ]] || cut=${cur%\"${cur##*:}\"}\n"
	"\tif [[ $COMP_WORDBREAKS == *=* && ${cur#\"$cut\"} == *=* ]]; then cut=${cur%\"${cur##*=}\"}; fi\n"
	"\tCOMPREPLY=()\n"
	"\twhile IFS=$'\\t' read -r word _; do\n"
	"\t\tcase $word in\n"
	"\t\t:*) kind=$word ;;\n"
	"\t\t*[:=/]) COMPREPLY+=(\"${word#\"$cut\"}\") ;;\n"
	"\t\t*) COMPREPLY+=(\"${word#\"$cut\"} \") ;;\n"
	"\t\tesac\n"
	"\tdone < <(rbox __complete -- \"${words[@]:1}\" 2>/dev/null)\n"
	"\tcompopt -o nospace\n"
	"\tif [ -n \"$kind\" ] && [ ${#COMPREPLY[@]} -eq 0 ]; then\n"
	"\t\tcompopt +o nospace -o filenames\n"
	"\t\tif [ $kind = :dirs ]; then compopt -o dirnames; else compopt -o default; fi\n"
	"\telif [ -n \"$kind\" ]; then\n"
	"\t\twhile IFS= read -r word; do\n"
	"\t\t\tif [ -d \"$word\" ]; then word+=/; else word+=' '; fi\n"
	"\t\t\tCOMPREPLY+=(\"$word\")\n"
	"\t\tdone < <(compgen -f -- \"${cur#\"$cut\"}\")\n"
	"\tfi\n"
	"}\n"
	"complete -F _rbox rbox\n";

static const char zsh_text[] =
	"#compdef rbox\n"
	"# zsh completion of rbox; made by `rbox completion zsh`\n"
	"_rbox()\n"
	"{\n"
	"\tlocal -a ended going ended_text going_text\n"
	"\tlocal line word text kind=''\n"
	"\tfor line in \"${(@f)$(rbox __complete -- \"${(@Q)words[2,CURRENT-1]}\" \"$PREFIX\" 2>/dev/null)}\"; do\n"
	"\t\tword=${line%%$'\\t'*}\n"
	"\t\ttext=$word\n"
	"\t\t[[ $line != *$'\\t'* ]] || text=\"$word  -- ${line#*$'\\t'}\"\n"
	"\t\tcase $word in\n"
	"\t\t'') ;;\n"
	"\t\t:*) kind=$word ;;\n"
	"\t\t*[:=/]) going+=(\"$word\"); going_text+=(\"$text\") ;;\n"
	"\t\t*) ended+=(\"$word\"); ended_text+=(\"$text\") ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\t(( ! ${#ended} )) || compadd -Q -l -d ended_text -a ended\n"
	"\t(( ! ${#going} )) || compadd -Q -S '' -l -d going_text -a going\n"
	"\t[[ -n $kind ]] || return 0\n"
	"\t[[ $PREFIX != --*=* ]] || compset -P '*='\n"
	"\tif [[ $kind == :dirs ]]; then _files -/; else _files; fi\n"
	"}\n"
	"# Read by compinit from a folder of fpath, this file is the body of _rbox; else it is read by `source`.\n"
	"if [ \"${funcstack[1]}\" = _rbox ]; then _rbox \"$@\"; else compdef _rbox rbox; fi\n";

static const char fish_text[] =
	"# fish completion of rbox; made by `rbox completion fish`\n"
	"function __rbox_complete\n"
	"\tset -l words (commandline -opc)\n"
	"\tset -l cur (commandline -ct)\n"
	"\tset -l lines (rbox __complete -- $words[2..-1] \"$cur\" 2>/dev/null)\n"
	"\tset -l kind ''\n"
	"\tfor line in $lines\n"
	"\t\tif string match -q ':*' -- $line\n"
	"\t\t\tset kind $line\n"
	"\t\telse\n"
	"\t\t\techo $line\n"
	"\t\tend\n"
	"\tend\n"
	"\tset -l head (string match -r '^--[^=]*=' -- $cur)\n"
	"\tset -l tail (string replace -r '^--[^=]*=' '' -- $cur)\n"
	"\tif test \"$kind\" = :files\n"
	"\t\tfor path in (__fish_complete_path \"$tail\")\n"
	"\t\t\techo \"$head$path\"\n"
	"\t\tend\n"
	"\telse if test \"$kind\" = :dirs\n"
	"\t\tfor path in (__fish_complete_directories \"$tail\" '')\n"
	"\t\t\techo \"$head$path\"\n"
	"\t\tend\n"
	"\tend\n"
	"end\n"
	"complete -c rbox -f -a '(__rbox_complete)'\n";

static int completion_run(struct app *app, int argc, char **argv, struct fail *f)
{
	int first = app_parse(app, NULL, argc, argv, f);

	if (first < 0)
		return first;
	if (app_need_args(app, argc - first, 1, 1, f) < 0)
		return -f->code;
	if (!strcmp(argv[first], "bash"))
		app_print(bash_text);
	else if (!strcmp(argv[first], "zsh"))
		app_print(zsh_text);
	else if (!strcmp(argv[first], "fish"))
		app_print(fish_text);
	else
		return refuse(f, EINVAL, "no completion for '%.40s': bash, zsh or fish", argv[first]);
	return 0;
}

const struct command completion_command = {
	.name = "completion", .args = "bash|zsh|fish", .summary = "Print the completions for a shell",
	.details = "`make install` puts them where the shells look. Names of containers, images, volumes and secrets are "
		   "completed, too, those alone that the command can use.",
	.examples = "  source <(rbox completion bash)\n  source <(rbox completion zsh)\n  rbox completion fish | source",
	.needs = NEED_NOTHING, .run = completion_run,
};
