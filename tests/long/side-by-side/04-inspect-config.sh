# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
$E create --name a --network none -e A=1 -e B=two -l x=y -l z --workdir /srv -u 1000:2000 -h box $I true >/dev/null
$E inspect -f '{{.Config.Hostname}} {{.Config.User}} {{.Config.WorkingDir}} {{json .Config.Labels}} {{.Config.Tty}} {{.Config.OpenStdin}}' a
$E inspect -f '{{range .Config.Env}}{{println .}}{{end}}' a | grep -E '^(A|B|PATH)=' | sort
