#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The linter of shell scripts over every script and bats file.
# shellcheck source=contrib/checks/lib.sh
. "$(dirname "$0")/lib.sh"

command -v shellcheck >/dev/null || { echo "shell: shellcheck is missing" >&2; exit 2; }
scripts=()
while IFS= read -r f; do
	case $f in
	*.sh | *.bash | *.bats) scripts+=("$f") ;;
	*.c | *.h | *.md) ;;
	*) head -c 64 "$f" | head -1 | grep -qE '^#!.*\b(ba|da)?sh( |$)' && scripts+=("$f") ;;
	esac
done < <(tree_files | grep -v '^contrib/completion/')
((${#scripts[@]})) || { echo "shell: no script found" >&2; exit 2; }
# SC1091: the included file isn't given; SC2317: functions that bats or a trap calls;
# SC2016: commands for the shell inside a container; SC2154: bats' own variables (status, output, lines); SC2030, SC2031: bats tests are subshells.
out=$(shellcheck -x -P SCRIPTDIR -f gcc -S info -e SC1091,SC2317,SC2154,SC2030,SC2031,SC2016 "${scripts[@]}" 2>&1) ||
	while IFS= read -r row; do fault "$row"; done <<<"$out"
finish
