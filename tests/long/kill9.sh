#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The campaign of kill -9 with a registry to pull from. KILL9_SEED, KILL9_ROUNDS.
set -eu
# shellcheck source=tests/lib/registry.sh
source tests/lib/registry.sh
registry_start kill9
trap 'registry_stop kill9' EXIT
skopeo copy -q --dest-tls-verify=false "docker-archive:$IMAGES/multi.tar" "docker://$REGISTRY/multi:1"
/usr/bin/python3 tests/long/kill9.py --seed "${KILL9_SEED:-1}" --rounds "${KILL9_ROUNDS:-200}" \
	--registry "$REGISTRY/multi:1"
