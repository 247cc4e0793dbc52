# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
$E run --name a --network none $I echo x >/dev/null
$E logs --since 10m a; $E logs --since 2000-01-01T00:00:00Z a; $E logs --until 2000-01-01T00:00:00Z a; $E logs --since nonsense a 2>/dev/null; echo $?
