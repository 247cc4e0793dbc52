# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
mkdir -p $W/d; $E create --name a --network none -v $W/d:/d:ro --tmpfs /t $I true >/dev/null
$E inspect -f '{{range .Mounts}}{{.Type}} {{.Destination}} {{.RW}} {{.Propagation}}{{println}}{{end}}' a
