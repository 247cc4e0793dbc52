# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
$E run --rm --network none --ulimit nofile=100:200 $I sh -c 'ulimit -n; ulimit -Hn'; $E run --rm --network none --shm-size 1m $I df -k /dev/shm | tail -1 | awk '{print $2}'
$E run --rm --network none --umask 077 $I sh -c umask; $E run --rm --network none $I sh -c umask
