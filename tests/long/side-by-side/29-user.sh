# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
for u in root user 1000 1000:2000 user:extra 4242; do $E run --rm --network none -u $u $I sh -c 'id -u; id -g; echo $HOME' | tr '\n' ' '; echo; done
$E run --rm --network none -u nosuch $I true 2>/dev/null; echo $?
