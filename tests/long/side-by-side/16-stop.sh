# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
$E run -d --name a --network none $I sh -c 'trap "exit 5" TERM; echo ready; while :; do sleep 0.1; done' >/dev/null
until $E logs a | grep -q ready; do sleep 0.1; done
$E stop a; echo $?; $E inspect -f '{{.State.Status}} {{.State.ExitCode}}' a; $E stop a; echo $?
$E stop nosuch 2>/dev/null; echo $?
