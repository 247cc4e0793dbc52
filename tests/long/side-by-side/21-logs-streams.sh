# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
$E run --name a --network none $I sh -c 'echo out; echo err >&2; printf part' >/dev/null 2>&1
$E logs a 2>/dev/null; echo; $E logs a 2>&1 >/dev/null
