# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
$E create --name a --network none -l role=web $I true >/dev/null
$E run -d --name b --network none -l role=db $I sleep 1000 >/dev/null
$E run --name c --network none $I false
for f in status=running status=created status=exited exited=1 name=a 'name=^b$' label=role label=role=db ancestor=$I label!=role; do
	echo "$f: $($E ps -a --filter "$f" --format '{{.Names}}' | sort | tr '\n' ' ')"
done
