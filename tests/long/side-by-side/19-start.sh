# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
$E create --name a --network none $I echo hi >/dev/null; $E start a; $E wait a; $E logs a; $E start -a a; echo $?
$E start nosuch 2>/dev/null; echo $?
