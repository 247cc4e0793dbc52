# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
$E run --name a --network none $I echo x >/dev/null; $E run --name b --network none $I echo y >/dev/null
$E logs -t a | sed 's/[^ ]* //'; $E logs -n a b | sort
