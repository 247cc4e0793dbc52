# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
$E images --format '{{.Repository}}:{{.Tag}}' | grep busybox; $E image exists $I; echo $?; $E image exists nosuch; echo $?
$E tag $I localhost/other:2; $E images -q | sort -u | wc -l; $E rmi localhost/other:2 >/dev/null; echo $?; $E rmi nosuch 2>/dev/null; echo $?
$E create --name a --network none $I true >/dev/null; $E rmi $I >/dev/null 2>&1; echo $?
