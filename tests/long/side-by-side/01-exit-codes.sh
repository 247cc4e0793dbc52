# shellcheck shell=bash disable=SC2154,SC2086,SC2016,SC2046,SC2069,SC2164
# SPDX-License-Identifier: Apache-2.0
for c in "true" "false" "sh -c 'exit 42'" "nosuch" "/etc" "/bin/not-executable" "sh -c 'kill -9 \$\$; exit 7'"; do
	eval "$E run --rm --network none $I $c" >/dev/null 2>&1; echo "$c: $?"
done
