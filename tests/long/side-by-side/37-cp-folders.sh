# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
mkdir -p $W/d/sub; echo 1 >$W/d/sub/x; $E create --name a --network none $I true >/dev/null
$E cp $W/d a:/tmp/new; $E cp $W/d a:/tmp; $E cp $W/d/. a:/srv; $E cp a:/tmp $W/back; (cd $W/back; find . -type f | sort)
$E cp a:/srv/. - | tar -t | sort; $E cp $W/d a:/etc/passwd 2>/dev/null; echo $?
