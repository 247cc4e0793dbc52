# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
for n in a b c; do $E create --name $n --network none $I true >/dev/null; done
$E ps -a --filter before=b --format '{{.Names}}'; $E ps -a --filter since=b --format '{{.Names}}'
$E ps -n 2 --format '{{.Names}}' | sort; $E ps -l --format '{{.Names}}'
