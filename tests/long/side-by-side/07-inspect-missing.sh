# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
$E inspect nosuch 2>/dev/null; echo $?
$E inspect --type container nosuch 2>/dev/null; echo $?
$E inspect --type image nosuch 2>/dev/null; echo $?
$E container inspect nosuch 2>/dev/null; echo $?
$E image inspect nosuch 2>/dev/null; echo $?
