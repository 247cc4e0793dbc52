# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
for n in a b; do $E create --name $n --network none $I true >/dev/null; done
$E rm a nosuch b 2>/dev/null; echo $?; $E ps -aq
$E rm --ignore nosuch; echo $?; $E rm nosuch 2>/dev/null; echo $?
