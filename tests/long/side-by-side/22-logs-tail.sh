# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
$E run --name a --network none $I seq 1 10 >/dev/null
$E logs --tail 3 a; $E logs --tail 0 a; $E logs --tail=-1 a | wc -l; $E logs --tail 100 a | wc -l
