# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
$E create --name a --network none $I true >/dev/null
$E ps -a --format 'table {{.Names}} {{.Image}} {{.Command}} {{.State}}'
$E ps -a --noheading --format '{{.ID}} {{.Names}} {{.Status}}'
$E ps -q; $E ps -aq
