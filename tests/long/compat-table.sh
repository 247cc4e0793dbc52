#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# podman's commands and flags, each with the test that fails without it (contrib/compat/table.py). Half an
# hour. COMPAT_ONLY: rows that match this; COMPAT_SUITES: by these suites alone; COMPAT_OUT: where the table
# is written; COMPAT_CACHE: a file, in a
# folder that the tests' user may write to, that keeps what was found; COMPAT_SECONDS: stop after so long, to
# go on from the cache another time.
set -eu
table=$PWD/contrib/compat/table.py
[ -e "$table" ] || { echo "contrib/compat isn't here"; exit 1; }
exec /usr/bin/python3 "$table" --only "${COMPAT_ONLY:-}" --cache "${COMPAT_CACHE:-}" \
	--out "${COMPAT_OUT:-$RBOX_T/TABLE.md}" "$PWD/tests/bats"
