# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
$E run --name a --network none $I sh -c 'echo x >>/n; wc -l </n'; $E restart -t 0 a; $E wait a; $E logs a
