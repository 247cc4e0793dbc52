# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
echo data >$W/f; $E create --name a --network none $I true >/dev/null
$E cp $W/f a:/tmp/f; echo $?; $E cp a:/tmp/f $W/g; cat $W/g; $E cp $W/f a:/tmp/; $E cp a:/etc/passwd - | tar -t
$E cp $W/nosuch a:/tmp 2>/dev/null; echo $?; $E cp a:/nosuch $W/ 2>/dev/null; echo $?; $E cp $W/f a:/nosuch/f 2>/dev/null; echo $?
