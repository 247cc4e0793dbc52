#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# No writable global or static: every symbol in .data, .bss, .tdata, .tbss or COMMON of the
# objects fails. Constant tables that only need relocation (.data.rel.ro) are fine.
# B names the build folder. Exceptions: "file.c:symbol reason" in allow/globals.
# shellcheck source=contrib/checks/lib.sh
. "$(dirname "$0")/lib.sh"

OBJ=${B:-build}/obj
[ -d "$OBJ" ] || { echo "globals: no objects in $OBJ, build first" >&2; exit 2; }
n=0
while IFS= read -r o; do
	src=${o#"$OBJ"/}
	src=${src%.o}.c
	[ -e "$src" ] || continue	# left from a source that is gone
	n=$((n + 1))
	while read -r section name; do
		base=${name%%.[0-9]*}	# a static in a function: name.NUMBER
		allowed globals "$src:$base" && continue
		fault "$src: '$name' is writable (in $section)"
	done < <(objdump -t "$o" | awk '
		$0 ~ /^[0-9a-f]/ {
			section = $(NF - 2); name = $NF
			if (substr($0, 18, 7) ~ /[fd]/ && substr($0, 23, 1) == "d") next
			if (section ~ /^\.(data|bss|tdata|tbss)($|\.)/ && section !~ /^\.data\.rel\.ro/ ||
			    section == "*COM*") print section, name
		}')
done < <(find "$OBJ" -name '*.o' | sort)
((n)) || { echo "globals: no object in $OBJ" >&2; exit 2; }
stale_exceptions globals
finish
