# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
$E create --name a --network none $I true >/dev/null; $E create --name a --network none $I true >/dev/null 2>&1; echo $?
$E create --name 'bad name' --network none $I true >/dev/null 2>&1; echo $?
$E create --replace --name a --network none $I true >/dev/null; echo $?; $E ps -a --format '{{.Names}}'
