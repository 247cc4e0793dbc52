#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# podman's commands and flags, each with the test that fails without it (contrib/compat/table.py). Minutes.
# COMPAT_ONLY: rows that match this; COMPAT_OUT: where the table is written.
set -eu
table=$PWD/contrib/compat/table.py
[ -e "$table" ] || { echo "contrib/compat isn't here"; exit 1; }
exec /usr/bin/python3 "$table" --only "${COMPAT_ONLY:-}" --out "${COMPAT_OUT:-$RBOX_T/TABLE.md}" "$PWD/tests/bats"
