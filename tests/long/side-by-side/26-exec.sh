# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
$E run -d --name a --network none -e X=1 -w /srv $I sleep 1000 >/dev/null
$E exec a sh -c 'echo $X $PWD; exit 4'; echo $?; $E exec -e Y=2 -w / -u user a sh -c 'echo $Y $PWD $(id -u)'
echo in | $E exec -i a cat; $E exec a nosuch 2>/dev/null; echo $?; $E exec nosuch true 2>/dev/null; echo $?
