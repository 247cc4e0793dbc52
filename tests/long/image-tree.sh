#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# 066-image-tree with an image of more than 100 MB: this system's own programs and libraries below the
# layers of kinds.tar.
set -eu
/usr/bin/python3 tests/lib/images.py "$TMPDIR" "$BUSYBOX" "$PROBE" large >/dev/null
echo "# $(stat -c %s "$TMPDIR/large.tar") bytes"
KIND=large KIND_TAR=$TMPDIR/large.oci.tar RBOX_TIMEOUT=300 exec bats --tap tests/bats/066-image-tree.bats
