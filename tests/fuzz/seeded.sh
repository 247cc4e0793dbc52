#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Do the fuzzers find anything? Each of tests/fuzz/seeded/*.patch puts one bug into one parser of a
# copy of the tree. Its fuzzer starts from the kept corpus, less what trips over the bug already, and has
# to find it within SEEDED_SECONDS (120); what it found must be harmless without the bug.
# Prints "found in N s" per bug; the exit status is 1 when one was not found.

set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 2
LIMIT=${SEEDED_SECONDS:-120}
JOBS=${JOBS:-$(nproc)}
B=${B:-build}
export UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=allocator_may_return_null=1
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL

T=$(mktemp -d /var/tmp/rbox-seeded.XXXXXX)
FUZZ_TMP=$(mktemp -d /dev/shm/rbox-seeded.XXXXXX)
export FUZZ_TMP
trap 'rm -rf "$T" "$FUZZ_TMP"' EXIT
trap 'exit 130' INT TERM

head_of() { sed -n "s/^$1: //p" "$2" | head -1; }

# fuzz BINARY ARGS: what libFuzzer says goes to $T/log
fuzz() { timeout -k 5 $((LIMIT + 60)) nice -n 19 "$@" >"$T/log" 2>&1 </dev/null; }

# The fuzzers as they are, and a copy of the tree with all that was compiled for them.
whole() {
	local p names=()
	for p in tests/fuzz/seeded/*.patch; do names+=("$B-fuzz/$(head_of Target "$p")"); done
	make -s -j"$JOBS" B="$B" "${names[@]}" >"$T/log" 2>&1 || { tail -20 "$T/log"; return 1; }
	mkdir -p "$T/src/$B"
	cp -a Makefile pkg storage registry runtime cmd tests "$B-fuzz" "$T/src/" &&
		cp -a "$B/gen" "$B/seccomp_gen" "$T/src/$B/"
}

try() {	# PATCH
	local patch=$1 name target expect bin start kept all
	name=$(basename "$patch" .patch)
	target=$(head_of Target "$patch")
	expect=$(head_of Expect "$patch")
	bin=$T/$name/fuzzer
	mkdir -p "$T/$name/corpus"
	(cd "$T/src" && patch -s -p1 -F0) <"$patch" || { echo "$name: the patch doesn't fit any more"; return 1; }
	make -s -j"$JOBS" -C "$T/src" B="$B" "$B-fuzz/$target" >"$T/log" 2>&1 || { tail -20 "$T/log"; return 1; }
	cp "$T/src/$B-fuzz/$target" "$bin"
	(cd "$T/src" && patch -s -R -p1 -F0) <"$patch"

	# -merge runs each input apart, and leaves out those that crash.
	fuzz "$bin" -merge=1 -artifact_prefix="$T/$name/known-" "$T/$name/corpus" "tests/fuzz/corpus/$target"
	all=$(find "tests/fuzz/corpus/$target" -type f | wc -l)
	kept=$(find "$T/$name/corpus" -type f | wc -l)
	fuzz "$bin" -runs=0 "$T/$name/corpus" || { echo "$name: the corpus finds the bug by itself"; return 1; }

	start=$(date +%s%N)
	fuzz "$bin" -max_total_time="$LIMIT" -rss_limit_mb=2048 -timeout=20 -max_len=8192 -dict="tests/fuzz/dict/$target" \
		-artifact_prefix="$T/$name/found-" "$T/$name/corpus"
	start=$((($(date +%s%N) - start) / 100000000))
	mv "$T/log" "$T/said"
	if ! grep -qE "$expect" "$T/said" || ! compgen -G "$T/$name/found-crash-*" >/dev/null; then
		echo "$name: NOT FOUND by $target in $((start / 10)) s"
		tail -5 "$T/said"
		return 1
	fi
	if ! "$B-fuzz/$target" "$T/$name"/found-crash-* >"$T/log" 2>&1; then
		echo "$name: what $target found crashes without the seeded bug as well:"
		grep -m2 -E 'ERROR|runtime error' "$T/log"
		return 1
	fi
	echo "$name: found in $((start / 10)).$((start % 10)) s by $target ($(grep -oEm1 "$expect" "$T/said")), from $kept inputs of $all"
}

whole || exit 1
bad=0
for p in tests/fuzz/seeded/*.patch; do try "$p" || bad=$((bad + 1)); done
exit $((bad > 0))
