# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
A=from-here $E run --rm --network none -e A -e B=b -e C= $I sh -c 'env | grep -E "^(A|B|C|HOME|PATH|container|TERM)=" | sort'
printf 'X=1\n#c\n\nY=a b\n' >$W/env; $E run --rm --network none --env-file $W/env -e Y=2 $I sh -c 'echo $X $Y'
