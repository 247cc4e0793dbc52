#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every source says its licence: in the first line of C, in one of the first two of scripts.
# shellcheck source=contrib/checks/lib.sh
. "$(dirname "$0")/lib.sh"

id='SPDX-License-Identifier: Apache-2.0'
while IFS= read -r f; do
	case $f in
	*.c) [ "$(head -1 "$f")" = "// $id" ] || fault "$f:1: the first line isn't '// $id'" ;;
	*.h) [ "$(head -1 "$f")" = "/* $id */" ] || fault "$f:1: the first line isn't '/* $id */'" ;;
	*.sh | *.bash | *.bats | *.py | *.pl | .ci/run | contrib/demo | contrib/deps)
		head -2 "$f" | grep -qxF "# $id" || fault "$f:1: '# $id' isn't in the first two lines" ;;
	esac
done < <(tree_files)
finish
