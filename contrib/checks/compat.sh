#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The table of podman's commands and flags and rbox are of one mind: contrib/compat/TABLE.md has the rows of
# podman.tsv and no others, and every command of rbox is a row there, and every option of the commands whose
# options are ranked. (Whether the states are right takes half an hour to tell: tests/long/compat-table.sh.)
# shellcheck source=contrib/checks/lib.sh
. "$(dirname "$0")/lib.sh"

BIN=${RBOX_BIN:-${B:-build}/rbox}
[ -x "$BIN" ] || { echo "compat: no $BIN, build first" >&2; exit 2; }
while IFS= read -r line; do
	fault "contrib/compat/$line"
done < <(RBOX=$BIN /usr/bin/python3 contrib/compat/table.py --check || true)
finish
