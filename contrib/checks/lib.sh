# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the checks share. Each check is a program of its own: `contrib/checks/NAME.sh [ROOT]`
# judges the tree under ROOT (this one by default), prints "file:line: what is wrong" for each
# fault and ends with 1 when there was any. selftest.sh proves that each one can fail.

set -u
export LC_ALL=C

CHECKS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "${1:-$CHECKS/../..}" && pwd)
FAULTS=0
# The self test puts its own exceptions here.
ALLOW=${ALLOW:-$CHECKS/allow}

cd "$ROOT" || exit 2

fault() {
	echo "$*"
	FAULTS=$((FAULTS + 1))
}

finish() {
	if ((FAULTS)); then
		echo "$(basename "$0" .sh): $FAULTS fault(s)" >&2
		exit 1
	fi
	exit 0
}

# The C files of the product (not its tests): paths from the root, sorted.
sources() {
	find cmd pkg runtime storage registry -name '*.[ch]' 2>/dev/null | sort
}

# The C files of everything.
all_sources() {
	{
		sources
		find tests -name '*.[ch]' 2>/dev/null
	} | sort
}

# Every text file that is delivered; without git (a tarball), everything but the builds.
tree_files() {
	if [ -e .git ]; then
		git ls-files -co --exclude-standard
	else
		find . -type f -not -path './build*/*' | sed 's,^\./,,'
	fi | while IFS= read -r f; do [ -f "$f" ] && echo "$f"; done | sort
}

# Prints "file:line:code" for the files on stdin, comments and the insides of strings
# taken out, so that a word in a sentence is never taken for a call.
code_lines() {
	perl -e '
	for my $file (map { chomp; $_ } <STDIN>) {
		open(my $fh, "<", $file) or die "$file: $!\n";
		my $text = join("", <$fh>);
		$text =~ s{(/\*.*?\*/)|(//[^\n]*)|"((?:\\.|[^"\\\n])*)"|\x27((?:\\.|[^\x27\\\n])*)\x27}
			{ defined $1 ? "\n" x ($1 =~ tr/\n//) . " " : defined $2 ? "" :
			  defined $3 ? "\"\"" : "0" }gsex;
		my $n = 0;
		print map { $n++; "$file:$n:$_\n" } split(/\n/, $text);
	}'
}

# allowed NAME KEY...: is there a line "KEY  reason" in allow/NAME whose key is one of these?
# A line without a reason is a fault of its own.
allowed() {
	local list=$ALLOW/$1 key why want
	shift
	[ -f "$list" ] || return 1
	while read -r key why; do
		case $key in '' | '#'*) continue ;; esac
		for want in "$@"; do
			[ "$key" = "$want" ] || continue
			[ -n "$why" ] && return 0
			fault "$list: '$key' has no reason"
			return 0
		done
	done <"$list"
	return 1
}

# Every exception must still be needed: prints those whose key has no file any more.
stale_exceptions() {
	local key why
	[ -f "$ALLOW/$1" ] || return 0
	while read -r key why; do
		case $key in '' | '#'*) continue ;; esac
		[ -e "${key%%:*}" ] || fault "allow/$1: '$key' names no file (left over?)"
	done <"$ALLOW/$1"
}
