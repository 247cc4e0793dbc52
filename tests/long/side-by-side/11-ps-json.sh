# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
$E create --name a --network none -l k=v $I sleep 1 >/dev/null
$E ps -a --format json | python3 -c 'import json,sys; c=json.load(sys.stdin)[0]; print(c["Names"], c["State"], c["Image"], c["Command"], c["Labels"], c["ExitCode"], c["AutoRemove"], c["IsInfra"], c["Pid"])'
$E ps -a --format '{{json .Names}}'
