#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs each fuzzer over its kept corpus once and says how many lines of the parser it is for were run.
# Called by make fuzz-coverage with the folder of fuzzers that count (clang's source-based coverage).

set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 2
BIN=${1:-build-fuzzcov}
COV=${LLVM_COV:-llvm-cov} PROFDATA=${LLVM_PROFDATA:-llvm-profdata}
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT

sources() {
	case $1 in
	ref) echo pkg/oci/ref.c ;;
	digest) echo pkg/oci/digest.c ;;
	manifest) echo pkg/oci/image.c pkg/oci/platform.c pkg/util/json.c ;;
	template) echo pkg/util/template_*.c ;;
	authfile) echo registry/auth.c registry/challenge.c ;;
	toml) echo registry/toml.c registry/toml_value.c registry/conf.c ;;
	tar_apply) echo storage/unpack/{tar_read,tar_apply,tree,lower}.c ;;
	inflate) echo storage/unpack/inflate.c ;;
	esac
}

printf '| target | inputs | KB | source | lines | run | %% |\n|---|---|---|---|---|---|---|\n'
bad=0
for f in tests/fuzz/*.c; do
	n=$(basename "$f" .c)
	read -ra src <<<"$(sources "$n")"
	if ! LLVM_PROFILE_FILE="$T/$n.raw" "$BIN/$n" -runs=0 "tests/fuzz/corpus/$n" >"$T/log" 2>&1 ||
		! "$PROFDATA" merge -o "$T/$n.prof" "$T/$n.raw"; then
		tail -5 "$T/log"
		echo "$n failed" >&2
		bad=1
		continue
	fi
	inputs=$(find "tests/fuzz/corpus/$n" -type f | wc -l)
	kb=$(($(find "tests/fuzz/corpus/$n" -type f -printf '%s+')0))
	"$COV" export -summary-only -instr-profile "$T/$n.prof" "$BIN/$n" "${src[@]}" |
		jq -r --arg n "$n" --arg i "$inputs" --arg k $(((kb + 1023) / 1024)) --arg here "$PWD/" '.data[0].files[] |
			"| \($n) | \($i) | \($k) | \(.filename | ltrimstr($here)) | \(.summary.lines.count) | \(.summary.lines.covered) | \(.summary.lines.percent | round) |"'
done
exit $bad
