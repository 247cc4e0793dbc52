# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
$E run --rm --network none --entrypoint echo $I a b; $E run --rm --network none --entrypoint '["sh","-c"]' $I 'echo x'
$E run --rm --network none --entrypoint '' $I echo y; echo $?
