#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each header compiles alone, so the order of includes never matters. CC and CHECK_CFLAGS
# come from the Makefile.
# shellcheck source=contrib/checks/lib.sh
. "$(dirname "$0")/lib.sh"

read -ra flags <<<"${CHECK_CFLAGS:--std=gnu11 -D_GNU_SOURCE -I.}"
while IFS= read -r h; do
	grep -q '^#ifndef [A-Z0-9_]*_H_*$' "$h" || fault "$h: has no include guard"
	if ! out=$(${CC:-gcc} "${flags[@]}" -fsyntax-only -x c -include "$h" /dev/null 2>&1); then
		fault "$h: doesn't compile alone:"$'\n'"$out"
	fi
done < <(sources | grep '\.h$')
finish
