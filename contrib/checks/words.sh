#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What must not be in a delivered file: paths of one person's machine, conflict markers,
# carriage returns, blanks at line ends. allow/words holds "file reason" for a whole file.
# shellcheck source=contrib/checks/lib.sh
. "$(dirname "$0")/lib.sh"

# Written in halves, so that this file passes its own check.
machine='/wor''k/(main|shared|\.library)|/tmp/''w/|\.py''env|/Use''rs/[a-z]'
# Documents that a reader of the project doesn't have.
unseen='COM''PAT(\.md| [0-9]+\.[0-9])|\b(DES''IGN|USE''RS|TEST''BED|STY''LE)\.md'
marker='^(<<<<<<<|>>>>>>>) '

while IFS= read -r f; do
	case $f in LICENSE | *.tar | *.gz | *.zst | *.bin | tests/fuzz/corpus/*) continue ;; esac
	grep -qI . "$f" || continue	# binary, or empty
	allowed words "$f" && continue
	while IFS=: read -r line text; do
		fault "$f:$line: a path of one machine: $text"
	done < <(grep -nE "$machine" "$f")
	while IFS=: read -r line text; do
		fault "$f:$line: names a document that isn't part of the project: $text"
	done < <(grep -nE "$unseen" "$f")
	while IFS=: read -r line text; do
		fault "$f:$line: a conflict marker"
	done < <(grep -nE "$marker" "$f")
	case $f in *.md) continue ;; esac
	while IFS=: read -r line text; do
		fault "$f:$line: a blank at the end of the line"
	done < <(grep -nE '[[:blank:]]$' "$f")
	while IFS=: read -r line text; do
		fault "$f:$line: a carriage return"
	done < <(grep -n $'\r''$' "$f")
done < <(tree_files)
stale_exceptions words
finish
