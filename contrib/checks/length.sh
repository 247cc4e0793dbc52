#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Functions longer than 100 lines fail; allow/length holds "file:function reason".
# shellcheck source=contrib/checks/lib.sh
. "$(dirname "$0")/lib.sh"

MAX=100
command -v ctags >/dev/null || { echo "length: universal-ctags is missing" >&2; exit 2; }

while IFS=$'\t' read -r name file line end; do
	len=$((end - line + 1))
	((len > MAX)) || continue
	allowed length "$file:$name" && continue
	fault "$file:$line: $name has $len lines, more than $MAX"
done < <(all_sources | ctags -x --language-force=C --kinds-C=f \
	--_xformat='%N	%F	%n	%e' -L - 2>/dev/null)
stale_exceptions length
finish
