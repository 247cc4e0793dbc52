# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
mkdir -p $W/d; echo host >$W/d/f
$E run --rm --network none -v $W/d:/d $I sh -c 'cat /d/f; echo box >/d/g'; cat $W/d/g
$E run --rm --network none -v $W/d:/d:ro $I sh -c 'echo x >/d/h' 2>/dev/null; echo $?
$E run --rm --network none -v $W/nosuch:/d $I true 2>/dev/null; echo $?
$E run --rm --network none --mount type=bind,src=$W/d,dst=/m,ro $I ls /m
