# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
$E run --rm --network none --read-only $I sh -c 'echo x >/f' 2>/dev/null; echo $?; $E run --rm --network none --read-only $I sh -c 'echo x >/tmp/f && echo tmp; echo x >/run/f && echo run'
