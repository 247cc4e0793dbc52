# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
rm -f $W/cid; $E run -d --name a --cidfile $W/cid --pidfile $W/pid --network none $I sh -c 'sleep 0.3; exit 9' >/dev/null; wc -c <$W/cid; test -s $W/pid; echo $?
$E wait a; $E wait nosuch 2>/dev/null; echo $?; $E run --cidfile $W/cid --rm --network none $I true 2>/dev/null; echo $?; $E rm --cidfile $W/cid | wc -l
