# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
$E run -d --name a --network none $I sleep 1000 >/dev/null; $E kill a; echo $?; $E wait a
$E kill a 2>/dev/null; echo $?; $E kill nosuch 2>/dev/null; echo $?; $E kill -s NOSUCH a 2>/dev/null; echo $?
