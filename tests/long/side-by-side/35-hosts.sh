# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
$E run --rm --network none -h box --add-host db:10.0.0.1 $I sh -c 'hostname; grep db /etc/hosts; cat /etc/hostname'
