# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
$E run --name a --network none $I sh -c 'echo x >/new; rm /etc/image-name'; $E diff a | sort
$E commit -q -c CMD=/new -c ENV=K=v a localhost/made:1 >/dev/null 2>&1; echo $?
$E inspect --type image -f '{{.Config.Cmd}} {{range .Config.Env}}{{println .}}{{end}}' localhost/made:1 | sort; $E rmi -f localhost/made:1 >/dev/null
