# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
$E run --rm --network none $I grep CapEff /proc/self/status; $E run --rm --network none --cap-drop all $I grep CapEff /proc/self/status
$E run --rm --network none --cap-drop all --cap-add chown $I grep CapEff /proc/self/status; $E run --rm --network none -u user $I grep CapEff /proc/self/status
$E run --rm --network none --cap-add nosuch $I true 2>/dev/null; echo $?
