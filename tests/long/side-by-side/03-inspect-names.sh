# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
$E create --name a --network none $I echo hello world >/dev/null
$E inspect -f '{{.Name}} {{.Path}} {{.Args}} {{.ImageName}} {{.Config.Cmd}} {{.Config.Image}}' a
$E inspect -f '{{json .Config.Cmd}} {{len .Args}} {{index .Args 1}}' a
